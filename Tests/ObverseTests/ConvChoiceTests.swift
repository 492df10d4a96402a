import Core
import Kernels
import ModelFile
import Obverse
import Testing

struct ConvChoiceTests {
  /// Blocks from 4x4 on; a block's weights hold nothing, since only their shape may count.
  private static func blocks(
    _ widths: [Int], bytes: Bytes = Bytes([]), clamp: Float? = nil
  ) -> [SynthesisBlock] {
    func weights(_ shape: [Int]) -> Weights { Weights(type: .float32, shape: shape, bytes: bytes) }
    func conv(_ inputs: Int, _ outputs: Int) -> StyledConv {
      StyledConv(
        weight: weights([outputs, inputs, 3, 3]),
        affine: Dense(weight: weights([inputs, 512]), bias: weights([inputs])), noise: nil,
        activation: Activation(bias: weights([outputs]), gain: 1, clamp: clamp))
    }
    return widths.enumerated().map { k, width in
      SynthesisBlock(
        conv0: k == 0 ? nil : conv(widths[k - 1], width), conv1: conv(width, width), toRGB: nil,
        skip: nil)
    }
  }

  private static func choice(
    _ widths: [Int], _ target: InstructionSet, _ architecture: BlockArchitecture = .skip,
    forced: ConvAlgorithm? = nil
  ) -> ConvChoice {
    ConvChoice(
      blocks(widths), constChannels: widths[0], architecture, Fast(target), forced: forced)
  }

  /// Networks of random widths up to 1024 pixels, most of them narrowing.
  private static let networks: [[Int]] = {
    var random = RandomState(seed: 17)
    return (0..<100).map { i in
      var width = 1 + Int(random.nextWord() % 600)
      return (0..<(1 + Int(random.nextWord() % 9))).map { _ in
        defer { width = max(1, width * Int(2 + random.nextWord() % 5) / 5) }
        return i % 5 == 0 ? 1 + Int(random.nextWord() % 128) : width
      }
    }
  }()

  @Test(arguments: InstructionSet.available, [nil] + ConvAlgorithm.allCases.map { $0 })
  func planarMapsAreASuffix(target: InstructionSet, forced: ConvAlgorithm?) {
    for widths in Self.networks {
      let choice = Self.choice(widths, target, forced: forced)
      #expect(choice.up.count == widths.count && choice.same.count == widths.count)
      #expect((1...max(widths.count, 1)).contains(choice.firstPlanar))
      for k in widths.indices {
        let isPlanar = k >= choice.firstPlanar
        #expect((choice.up[k] == .planar) == isPlanar && (choice.same[k] == .planar) == isPlanar)
        // Rows that hold whole vectors, also of the image of half the size.
        if isPlanar { #expect(4 << k >= 2 * Fast(target).lanes) }
        // Winograd's tiles, and more than one of them.
        if choice.same[k] == .winograd { #expect(4 << k >= 8) }
        if choice.up[k] == .winograd { #expect(4 << k >= 16) }
      }
    }
  }

  @Test(arguments: InstructionSet.available)
  func wideConvolutionsTakeWinograd(target: InstructionSet) {
    let choice = Self.choice([Int](repeating: 512, count: 7), target)
    #expect(choice.firstPlanar == 7)
    #expect(choice.same == [.direct, .direct] + [ConvAlgorithm](repeating: .winograd, count: 5))
    let up: [ConvAlgorithm] = [.direct, .direct, .direct]
    #expect(choice.up == up + [ConvAlgorithm](repeating: .winograd, count: 4))
  }

  @Test(arguments: InstructionSet.available)
  func narrowConvolutionsArePlanar(target: InstructionSet) {
    let choice = Self.choice([51, 51, 51, 51, 51, 26, 7], target)
    #expect(choice.firstPlanar <= 6)
    #expect(choice.up[6] == .planar && choice.same[6] == .planar)
    #expect(Self.choice([512, 512, 512, 512, 512, 256, 7], target).up[6] == .planar)
  }

  /// The residual of a resnet is in blocks, and the last block alone of an orig has an image.
  @Test(arguments: InstructionSet.available, [BlockArchitecture.resnet, .orig])
  func otherArchitecturesAreNeverPlanar(target: InstructionSet, architecture: BlockArchitecture) {
    for widths in Self.networks {
      for forced in [nil] + ConvAlgorithm.allCases.map({ $0 }) {
        let choice = Self.choice(widths, target, architecture, forced: forced)
        #expect(choice.firstPlanar == widths.count)
        #expect(!choice.up.contains(.planar) && !choice.same.contains(.planar))
      }
    }
  }

  @Test(arguments: InstructionSet.available)
  func aForcedAlgorithmIsTakenWhereverItCanBe(target: InstructionSet) {
    let widths = [40, 30, 20, 10, 5]
    let direct = Self.choice(widths, target, forced: .direct)
    #expect(direct.up == [ConvAlgorithm](repeating: .direct, count: 5) && direct.same == direct.up)
    let winograd = Self.choice(widths, target, forced: .winograd)
    #expect(winograd.up == [.direct, .direct, .winograd, .winograd, .winograd])
    #expect(winograd.same == [.direct, .winograd, .winograd, .winograd, .winograd])
    let planar = Self.choice(widths, target, forced: .planar)
    #expect(4 << planar.firstPlanar == max(2 * Fast(target).lanes, 8))
  }

  /// Pixels must depend on nothing else.
  @Test(arguments: InstructionSet.available)
  func onlyTheShapeCounts(target: InstructionSet) {
    for widths in Self.networks {
      let one = Self.choice(widths, target)
      let filled = Self.blocks(widths, bytes: Bytes([1, 2, 3, 4]), clamp: 0.5)
      let other = ConvChoice(
        filled, constChannels: widths[0], .skip, Fast(target), forced: nil)
      #expect(one.up == other.up && one.same == other.same)
      #expect(one.firstPlanar == other.firstPlanar)
    }
  }
}
