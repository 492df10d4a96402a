import Checkpoint
import Converter
import Core
import Kernels
import ModelFile
import Support
import Testing

import Obverse

/// The fixtures' images, layers and latents, as third-party code gave them.
struct FixtureImageTests {
  /// A fixture as a model, with the mean w handed in where the file has none.
  static func model(_ fixture: Fixture, _ file: String) throws -> ModelDescription {
    var request = ConversionRequest()
    request.hashesSource = false
    if fixture.expectedNames.contains("latent_avg") {
      request.wAverage = try fixture.expected("latent_avg")
    }
    // A state dict cannot say its clamp; a pickle's own word goes first.
    request.convClamp = fixture.meta("conv_clamp", as: Double.self).map { Float($0) }
    let file = try CheckpointFile.open(fixture.path(file))
    return try Converter.convert(file, request).description
  }

  /// The class of sample `n` of a conditional fixture, from its one-hot array `c` or its meta data.
  static func label(_ fixture: Fixture, _ n: Int, _ model: Model) throws -> Int? {
    guard model.classes > 0 else { return nil }
    if fixture.expectedNames.contains("c") {
      let c = try fixture.expected("c")[(n * model.classes)..<((n + 1) * model.classes)]
      return c.firstIndex(of: 1).map { $0 - c.startIndex }
    }
    let labels = fixture.meta("labels", as: [Int].self) ?? fixture.meta("class", as: [Int].self)
    return try #require(labels)[n]
  }

  /// Relative L2 and the largest difference as a share of the largest reference value.
  static func distance(_ found: [Float], _ expected: [Float]) -> (l2: Double, max: Double) {
    var (difference, total, largest, scale) = (0.0, 0.0, 0.0, 0.0)
    for (a, b) in zip(found, expected) {
      let d = Double(a) - Double(b)
      difference += d * d
      total += Double(b) * Double(b)
      largest = max(largest, abs(d))
      scale = max(scale, abs(Double(b)))
    }
    return ((difference / max(total, 1e-30)).squareRoot(), largest / max(scale, 1e-30))
  }

  /// Every image of every fixture on every instruction set of this processor.
  @Test(arguments: Fixture.all)
  func imagesAgree(fixture: Fixture) throws {
    for file in fixture.checkpoints {
      let description = try Self.model(fixture, file)
      for set in InstructionSet.available {
        let generator = try Generator(Model(description, instructionSet: set), threads: 2)
        try agree(fixture, generator, "\(fixture) \(file) \(set)")
      }
    }
  }

  /// The same with every 3x3 convolution that can take it computed in one way.
  @Test(arguments: Fixture.all, ConvAlgorithm.allCases)
  func imagesOfEveryAlgorithmAgree(fixture: Fixture, forced: ConvAlgorithm) throws {
    let description = try Self.model(fixture, fixture.checkpoints[0])
    for set in InstructionSet.available {
      let model = try Model(description, instructionSet: set, forced: forced)
      try agree(fixture, Generator(model, threads: 2), "\(fixture) \(forced) \(set)")
    }
  }

  private func agree(_ fixture: Fixture, _ generator: Generator, _ comment: String) throws {
    let z = try fixture.expected("z")
    let zDim = generator.model.zDim
    let wDim = generator.model.wDim
    let count = z.count / zDim
    let cutoff = fixture.meta("truncation_cutoff", as: Int.self)
    var cases: [(String, Float, Int?, NoiseMode)] = [
      ("image_const", 1, nil, .const), ("image_none", 1, nil, .none),
      ("image_const_psi0.7", 0.7, nil, .const),
    ]
    if let cutoff { cases.append(("image_const_psi0.5_cutoff", 0.5, cutoff, .const)) }
    for (name, psi, cutoff, noise) in cases where fixture.expectedNames.contains(name) {
      let expected = try fixture.expected(name)
      let size = expected.count / count
      for n in 0..<count {
        let w = try generator.map(
          z: Array(z[(n * zDim)..<((n + 1) * zDim)]), label: Self.label(fixture, n, generator.model)
        )
        if name == "image_const" {
          let expectedW = try Array(fixture.expected("w")[(n * wDim)..<((n + 1) * wDim)])
          #expect(Self.distance(w, expectedW).l2 <= 1e-5, "\(comment) w[\(n)]")
        }
        let ws = try generator.ws(from: w, psi: psi, cutoff: cutoff)
        var planes: [Float] = []
        try generator.synthesize(ws: ws, noise: noise, into: &planes)
        let found = Self.distance(planes, Array(expected[(n * size)..<((n + 1) * size)]))
        #expect(found.l2 <= 1e-5, "\(comment) \(name)[\(n)]")
        #expect(found.max <= 5e-5, "\(comment) \(name)[\(n)]")
      }
    }
    for name in ["wplus", "wplus_psi0.5_cutoff"] where fixture.expectedNames.contains(name) {
      let image = name == "wplus" ? "image_const_wplus" : "image_const_psi0.5_cutoff"
      let ws = try fixture.expected(name)
      let expected = try fixture.expected(image)
      let width = generator.model.wsCount * wDim
      let size = expected.count / (ws.count / width)
      for n in 0..<(ws.count / width) {
        var planes: [Float] = []
        try generator.synthesize(ws: Array(ws[(n * width)..<((n + 1) * width)]), into: &planes)
        let found = Self.distance(planes, Array(expected[(n * size)..<((n + 1) * size)]))
        #expect(found.l2 <= 1e-5 && found.max <= 5e-5, "\(comment) \(image)[\(n)]")
      }
    }
  }
}
