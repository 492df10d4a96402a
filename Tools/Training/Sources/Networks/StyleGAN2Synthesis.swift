import Torch

/// A convolution whose input channels are scaled by a style.
///
/// Scaling the input and, after the convolution, the output equals scaling the weights for each
/// image, and needs no grouped convolution: `y = d[o] * conv(x * s[i], W)`.
struct StyledConv {
  let weight: Tensor
  let bias: Tensor
  let affine: Dense
  let noiseStrength: Tensor
  let noisePlane: Tensor
  let doubles: Bool
  let outSize: Int
  let clamp: Double?

  init(
    _ registry: Registry, _ name: String, _ inWidth: Int, _ outWidth: Int, wDim: Int,
    outSize: Int, doubles: Bool, clamp: Double?
  ) {
    affine = Dense(registry, "\(name).affine", wDim, inWidth, bias: 1)
    weight = registry.parameter("\(name).weight", .normal([outWidth, inWidth, 3, 3]))
    noisePlane = registry.buffer("\(name).noise_const", .normal([outSize, outSize]))
    noiseStrength = registry.parameter("\(name).noise_strength", .zeros([]))
    bias = registry.parameter("\(name).bias", .zeros([outWidth]))
    registry.constant("\(name).resample_filter", Filter.stored)
    self.doubles = doubles
    self.outSize = outSize
    self.clamp = clamp
  }

  /// - Parameters:
  ///   - x: `[N, I, H, W]`.
  ///   - w: `[N, wDim]`.
  ///   - noise: Where the noise comes from.
  ///   - filter: The low-pass after doubling.
  ///   - gain: Factor of the activation, beside √2.
  /// - Returns: `[N, O, outSize, outSize]`.
  func callAsFunction(
    _ x: Tensor, _ w: Tensor, noise: NoiseMode, filter: Filter, gain: Double = 1
  ) -> Tensor {
    let n = x.shape[0]
    let style = affine(w)
    let scaled = x * style.reshaped([n, -1, 1, 1])
    var y: Tensor
    if doubles {
      let raw = scaled.transposeConvolved(weight.permuted([1, 0, 2, 3]), stride: 2)
      y = filter.applied(raw, padding: 1, gain: 2)  // on each axis
    } else {
      y = scaled.convolved(weight, padding: 1)
    }
    let energy = weight.squared.sum(over: [2, 3])
    let factors = (style.squared.linear(energy) + 1e-8).reciprocalSquareRoot
    y = y * factors.reshaped([n, -1, 1, 1])
    switch noise {
    case .none: break
    case .stored: y = y + noisePlane * noiseStrength
    case .random:
      y = y + Tensor.normal([n, 1, outSize, outSize], on: x.device) * noiseStrength
    }
    return activated(y + bias.overPixels, gain: gain, clamp: clamp)
  }
}

/// The 1x1 convolution to colours: its style is scaled instead of demodulated.
struct ToRGB {
  let weight: Tensor
  let bias: Tensor
  let affine: Dense
  let clamp: Double?

  init(
    _ registry: Registry, _ name: String, _ inWidth: Int, channels: Int, wDim: Int, clamp: Double?
  ) {
    affine = Dense(registry, "\(name).affine", wDim, inWidth, bias: 1)
    weight = registry.parameter("\(name).weight", .normal([channels, inWidth, 1, 1]))
    bias = registry.parameter("\(name).bias", .zeros([channels]))
    self.clamp = clamp
  }

  func callAsFunction(_ x: Tensor, _ w: Tensor) -> Tensor {
    let style = affine(w) * (1 / Double(weight.shape[1]).squareRoot())
    let scaled = x * style.reshaped([x.shape[0], -1, 1, 1])
    let y = scaled.convolved(weight) + bias.overPixels
    guard let clamp else { return y }
    return y.clamped(to: -clamp...clamp)
  }
}

/// StyleGAN2's `ws -> image`.
final class StyleGAN2Synthesis: Synthesis {
  struct Block {
    let resolution: Int
    let conv0: StyledConv?
    let conv1: StyledConv
    let toRGB: ToRGB?
    /// The shortcut of the resnet architecture.
    let skip: Tensor?
  }

  let shape: GeneratorShape
  let const: Tensor
  let blocks: [Block]
  let filter: Filter

