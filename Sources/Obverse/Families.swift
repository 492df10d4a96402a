import Core
import Kernels
import ModelFile

/// What drawing asks of a family of generators.
protocol DrawnFamily: AnyObject {
  /// Whether noise can be drawn anew; else its strength is frozen into the stored planes.
  var allowsRandomNoise: Bool { get }
  /// Whether it has 1x1 convolutions behind depthwise ones, which `Precision` is about.
  var isSeparable: Bool { get }

  /// Appends the network to a plan, top to bottom.
  /// - Throws: `resources`.
  func plan(_ builder: inout PlanBuilder) throws(ObverseError)

  /// Counts the weights of that plan.
  func count(_ packed: inout PackedWeights, _ model: ModelDescription, forced: ConvAlgorithm?)

  /// How each 3x3 convolution is computed, by layer.
  func algorithms(_ model: ModelDescription, _ fast: Fast) -> [String: ConvAlgorithm]
}

extension ModelDescription {
  /// The place of this room that lists the families; `ReferenceNetwork`, which no program draws by, has its own.
  var drawn: any DrawnFamily {
    switch synthesis {
    case .styleGAN2(let architecture, let blocks): DrawnStyleGAN2(architecture, blocks)
    case .mobileStyleGAN(let conv1, let blocks, let image):
      DrawnMobileStyleGAN(conv1, blocks, image)
    }
  }
}

/// StyleGAN2 as it is drawn.
private final class DrawnStyleGAN2: DrawnFamily {
  private let architecture: BlockArchitecture
  private let blocks: [SynthesisBlock]

  init(_ architecture: BlockArchitecture, _ blocks: [SynthesisBlock]) {
    self.architecture = architecture
    self.blocks = blocks
  }

  let allowsRandomNoise = true
  let isSeparable = false

  func plan(_ builder: inout PlanBuilder) throws(ObverseError) {
    try builder.styleGAN2(architecture, blocks)
  }

  func count(_ packed: inout PackedWeights, _ model: ModelDescription, forced: ConvAlgorithm?) {
    let choice = choice(model, packed.fast, forced: forced)
    for (k, block) in blocks.enumerated() {
      // Kernel elements or points, and one for the demodulation.
      if let conv0 = block.conv0 {
        let perPair = [.direct: 9, .winograd: 42, .planar: 12][choice.up[k]] ?? 0
        packed.add(conv0.weight, perPair: perPair + 1)
      }
      let perPair = [.direct: 9, .winograd: 36, .planar: 18][choice.same[k]] ?? 0
      packed.add(block.conv1.weight, perPair: perPair + 1)
      if let skip = block.skip { packed.add(skip, perPair: 1) }
    }
  }

  func algorithms(_ model: ModelDescription, _ fast: Fast) -> [String: ConvAlgorithm] {
    let choice = choice(model, fast, forced: nil)
    var chosen: [String: ConvAlgorithm] = [:]
    for (k, block) in blocks.enumerated() {
      if block.conv0 != nil { chosen["b\(4 << k).conv0"] = choice.up[k] }
      chosen["b\(4 << k).conv1"] = choice.same[k]
    }
    return chosen
  }

  private func choice(
    _ model: ModelDescription, _ fast: Fast, forced: ConvAlgorithm?
  ) -> ConvChoice {
    ConvChoice(
      blocks, constChannels: model.const.shape[0], architecture, fast, forced: forced)
  }
}

/// MobileStyleGAN as it is drawn.
private final class DrawnMobileStyleGAN: DrawnFamily {
  private let conv1: StyledConv
  private let blocks: [MobileBlock]
  private let toImage: ToImage

  init(_ conv1: StyledConv, _ blocks: [MobileBlock], _ toImage: ToImage) {
    self.conv1 = conv1
    self.blocks = blocks
    self.toImage = toImage
  }

  let allowsRandomNoise = false
  let isSeparable = true

  func plan(_ builder: inout PlanBuilder) throws(ObverseError) {
    try builder.mobile(conv1, blocks, toImage)
  }

  func count(_ packed: inout PackedWeights, _ model: ModelDescription, forced: ConvAlgorithm?) {
    packed.add(conv1.weight, perPair: 9)
    for block in blocks {
      for conv in [block.conv1, block.conv2] {
        packed.add(conv.pointwise, perPair: 1)
        packed.add(depthwise: conv.depthwise)
      }
    }
    packed.add(toImage.weight, perPair: 1)
  }

  func algorithms(_ model: ModelDescription, _ fast: Fast) -> [String: ConvAlgorithm] {
    ["b4.conv1": .direct]
  }
}
