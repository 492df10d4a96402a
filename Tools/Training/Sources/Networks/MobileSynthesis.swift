import Torch

/// MobileStyleGAN's modulated depthwise 3x3 and pointwise 1x1, without demodulation.
///
/// The style scales the input. Both parts are linear in each input channel, so that it may as well
/// scale the columns of the pointwise weight, `[out, in]` numbers instead of whole maps.
struct SeparableConv {
  let affine: Dense
  /// `[in, 3, 3]`.
  let depthwise: Tensor
  /// `[out, in]`.
  let pointwise: Tensor
  let bias: Tensor
  let noisePlane: Tensor
  let slope: Double

  init(
    _ registry: Registry, _ name: String, _ inWidth: Int, _ outWidth: Int, wDim: Int, size: Int,
    slope: Double
  ) {
    affine = Dense(folded: registry, "\(name).affine", wDim, inWidth, bias: 1)
    depthwise = registry.parameter(
      "\(name).depthwise", Tensor.normal([inWidth, 3, 3]) * (1.0 / 3))
    pointwise = registry.parameter(
      "\(name).pointwise", Tensor.normal([outWidth, inWidth]) * (2 / Double(inWidth)).squareRoot())
    noisePlane = registry.buffer("\(name).noise_const", .zeros([size, size]))
    bias = registry.parameter("\(name).bias", .zeros([outWidth]))
    self.slope = slope
  }

  /// The filtered input, before style and pointwise weight: `[N, in, H, W]`.
  func filtered(_ x: Tensor) -> Tensor {
    let width = depthwise.shape[0]
    return x.convolved(depthwise.reshaped([width, 1, 3, 3]), padding: 1, groups: width)
  }

  /// The sum of the filtered channels, before noise and bias: `[N, out, H, W]`.
  func mixed(_ filtered: Tensor, _ w: Tensor) -> Tensor {
    filtered.mixed(by: pointwise, style: affine(w))
  }

  func finished(_ y: Tensor, hasNoise: Bool) -> Tensor {
    Self.finished(y, bias: bias, plane: hasNoise ? noisePlane : nil, slope: slope)
  }

  func callAsFunction(_ x: Tensor, _ w: Tensor, hasNoise: Bool) -> Tensor {
    finished(mixed(filtered(x), w), hasNoise: hasNoise)
  }

  static func finished(_ y: Tensor, bias: Tensor, plane: Tensor?, slope: Double) -> Tensor {
    // One sum of small tensors first, so that the map is passed once.
    let offset = bias.reshaped([1, -1, 1, 1])
    return (y + (plane.map { offset + $0 } ?? offset)).leakyReLU(slope: slope)
  }
}

extension Tensor {
  /// A 1x1 convolution whose input channels are scaled, as a product of matrices: LibTorch's own 1x1
  /// convolution is several times slower on one thread.
  ///
  /// - Parameters:
  ///   - weight: `[out, in]`.
  ///   - style: `[N, in]`.
  /// - Returns: `[N, out, H, W]`.
  func mixed(by weight: Tensor, style: Tensor) -> Tensor {
    let (n, c, h, w) = (shape[0], shape[1], shape[2], shape[3])
    let scaled = weight.reshaped([1, -1, c]) * style.reshaped([n, 1, c])
    return scaled.times(reshaped([n, c, h * w])).reshaped([n, -1, h, w])
  }
}

/// MobileStyleGAN's `ws -> image`: inverse Haar transforms instead of upsampling convolutions.
///
/// Source: Belousov 2021, arXiv:2104.04767. Every gain is folded, names are those of `.obv`, and the
/// noise is a constant of the network.
final class MobileSynthesis: Synthesis {
  /// The modulated dense 3x3 at 4x4.
  struct First {
    let affine: Dense
    /// `[out, in, 3, 3]`.
    let weight: Tensor
    let bias: Tensor
    let noisePlane: Tensor
  }

  struct Block {
    /// Side of its output.
    let side: Int
    /// Scales what the inverse Haar transform reads.
    let up: Dense
    let conv1: SeparableConv
    let conv2: SeparableConv
  }

  struct ToImage {
    let affine: Dense
    /// `[4 * channels, in]`.
    let weight: Tensor
    let bias: Tensor
  }

  let shape: GeneratorShape
  let const: Tensor
  let first: First
  let blocks: [Block]
  let toImage: ToImage

