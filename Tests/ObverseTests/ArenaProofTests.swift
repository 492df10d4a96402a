import Core
import Glibc
import Kernels
import ModelFile
import Obverse
import Testing

/// What a plan may not do is refused, and what its steps claim is what they do.
struct ArenaProofTests {
  /// An access by its ranges.
  private static func access(
    reads: [Range<Int>] = [], writes: [Range<Int>] = [], scratch: Int = 0,
    joint: (has: Int, needs: Int)? = nil
  ) -> Access {
    var access = Access("layer")
    access.reads = reads
    access.writes = writes
    access.scratch = scratch
    if let joint { access.join("rows", has: joint.has, needs: joint.needs) }
    return access
  }

  /// Checks phases in an arena of 100 floats and 10 of scratch, with a constant at 90 ..< 95.
  private static func check(_ phases: [[Access]]) throws {
    var proof = try ArenaProof(sharedCount: 100, scratchCount: 10, constants: [90..<95])
    try proof.check(phases)
  }

  @Test func acceptsAChainOfMaps() throws {
    try Self.check([
      [Self.access(writes: [0..<30])],
      [Self.access(reads: [0..<30, 90..<95], writes: [30..<60], scratch: 10)],
      // The next map may lie where the first was, and styles side by side.
      [
        Self.access(reads: [30..<60], writes: [0..<20]),
        Self.access(reads: [40..<50], writes: [20..<25]),
      ],
      [Self.access(reads: [0..<20], joint: (has: 7, needs: 7))],
    ])
    // A vector that ends with lanes that stay zero.
    try Self.check([
      [Self.access(writes: [80..<90])], [Self.access(reads: [80..<95], writes: [95..<100])],
    ])
  }

  @Test(arguments: [
    // Out of the arena, on either side.
    [access(writes: [95..<101])], [access(writes: [-1..<3])],
    [access(writes: [0..<10]), access(reads: [0..<101])],
    // More scratch than a worker has.
    [access(writes: [0..<10], scratch: 11)], [access(scratch: -1)],
    // Read before it was written, in part or whole.
    [access(reads: [0..<1])],
    [access(writes: [0..<10]), access(reads: [0..<11])],
    [access(writes: [5..<10]), access(reads: [0..<10])],
    [access(writes: [0..<4]), access(writes: [6..<10]), access(reads: [0..<10])],
    // Another map has come in between.
    [access(writes: [0..<20]), access(writes: [10..<30]), access(reads: [0..<20])],
    [access(writes: [0..<20]), access(writes: [5..<8]), access(reads: [0..<20])],
    // Over a constant.
    [access(writes: [85..<91])],
    // A worker would read what another writes.
    [access(writes: [0..<20]), access(reads: [0..<20], writes: [19..<40])],
    [access(writes: [0..<20, 10..<30])],
    // Layers that do not fit.
    [access(joint: (has: 6, needs: 7))],
  ])
  func refuses(steps: [Access]) {
    #expect(throws: ObverseError.self) { try Self.check(steps.map { [$0] }) }
  }

  @Test func refusesRacesBetweenBarriers() throws {
    let first = Self.access(writes: [0..<20])
    try Self.check([[first, Self.access(writes: [20..<40])]])
    #expect(throws: ObverseError.self) {
      try Self.check([[first, Self.access(writes: [10..<30])]])
    }
    try Self.check([[first], [Self.access(reads: [0..<10], writes: [20..<30])]])
    #expect(throws: ObverseError.self) {
      try Self.check([[first], [Self.access(reads: [0..<10]), Self.access(writes: [0..<5])]])
    }
  }

  /// Everything outside of what a step reads is NaN while it runs, scratch too.
  ///
  /// Everything outside of what it writes must stay, and the image must come out all the same.
  @Test(arguments: SyntheticModel.allCases, [nil, ConvAlgorithm.direct, .winograd, .planar])
  func stepsTouchWhatTheyClaim(kind: SyntheticModel, forced: ConvAlgorithm?) throws {
    // It has one 3x3 convolution, for which there is one algorithm.
    if kind.isMobile, forced != nil { return }
    for set in InstructionSet.available {
      try Self.expectHonest(kind.description, set, forced, "\(kind) \(set)")
    }
  }

  static func expectHonest(
    _ description: ModelDescription, _ set: InstructionSet, _ forced: ConvAlgorithm?,
    _ comment: String
  ) throws {
    let model = try Model(description, instructionSet: set, forced: forced)
    let generator = try Generator(model, threads: 1)
    var random = RandomState(seed: 12)
    let ws = random.normals(model.wsCount * model.wDim)
    for noise in [NoiseMode.const, .random(seed: 4)]
    where noise == .const || model.allowsRandomNoise {
      var wanted: [Float] = []
      try generator.synthesize(ws: ws, noise: noise, into: &wanted)
      try generator.eachTurn(ws: ws, noise: noise) { access, arena, run in
        let before = arena.read(at: 0, count: arena.count)
        var poisoned = [Float](repeating: .nan, count: arena.count)
        for range in access.reads { poisoned.replaceSubrange(range, with: before[range]) }
        arena.write(poisoned, at: 0)
        run()
        let after = arena.read(at: 0, count: arena.count)
        var merged = before
        var kept = poisoned
        for range in access.writes {
          merged.replaceSubrange(range, with: after[range])
          kept.replaceSubrange(range, with: after[range])
        }
        // One worker's scratch ends the arena.
        let first = arena.count - model.scratchCount
        let scratch = first..<(first + access.scratch)
        kept.replaceSubrange(scratch, with: after[scratch])
        let isKept = Self.areSameBits(kept, after)
        #expect(isKept, "\(comment) \(access.name) \(noise): it wrote more than it said")
        arena.write(merged, at: 0)
      }
      let found = generator.withPlanes { span in span.indices.map { span[$0] } }
      let isSame = Self.areSameBits(found, wanted)
      #expect(isSame, "\(comment) \(noise): it read more than it said")
    }
  }

  /// Whether two results are the same bytes, NaN included.
  private static func areSameBits(_ a: [Float], _ b: [Float]) -> Bool {
    guard a.count == b.count else { return false }
    return a.withUnsafeBytes { first in
      b.withUnsafeBytes { second in
        guard let a = first.baseAddress, let b = second.baseAddress else { return true }
        return memcmp(a, b, first.count) == 0
      }
    }
  }
}
