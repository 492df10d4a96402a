import Kernels

/// One fused part of a plan: a layer, or several that ride on the same rows.
struct Step: Sendable {
  /// What a step does to the rows that a worker is dealt.
  enum Work: Sendable {
    /// A 3x3 convolution; then, while the rows are in cache, a resnet block's skip and the image.
    case conv(any ConvLayer, LayerPlaces, residual: Residual?, image: ImagePlaces?)
    case upConv(FastUpConv, LayerPlaces)
    /// The transposed convolution alone, to a map of raw rows; the block behind it filters them.
    case transpose(FastWinogradUpConv, LayerPlaces)
    /// What doubles the size, or the filter behind it, and the convolution that follows; then, while
    /// the rows are in cache, a resnet block's skip and the image.
    case block(Block, residual: Residual?, image: ImagePlaces?)
    /// A resnet block's 1x1, before the block's first convolution frees its input.
    case skip(FastSkip, input: Int, output: Int)
    /// A depthwise and pointwise pair, behind an inverse Haar transform if `haarStyle` is given.
    case separable(FastSeparable, LayerPlaces, haarStyle: Int?)
    case haarImage(FastToHaarImage, map: Int, style: Int, image: Int)
  }

  struct Residual: Sendable {
    let skip: FastSkip
    let place: Int
  }

  struct Block: Sendable {
    let layer: FastBlock
    let up: LayerPlaces
    let same: LayerPlaces
    /// Indices of the layers' noise, which is drawn band by band.
    let upNoise: Int?
    let sameNoise: Int?
    /// Whether the output map exists as a whole.
    let keepsMap: Bool
  }

  struct ImagePlaces: Sendable {
    let toRGB: any ImageLayer
    let modulated: Int
    let previous: Int?
    let image: Int
  }

  /// Names of the layers that the step does, such as `b64.conv1`, `b64.torgb`.
  let layers: [String]
  let work: Work
  /// Rows to deal out.
  let rows: Int
  /// Rows are dealt out in multiples of it.
  var rowMultiple: Int {
    switch work {
    case .conv(let layer, _, _, _): layer.rowMultiple
    case .transpose: FastWinogradUpConv.rowMultiple
    case .block: FastBlock.rowMultiple
    default: 1
    }
  }
  /// Index of the layer's noise, counted over all layers; nil for a layer without, and for blocks.
  let noise: Int?
  /// Side of the output map and of the noise plane.
  let size: Int
  /// Which channel stands where in the output map.
  let slots: ChannelSlots
  /// Whether the output map is [row][channel][column], rather than in blocks.
  let isPlanar: Bool
}

/// One affine layer and what is made from its style before the first convolution.
struct StyleJob: Sendable {
  let affine: FastDense
  /// Which of the ws.
  let ws: Int
  /// The style in channel order, padded with zeros.
  let style: Int
  /// The style in Haar slots, for what stands in front of an inverse Haar transform.
  var haar: (slots: ChannelSlots, place: Int)?
  var demodulation: (layer: FastDemodulation, squares: Int, factors: Int)?
  var image: (layer: any ImageLayer, modulated: Int)?
}