  init(_ registry: Registry, _ shape: GeneratorShape) {
    self.shape = shape
    let (widths, wDim) = (shape.widths, shape.wDim)
    let name = "synthesis"
    const = registry.parameter("\(name).b4.const", .normal([widths[0], 4, 4]))
    let scale = (2 / Double(9 * widths[0])).squareRoot()
    first = First(
      affine: Dense(folded: registry, "\(name).b4.conv1.affine", wDim, widths[0], bias: 1),
      weight: registry.parameter(
        "\(name).b4.conv1.weight", Tensor.normal([widths[1], widths[0], 3, 3]) * scale),
      bias: registry.parameter("\(name).b4.conv1.bias", .zeros([widths[1]])),
      noisePlane: registry.buffer("\(name).b4.conv1.noise_const", .zeros([4, 4])))
    blocks = (1..<shape.blockCount).map { index in
      let side = 4 << index
      let input = widths[2 * index - 1]
      precondition(input % 4 == 0, "an inverse Haar transform of \(input) channels")
      let block = "\(name).b\(side)"
      return Block(
        side: side, up: Dense(folded: registry, "\(block).up.affine", wDim, input, bias: 1),
        conv1: SeparableConv(
          registry, "\(block).conv1", input / 4, widths[2 * index], wDim: wDim, size: side,
          slope: shape.slope),
        conv2: SeparableConv(
          registry, "\(block).conv2", widths[2 * index], widths[2 * index + 1], wDim: wDim,
          size: side, slope: shape.slope))
    }
    let (last, bands) = (widths[widths.count - 1], 4 * shape.imageChannels)
    toImage = ToImage(
      affine: Dense(folded: registry, "\(name).toimage.affine", wDim, last, bias: 1),
      weight: registry.parameter(
        "\(name).toimage.weight", Tensor.normal([bands, last]) * (1 / Double(last)).squareRoot()),
      bias: registry.parameter("\(name).toimage.bias", .zeros([bands])))
  }

  var readers: [Reader] {
    var readers = [Reader(weight: first.weight, affine: first.affine, isDemodulated: false)]
    for conv in blocks.flatMap({ [$0.conv1, $0.conv2] }) {
      readers.append(
        Reader(
          weight: conv.pointwise, affine: conv.affine, isDemodulated: false,
          depthwise: conv.depthwise))
    }
    readers.append(
      Reader(weight: toImage.weight, affine: toImage.affine, isDemodulated: false))
    return readers
  }

  func styles(_ ws: Tensor) -> [Tensor] {
    var styles = [first.affine(ws.element(axis: 1, 0))]
    for (i, block) in blocks.enumerated() {
      let (early, late) = (ws.element(axis: 1, 1 + 3 * i), ws.element(axis: 1, 2 + 3 * i))
      styles += [block.up(early), block.conv1.affine(early), block.conv2.affine(late)]
    }
    return styles + [toImage.affine(ws.element(axis: 1, shape.wsCount - 1))]
  }

  /// `random` noise is the stored one: this family has no other.
  func callAsFunction(
    _ ws: Tensor, noise: NoiseMode, visit: (Int, Tensor) -> Void, visitLayer: (Tensor) -> Void
  ) -> Tensor {
    var hasNoise = true
    if case .none = noise { hasNoise = false }
    let n = ws.shape[0]
    var x = const.reshaped([1, -1, 4, 4]).expanded([n, -1, -1, -1])
    visitLayer(x)
    x = finishedFirst(mixedFirst(x, ws.element(axis: 1, 0)), hasNoise: hasNoise)
    visit(4, x)
    for (i, block) in blocks.enumerated() {
      let (early, late) = (ws.element(axis: 1, 1 + 3 * i), ws.element(axis: 1, 2 + 3 * i))
      x = doubled(x, block, early)
      visitLayer(x)
      x = block.conv1(x, early, hasNoise: hasNoise)
      visitLayer(x)
      x = block.conv2(x, late, hasNoise: hasNoise)
      visit(block.side, x)
    }
    visitLayer(x)
    return Haar.joined(bands(x, ws.element(axis: 1, shape.wsCount - 1)))
  }

  /// The dense convolution at 4x4, before noise and bias.
  func mixedFirst(_ x: Tensor, _ w: Tensor) -> Tensor {
    let style = first.affine(w)
    return (x * style.reshaped([style.shape[0], -1, 1, 1])).convolved(first.weight, padding: 1)
  }

  func finishedFirst(_ y: Tensor, hasNoise: Bool) -> Tensor {
    SeparableConv.finished(
      y, bias: first.bias, plane: hasNoise ? first.noisePlane : nil, slope: shape.slope)
  }

  /// What the first convolution of a block reads: `[N, C, S, S]` to `[N, C / 4, 2S, 2S]`.
  func doubled(_ x: Tensor, _ block: Block, _ w: Tensor) -> Tensor {
    let style = block.up(w)
    return Haar.joined(x * style.reshaped([style.shape[0], -1, 1, 1]))
  }

  /// The Haar bands of the image, `[N, 4 * channels, S, S]`.
  func bands(_ x: Tensor, _ w: Tensor) -> Tensor {
    x.mixed(by: toImage.weight, style: toImage.affine(w)) + toImage.bias.overPixels
  }
}
