import Core
import Kernels
import ModelFile
import Obverse
import Support
import Testing

/// Same model, seed and settings: same bytes.
struct DeterminismTests {
  private func faces(
    _ model: Model, threads: Int, seeds: [UInt32], noise: (UInt32) -> NoiseMode
  ) throws -> [UInt32: Image] {
    let generator = try Generator(model, threads: threads)
    var images: [UInt32: Image] = [:]
    for seed in seeds {
      images[seed] = try generator.face(
        seed: seed, psi: 0.7, label: model.classes > 0 ? 1 : nil, noise: noise(seed))
    }
    return images
  }

  @Test(arguments: SyntheticModel.allCases, InstructionSet.available)
  func threadsAndOrderChangeNothing(kind: SyntheticModel, set: InstructionSet) throws {
    let model = try Model(kind.description, instructionSet: set)
    let noises: [(UInt32) -> NoiseMode] =
      kind.isMobile ? [{ _ in .const }] : [{ _ in .const }, { .random(seed: $0) }]
    for noise in noises {
      let once = try faces(model, threads: 1, seeds: [0, 1, 85], noise: noise)
      for threads in [1, 2, 3, 8] {
        let again = try faces(model, threads: threads, seeds: [85, 0, 1, 0], noise: noise)
        #expect(again == once, "\(threads) threads")
      }
      #expect(once[0] != once[1])
    }
  }

  /// Threads get rows in whole tiles, and more threads than tiles some get none.
  @Test(arguments: SyntheticModel.allCases, ConvAlgorithm.allCases)
  func threadsChangeNothingInAnyAlgorithm(kind: SyntheticModel, forced: ConvAlgorithm) throws {
    if kind.isMobile { return }  // the one above has drawn it
    for set in InstructionSet.available {
      let model = try Model(kind.description, instructionSet: set, forced: forced)
      let noises: [(UInt32) -> NoiseMode] =
        kind.isMobile ? [{ _ in .const }] : [{ _ in .const }, { .random(seed: $0) }]
      for noise in noises {
        let once = try faces(model, threads: 1, seeds: [3], noise: noise)
        for threads in 2...4 {
          let again = try faces(model, threads: threads, seeds: [3], noise: noise)
          #expect(again == once, "\(set), \(threads) threads")
        }
      }
    }
  }

  /// Algorithms are other roundings of the same sums.
  @Test(arguments: SyntheticModel.allCases)
  func algorithmsAgreeWithinOne(kind: SyntheticModel) throws {
    for set in InstructionSet.available {
      let images = try ([nil] + ConvAlgorithm.allCases).map { forced in
        try faces(
          Model(kind.description, instructionSet: set, forced: forced), threads: 1, seeds: [4],
          noise: { _ in .const })[4]
      }
      let first = try #require(images.first ?? nil)
      for image in images {
        let pixels = try #require(image).pixels
        #expect(zip(pixels, first.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 1 }, "\(set)")
      }
    }
  }

  @Test(arguments: SyntheticModel.allCases)
  func instructionSetsAgreeWithinOne(kind: SyntheticModel) throws {
    let images = try InstructionSet.available.map { set in
      try faces(
        Model(kind.description, instructionSet: set), threads: 1, seeds: [4], noise: { _ in .const }
      )[4]
    }
    let first = try #require(images.first ?? nil)
    for image in images {
      let pixels = try #require(image).pixels
      #expect(zip(pixels, first.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
    }
  }

  @Test func cancellingEndsAFaceAndTheNextOneIsWhole() throws {
    let generator = try Generator(Model(SyntheticModel.skip.description), threads: 2)
    let whole = try generator.face(seed: 1)
    generator.cancellation.cancel()
    #expect(throws: ObverseError.cancelled) { try generator.face(seed: 1) }
    generator.cancellation.reset()
    #expect(try generator.face(seed: 1) == whole)
  }

  @Test func impossibleRequestsAreNamed() throws {
    let plain = try Generator(Model(SyntheticModel.skip.description), threads: 1)
    #expect(throws: ObverseError.self) { try plain.face(seed: 0, label: 0) }
    #expect(throws: ObverseError.self) { try plain.map(z: [1, 2]) }
    #expect(throws: ObverseError.self) { try plain.face(seed: 0, psi: .nan) }
    let conditional = try Generator(Model(SyntheticModel.conditional.description), threads: 1)
    #expect(throws: ObverseError.self) { try conditional.face(seed: 0) }
    #expect(throws: ObverseError.self) { try conditional.face(seed: 0, label: 3) }
    let mobile = try Generator(Model(SyntheticModel.mobile.description), threads: 1)
    #expect(throws: ObverseError.self) {
      try mobile.face(seed: 0, noise: .random(seed: 0))
    }
  }

  /// A label changes the face; truncation to 0 makes all faces equal.
  @Test func labelsAndTruncationAct() throws {
    let generator = try Generator(Model(SyntheticModel.conditional.description), threads: 1)
    #expect(try generator.face(seed: 0, label: 0) != generator.face(seed: 0, label: 1))
    #expect(
      try generator.face(seed: 0, psi: 0, label: 0) == generator.face(seed: 5, psi: 0, label: 2))
    #expect(
      try generator.face(seed: 0, psi: 0, cutoff: 0, label: 0)
        == generator.face(seed: 0, label: 0))
  }
}