  init(_ registry: Registry, _ shape: GeneratorShape) {
    self.shape = shape
    filter = Filter(device: registry.device)
    const = registry.parameter("synthesis.b4.const", .normal([shape.widths[0], 4, 4]))
    var width = shape.widths[0]
    blocks = (0..<shape.blockCount).map { block in
      let resolution = 4 << block
      let name = "synthesis.b\(resolution)"
      registry.constant("\(name).resample_filter", Filter.stored)
      let inWidth = width
      var conv0: StyledConv?
      if block > 0 {
        let outWidth = shape.widths[2 * block]
        conv0 = StyledConv(
          registry, "\(name).conv0", width, outWidth, wDim: shape.wDim, outSize: resolution,
          doubles: true, clamp: shape.clamp)
        width = outWidth
      }
      let outWidth = shape.widths[2 * block + 1]
      let conv1 = StyledConv(
        registry, "\(name).conv1", width, outWidth, wDim: shape.wDim, outSize: resolution,
        doubles: false, clamp: shape.clamp)
      width = outWidth
      var toRGB: ToRGB?
      if shape.architecture == .skip || block == shape.blockCount - 1 {
        toRGB = ToRGB(
          registry, "\(name).torgb", width, channels: shape.imageChannels, wDim: shape.wDim,
          clamp: shape.clamp)
      }
      var skip: Tensor?
      if shape.architecture == .resnet, block > 0 {
        skip = registry.parameter("\(name).skip.weight", .normal([width, inWidth, 1, 1]))
        registry.constant("\(name).skip.resample_filter", Filter.stored)
      }
      return Block(resolution: resolution, conv0: conv0, conv1: conv1, toRGB: toRGB, skip: skip)
    }
  }

  /// In the skip architecture toRGB of the lower blocks reads too and is not named here.
  var readers: [Reader] {
    var readers: [Reader] = []
    for block in blocks {
      for conv in [block.conv0, block.conv1].compactMap({ $0 }) {
        readers.append(Reader(weight: conv.weight, affine: conv.affine, isDemodulated: true))
      }
    }
    if let last = blocks.last?.toRGB {
      readers.append(Reader(weight: last.weight, affine: last.affine, isDemodulated: false))
    }
    return readers
  }

  func styles(_ ws: Tensor) -> [Tensor] {
    blocks.enumerated().flatMap { index, block in
      let convs = [(block.conv0, 2 * index - 1), (block.conv1, 2 * index)]
      var styles = convs.compactMap { conv, layer in
        conv.map { $0.affine(ws.element(axis: 1, layer)) }
      }
      if let toRGB = block.toRGB {
        styles.append(
          toRGB.affine(ws.element(axis: 1, 2 * index + 1))
            * (1 / Double(toRGB.weight.shape[1]).squareRoot()))
      }
      return styles
    }
  }

  func callAsFunction(
    _ ws: Tensor, noise: NoiseMode, visit: (Int, Tensor) -> Void, visitLayer: (Tensor) -> Void
  ) -> Tensor {
    let n = ws.shape[0]
    var x = const.reshaped([1, -1, 4, 4]).expanded([n, -1, -1, -1])
    visitLayer(x)
    var image: Tensor?
    for (index, block) in blocks.enumerated() {
      let input = x
      if let conv0 = block.conv0 {
        x = conv0(x, ws.element(axis: 1, 2 * index - 1), noise: noise, filter: filter)
        visitLayer(x)
      }
      let gain = block.skip == nil ? 1 : 0.5.squareRoot()
      x = block.conv1(
        x, ws.element(axis: 1, 2 * index), noise: noise, filter: filter, gain: gain)
      if let skip = block.skip {
        let weight = skip * (gain / Double(input.shape[1]).squareRoot())
        x = x + filter.upsampled(input.convolved(weight))
      }
      visitLayer(x)
      visit(block.resolution, x)
      guard let toRGB = block.toRGB else { continue }
      // The next block's first layer uses the same w.
      let rgb = toRGB(x, ws.element(axis: 1, 2 * index + 1))
      image = image.map { filter.upsampled($0) + rgb } ?? rgb
    }
    guard let image else { preconditionFailure("the last block makes the image") }
    return image
  }
}
