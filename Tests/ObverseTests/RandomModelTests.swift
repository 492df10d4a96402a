import Core
import Kernels
import ModelFile
import Obverse
import Testing

/// Networks of any shape that a file may ask for draw what `Reference` draws.
struct RandomModelTests {
  #if DEBUG
  private static let seeds = 0..<UInt32(16)
  #else
  private static let seeds = 0..<UInt32(100)
  #endif

  /// A network whose every dimension comes from the seed.
  static func description(_ seed: UInt32) -> ModelDescription {
    var maker = ModelMaker(random: RandomState(seed: seed))
    func below(_ count: Int) -> Int {
      // Box and Muller's normals are as good a source as any, once their low bits are taken.
      Int(maker.random.nextNormal().bitPattern >> 8 & 0xffff) % count
    }
    // Around the widths of vectors, one, and seldom something wide.
    func width() -> Int {
      switch below(8) {
      case 0: 1
      case 1: 7 + below(3)
      case 2: 15 + below(3)
      case 3: 31 + below(4)
      default: 1 + below(20)
      }
    }
    func hidden() -> [Int] {
      (0..<below(5)).map { _ in below(3) == 0 ? 64 + below(200) : width() }
    }
    maker.wDim = width()
    maker.zDim = width()
    maker.hasNoise = below(4) > 0
    maker.storesNoise = below(4) > 0
    let channels = 1 + below(4)
    guard below(4) > 0 else {
      let widths = (0..<(2 + below(2))).map { _ in 4 * (1 + below(10)) }
      return maker.mobile(widths: widths, hidden: hidden(), channels: channels, const: width())
    }
    let blocks = 2 + below(3)
    let architecture: BlockArchitecture = [.skip, .skip, .resnet, .orig][below(4)]
    return maker.styleGAN2(
      architecture, widths: (0..<blocks).map { _ in width() },
      middles: (0..<blocks).map { _ in width() }, hidden: hidden(), channels: channels,
      clamp: below(3) == 0 ? 0.5 + Float(below(8)) : nil, classes: below(3) == 0 ? 1 + below(5) : 0)
  }

  @Test(arguments: seeds)
  func drawsWhatTheReferenceDraws(seed: UInt32) throws {
    let description = Self.description(seed)
    try description.validate()
    let label = description.cDim > 0 ? description.cDim - 1 : nil
    let network = ReferenceNetwork(description)
    var random = RandomState(seed: seed &+ 1)
    let z = random.normals(description.zDim)
    let w = network.map(z: z, label: label)
    let image = network.synthesize(ws: Array(repeating: w, count: description.wsCount))
    for set in InstructionSet.available {
      for forced in [nil] + ConvAlgorithm.allCases {
        let model = try Model(description, instructionSet: set, forced: forced)
        let comment = "seed \(seed), \(set), \(forced.map(\.rawValue) ?? "chosen")"
        var first: [Float]?
        for threads in 1...3 {
          let generator = try Generator(model, threads: threads)
          let found = try generator.map(z: z, label: label)
          #expect(FixtureImageTests.distance(found, w).l2 <= 1e-5, "\(comment) w")
          var planes: [Float] = []
          try generator.synthesize(ws: generator.ws(from: found), into: &planes)
          let distance = FixtureImageTests.distance(planes, image)
          #expect(distance.l2 <= 2e-5 && distance.max <= 1e-4, "\(comment) \(distance)")
          #expect(planes == first ?? planes, "\(comment), \(threads) threads")
          first = planes
        }
        try ArenaProofTests.expectHonest(description, set, forced, comment)
      }
    }
  }
}
