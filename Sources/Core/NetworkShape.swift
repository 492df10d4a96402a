// Widths, parameters and arithmetic of a generator, from its shapes alone.

/// How an upsampling convolution is counted.
///
/// Its 9 taps are counted once for each pixel of the input (`input`: what a runtime must compute,
/// and CAGC's calculator), of the output, or of the raw transposed convolution's (2H+1)² output plus
/// one operation for each activation (`fit`: the rule that gives the paper's rates to two decimals).
public enum CountRule: String, Sendable, CaseIterable {
  case input = "in"
  case output = "out"
  case fit
}

/// One layer's shape.
public struct LayerShape: Sendable, Equatable {
  public enum Kind: String, Sendable {
    case dense
    case conv3x3
    /// A 3x3 convolution that doubles the size.
    case upConv3x3
    case conv1x1
    /// A depthwise 3x3 and the pointwise 1x1 behind it.
    case separable
    /// Four channels to one of twice the size, without weights.
    case inverseHaar
  }

  /// Such as `fc0`, `b64.conv0`, `b64.torgb`.
  public var name: String
  public var kind: Kind
  public var inChannels: Int
  public var outChannels: Int
  /// Side of the square input map; 1 for dense layers.
  public var inSize: Int
  public var outSize: Int
  /// Rows of the affine layer that makes the style, 0 for none.
  public var styleWidth: Int
  /// Numbers that training learns: weights, biases, affine, noise strength.
  public var parameters: Int

  public init(
    name: String, kind: Kind, inChannels: Int, outChannels: Int, inSize: Int, outSize: Int,
    styleWidth: Int, parameters: Int
  ) {
    self.name = name
    self.kind = kind
    self.inChannels = inChannels
    self.outChannels = outChannels
    self.inSize = inSize
    self.outSize = outSize
    self.styleWidth = styleWidth
    self.parameters = parameters
  }

  /// Multiply-adds of the layer without its affine and without filters.
  public func macs(_ rule: CountRule) -> Int {
    let weights = inChannels * outChannels
    let outPixels = outSize * outSize
    switch kind {
    case .dense: return weights
    case .conv3x3: return 9 * weights * outPixels + (rule == .fit ? outChannels * outPixels : 0)
    case .upConv3x3:
      let activations = rule == .fit ? outChannels * outPixels : 0
      let side =
        switch rule {
        case .input: inSize
        case .output: outSize
        case .fit: 2 * inSize + 1
        }
      return 9 * weights * side * side + activations
    // Counted where it runs: a resnet skip before its upsampling.
    case .conv1x1: return weights * inSize * inSize
    case .separable: return (9 * inChannels + weights) * outPixels
    case .inverseHaar: return 0
    }
  }
}

/// The shape of a whole generator.
public struct NetworkShape: Sendable, Equatable {
  public var resolution: Int
  public var imageChannels: Int
  public var zDim: Int
  public var wDim: Int
  /// In order of execution, mapping first.
  public var layers: [LayerShape]
  /// Learned numbers outside of `layers`: the constant input.
  public var constParameters: Int

  public init(
    resolution: Int, imageChannels: Int, zDim: Int, wDim: Int, layers: [LayerShape],
    constParameters: Int
  ) {
    self.resolution = resolution
    self.imageChannels = imageChannels
    self.zDim = zDim
    self.wDim = wDim
    self.layers = layers
    self.constParameters = constParameters
  }

  /// Multiply-adds of a face: convolutions, toRGB, affines and mapping; no filters.
  public func macs(_ rule: CountRule = .input) -> Int {
    layers.reduce(0) { $0 + $1.macs(rule) + $1.styleWidth * wDim }
  }

  /// Numbers that training learns.
  public var parameters: Int {
    layers.reduce(constParameters) { $0 + $1.parameters }
  }

  /// A StyleGAN2 generator of the skip architecture.
  ///
  /// `widths` are the channels of each block, 4x4 first; `mappingLayers` counts fc0 ….
  public static func styleGAN2Skip(
    widths: [Int], zDim: Int = 512, wDim: Int = 512, mappingLayers: Int = 8, imageChannels: Int = 3
  ) -> NetworkShape {
    var layers: [LayerShape] = []
    for i in 0..<mappingLayers {
      let inputs = i == 0 ? zDim : wDim
      layers.append(
        LayerShape(
          name: "fc\(i)", kind: .dense, inChannels: inputs, outChannels: wDim, inSize: 1,
          outSize: 1, styleWidth: 0, parameters: wDim * (inputs + 1)))
    }
    func styled(_ name: String, _ kind: LayerShape.Kind, _ i: Int, _ o: Int, _ from: Int, _ to: Int)
    {
      let taps = kind == .conv1x1 ? 1 : 9
      let noise = kind == .conv1x1 ? 0 : 1
      layers.append(
        LayerShape(
          name: name, kind: kind, inChannels: i, outChannels: o, inSize: from, outSize: to,
          styleWidth: i, parameters: taps * i * o + o + i * (wDim + 1) + noise))
    }
    for (block, width) in widths.enumerated() {
      let size = 4 << block
      if block > 0 {
        styled("b\(size).conv0", .upConv3x3, widths[block - 1], width, size / 2, size)
      }
      styled("b\(size).conv1", .conv3x3, width, width, size, size)
      styled("b\(size).torgb", .conv1x1, width, imageChannels, size, size)
    }
    return NetworkShape(
      resolution: 4 << (widths.count - 1), imageChannels: imageChannels, zDim: zDim, wDim: wDim,
      layers: layers, constParameters: widths[0] * 16)
  }
}

/// Channel counts of StyleGAN2 networks and of their pruned students.
public enum Widths {
  /// `min(base / resolution, maximum)` for 4x4 … resolution (NVlabs' `channel_base`, `channel_max`).
  public static func teacher(resolution: Int, base: Int, maximum: Int = 512) -> [Int] {
    var widths: [Int] = []
    var size = 4
    while size <= resolution {
      widths.append(min(base / size, maximum))
      size *= 2
    }
    return widths
  }

  /// What is kept when `floor(ratio * width)` channels are removed.
  ///
  /// `perMille` is the pruning ratio in thousandths, since 0.7 has no exact Double.
  public static func pruned(_ widths: [Int], perMille: Int) -> [Int] {
    widths.map { $0 - $0 * perMille / 1000 }
  }
}
