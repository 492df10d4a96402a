import Torch

/// How blocks of a generator or discriminator are joined.
public enum Architecture: String, Codable, Sendable, CaseIterable {
  case skip, resnet, orig
}

/// The families of generators that can be trained.
public enum GeneratorFamily: String, Codable, Sendable, CaseIterable {
  case styleGAN2, mobileStyleGAN
}

/// All that tells one generator from another, apart from its weights.
public struct GeneratorShape: Codable, Equatable, Sendable {
  public var family: GeneratorFamily
  public var zDim: Int
  public var wDim: Int
  public var mappingLayers: Int
  public var imageChannels: Int
  /// Channels of the constant and of every 3x3 convolution, from 4x4 upwards.
  ///
  /// In MobileStyleGAN those in front of an inverse Haar transform are multiples of 4, and it leaves a
  /// quarter of them.
  public var widths: [Int]
  public var architecture: Architecture
  /// Bound of activations, from training in 16 bits.
  public var clamp: Double?
  /// Negative slope of MobileStyleGAN's leaky ReLUs; StyleGAN2 has 0.2.
  public var slope = 0.2

  public init(
    family: GeneratorFamily = .styleGAN2, zDim: Int = 512, wDim: Int = 512, mappingLayers: Int = 8,
    imageChannels: Int = 3, widths: [Int], architecture: Architecture = .skip, clamp: Double? = nil
  ) {
    self.family = family
    precondition(widths.count >= 2 && widths.count.isMultiple(of: 2), "\(widths.count) widths")
    self.zDim = zDim
    self.wDim = wDim
    self.mappingLayers = mappingLayers
    self.imageChannels = imageChannels
    self.widths = widths
    self.architecture = architecture
    self.clamp = clamp
  }

  /// One width for each resolution, as NVlabs builds.
  public static func widths(ofBlocks blocks: [Int]) -> [Int] { blocks.flatMap { [$0, $0] } }

  public var blockCount: Int { widths.count / 2 }

  /// Channels that come and go together in a width: what an inverse Haar transform makes one of.
  public func unitSize(ofWidth index: Int) -> Int {
    family == .mobileStyleGAN && index % 2 == 1 && index < widths.count - 1 ? 4 : 1
  }

  /// Widths of so many units each.
  public func widths(ofUnits counts: [Int]) -> [Int] {
    counts.enumerated().map { $1 * unitSize(ofWidth: $0) }
  }

  /// Channels of some units of a width, in the order that a transform of that many wants: unit j has
  /// the mean j and the differences C / 4 + 3j, C / 4 + 3j + 1, C / 4 + 3j + 2.
  public func channels(ofUnits units: [Int], width index: Int) -> [Int] {
    guard unitSize(ofWidth: index) == 4 else { return units }
    let means = widths[index] / 4
    return units + units.flatMap { j in (0..<3).map { means + 3 * j + $0 } }
  }

  /// Side at which a width costs: that of its reader, where an inverse Haar transform lies between.
  public func side(ofWidth index: Int) -> Int {
    (unitSize(ofWidth: index) == 4 ? 8 : 4) << (index / 2)
  }
  /// Side of the largest maps.
  public var featureSide: Int { 2 << blockCount }
  /// Side of images; MobileStyleGAN's last inverse Haar transform doubles that of the maps.
  public var resolution: Int { family == .mobileStyleGAN ? 2 * featureSide : featureSide }
  /// One for each convolution, and the last image layer's; MobileStyleGAN counts three a block.
  public var wsCount: Int {
    family == .mobileStyleGAN ? 1 + 3 * (blockCount - 1) : 2 * blockCount
  }
}

/// Where the noise of a layer comes from.
public enum NoiseMode: Sendable {
  /// Drawn anew.
  case random
  /// The plane that is stored with the layer.
  case stored
  case none
}

/// `z -> w`: dense layers with a hundredth of the learning rate.
public final class Mapping {
  let layers: [Dense]
  /// Running mean of w.
  public let wAverage: Tensor
  /// Share of the old mean that one batch keeps.
  static let averageDecay = 0.995

  /// Weights and biases, each with the gain that multiplies it at run time.
  public var denseLayers: [(weight: Tensor, bias: Tensor, weightGain: Double, biasGain: Double)] {
    layers.map { ($0.weight, $0.bias, $0.weightGain, $0.rateMultiplier) }
  }

  public init(_ registry: Registry, zDim: Int, wDim: Int, layers count: Int) {
    layers = (0..<count).map { i in
      Dense(
        registry, "mapping.fc\(i)", i == 0 ? zDim : wDim, wDim, activation: .leakyReLU,
        rateMultiplier: 0.01)
    }
    wAverage = registry.buffer("mapping.w_avg", .zeros([wDim]))
  }

  /// - Parameters:
  ///   - z: `[N, zDim]`.
  ///   - updatesAverage: Whether this batch counts for `wAverage`.
  /// - Returns: `[N, wDim]`.
  public func callAsFunction(_ z: Tensor, updatesAverage: Bool = false) -> Tensor {
    var x = z * (z.squared.mean(over: [1], keepingAxes: true) + 1e-8).reciprocalSquareRoot
    // As NVlabs have it: rounded factors would move w, and its running mean with it.
    Torch.withBFloat16(false) { for layer in layers { x = layer(x) } }
    if updatesAverage {
      Tensor.move(
        [wAverage], towards: [x.detached.mean(over: [0])], by: 1 - Self.averageDecay)
    }
    return x
  }
}

/// A generator: StyleGAN2 under NVlabs' names, MobileStyleGAN under those of `.obv`.
public final class Generator: Network {
  public let shape: GeneratorShape
  public let registry: Registry
  public let mapping: Mapping
  public let synthesis: any Synthesis

  /// Draws the initial weights from LibTorch's generator.
  public init(_ shape: GeneratorShape, device: Device = .cpu) {
    self.shape = shape
    registry = Registry(device: device)
    mapping = Mapping(
      registry, zDim: shape.zDim, wDim: shape.wDim, layers: shape.mappingLayers)
    synthesis =
      switch shape.family {
      case .styleGAN2: StyleGAN2Synthesis(registry, shape)
      case .mobileStyleGAN: MobileSynthesis(registry, shape)
      }
  }

  /// One w for every layer: `[N, wDim]` to `[N, wsCount, wDim]`.
  public func broadcast(_ w: Tensor) -> Tensor {
    let n = w.shape[0]
    return w.reshaped([n, 1, shape.wDim]).expanded([n, shape.wsCount, shape.wDim])
  }

  /// Images `[N, C, H, W]` of about -1 to 1.
  public func callAsFunction(_ z: Tensor, psi: Double = 1, noise: NoiseMode = .stored) -> Tensor {
    var w = mapping(z)
    if psi != 1 { w = mapping.wAverage + (w - mapping.wAverage) * psi }
    return synthesis(broadcast(w), noise: noise)
  }
}
