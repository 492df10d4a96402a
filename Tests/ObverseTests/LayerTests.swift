import Converter
import Core
import Kernels
import ModelFile
import Support
import Testing

import Obverse

/// Every layer of the fixtures that carry activations, so that the first wrong one is named.
///
/// In release only: the reference network takes minutes without optimisation.
#if !DEBUG
struct LayerTests {
  /// Obverse's name of each layer, and the fixture's.
  static let layers: [String: [(String, String)]] = [
    "nv64-skip": [("b4.conv1", "act/synthesis.b4.conv1"), ("b4.img", "act/synthesis.b4.img")]
      + [8, 16, 32, 64].flatMap { r in
        ["conv0", "conv1", "img"].map { ("b\(r).\($0)", "act/synthesis.b\(r).\($0)") }
      },
    "rosi64-zip": [("b4.conv1", "act/conv1.activate"), ("b4.img", "act/to_rgb1")]
      + (0..<4).flatMap { j in
        [
          ("b\(8 << j).conv0", "act/convs.\(2 * j).activate"),
          ("b\(8 << j).conv1", "act/convs.\(2 * j + 1).activate"),
          ("b\(8 << j).img", "act/to_rgbs.\(j)"),
        ]
      },
  ]

  @Test(arguments: ["nv64-skip", "rosi64-zip"])
  func referenceAgreesLayerByLayer(name: String) throws {
    let fixture = try Fixture.named(name)
    let description = try FixtureImageTests.model(fixture, fixture.checkpoints[0])
    var found: [String: [Float]] = [:]
    var network = ReferenceNetwork(description)
    network.onLayer = { found[$0] = $1 }
    let w = network.map(z: Array(try fixture.expected("z")[..<description.zDim]))
    _ = network.synthesize(ws: Array(repeating: w, count: description.wsCount))
    for (ours, theirs) in try #require(Self.layers[name]) {
      let distance = FixtureImageTests.distance(
        try #require(found[ours]), try fixture.expected(theirs))
      #expect(distance.l2 <= 1e-5 && distance.max <= 5e-5, "\(ours) \(distance)")
    }
  }

  /// The plan's steps against the reference on each instruction set, layer by layer.
  @Test(arguments: InstructionSet.available)
  func fastAgreesLayerByLayer(set: InstructionSet) throws {
    for name in ["nv64-skip", "cagc64-odd"] {
      let fixture = try Fixture.named(name)
      let description = try FixtureImageTests.model(fixture, fixture.checkpoints[0])
      try Self.compare(description, set, "\(name)")
    }
  }

  /// The same with every 3x3 convolution that can take it computed in one way.
  @Test(arguments: InstructionSet.available, ConvAlgorithm.allCases)
  func everyAlgorithmAgreesLayerByLayer(set: InstructionSet, forced: ConvAlgorithm) throws {
    for name in ["nv64-skip", "cagc64-odd"] {
      let fixture = try Fixture.named(name)
      let description = try FixtureImageTests.model(fixture, fixture.checkpoints[0])
      try Self.compare(description, set, "\(name) \(forced)", forced: forced)
    }
    for kind in SyntheticModel.allCases {
      let noises: [NoiseMode] =
        kind.isMobile ? [.const, .none] : [.const, .random(seed: 9), .none]
      for noise in noises {
        try Self.compare(
          kind.description, set, "\(kind) \(forced) \(noise)", noise: noise, forced: forced)
      }
    }
  }

  static func compare(
    _ description: ModelDescription, _ set: InstructionSet, _ comment: String,
    noise: NoiseMode = .const, forced: ConvAlgorithm? = nil
  ) throws {
    var random = RandomState(seed: 7)
    let ws = (0..<description.wsCount).map { _ in random.normals(description.wDim) }
    var expected: [String: [Float]] = [:]
    var network = ReferenceNetwork(description, noise: noise)
    network.onLayer = { expected[$0] = $1 }
    let image = network.synthesize(ws: ws)
    let generator = try Generator(
      Model(description, instructionSet: set, forced: forced), threads: 1)
    try generator.traceLayers(ws: ws.flatMap { $0 }, noise: noise) { name, map in
      guard let reference = expected[name] else { return }
      let distance = FixtureImageTests.distance(map, reference)
      #expect(distance.l2 <= 1e-5 && distance.max <= 5e-5, "\(comment) \(name) \(distance)")
    }
    var planes: [Float] = []
    try generator.synthesize(ws: ws.flatMap { $0 }, noise: noise, into: &planes)
    let distance = FixtureImageTests.distance(planes, image)
    #expect(distance.l2 <= 1e-5 && distance.max <= 5e-5, "\(comment) image \(distance)")
  }

  /// Noise planes handed in take the place of the stored ones.
  @Test func referenceTakesGivenNoise() throws {
    let fixture = try Fixture.named("rosi64-zip")
    let description = try FixtureImageTests.model(fixture, fixture.checkpoints[0])
    var network = ReferenceNetwork(description)
    network.givenNoise = try (0..<9).map { try fixture.expected("given_noise_\($0)") }
    let w = network.map(z: Array(try fixture.expected("z")[..<description.zDim]))
    let image = network.synthesize(ws: Array(repeating: w, count: description.wsCount))
    let distance = FixtureImageTests.distance(image, try fixture.expected("image_given_noise"))
    #expect(distance.l2 <= 1e-5 && distance.max <= 5e-5, "\(distance)")
  }

  /// Small random networks of every kind that no fixture has.
  @Test(arguments: InstructionSet.available)
  func everyKindAgrees(set: InstructionSet) throws {
    for kind in SyntheticModel.allCases {
      try Self.compare(kind.description, set, "\(kind)")
      if !kind.isMobile {
        try Self.compare(kind.description, set, "\(kind) random", noise: .random(seed: 9))
      }
      try Self.compare(kind.description, set, "\(kind) none", noise: .none)
    }
  }
}
#endif
