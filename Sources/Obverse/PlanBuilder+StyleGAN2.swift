import Kernels
import ModelFile

/// StyleGAN2's synthesis network, top to bottom, and how each layer becomes part of a step.
extension PlanBuilder {
  mutating func styleGAN2(
    _ architecture: BlockArchitecture, _ blocks: [SynthesisBlock]
  ) throws(ObverseError) {
    let choice = ConvChoice(
      blocks, constChannels: model.const.shape[0], architecture, fast, forced: forced)
    var map = try constantMap()
    var channels = model.const.shape[0]
    var images = ImagePair(&self, architecture)
    let residual = reserve(residualCount(blocks))
    for (k, block) in blocks.enumerated() {
      let name = "b\(4 << k)"
      let size = 4 << k
      // What rides on the rows of conv1. The skip is a step of its own, since the block's first
      // convolution frees its input.
      var riders = RowRiders()
      if let skip = block.skip {
        riders.residual = try self.skip(
          skip, "\(name).skip", size: size / 2, from: map, to: residual)
      }
      let middle = block.conv0?.weight.shape[0] ?? channels
      var conv0: Convolution?
      if let conv = block.conv0 {
        conv0 = try convolution(
          conv, "\(name).conv0", size: size, channels: channels, ws: 2 * k - 1)
      }
      let conv1 = try convolution(
        block.conv1, "\(name).conv1", size: size, channels: middle, ws: 2 * k)
      if let toRGB = block.toRGB {
        riders.image = try image(
          toRGB, "\(name).torgb", size: size, ws: 2 * k + 1, isPlanar: choice.isPlanar(k), &images)
      }
      switch (choice.fusion(k), conv0) {
      case (.wholeBlock, let conv0?):
        map = try planarBlock(
          conv0, conv1, riders, readsPlanar: choice.isPlanar(k - 1), from: map)
      case (.filterAndConv, let conv0?):
        map = try filteredBlock(conv0, conv1, choice.same[k], riders, from: map)
      default:
        if let conv0 { map = try upConv(conv0, from: map) }
        map = try conv(conv1, choice.same[k], riders, from: map)
      }
      channels = block.conv1.weight.shape[0]
    }
    image = images.last
  }

  /// A convolution on its way into a plan.
  private struct Convolution {
    let weight: FloatBuffer
    /// Of its input.
    let channels: Int
    let finish: Finish
    let layer: StyledLayer
  }

  /// The style of a convolution, its demodulation factors and its noise.
  private mutating func convolution(
    _ conv: StyledConv, _ name: String, size: Int, channels: Int, ws: Int
  ) throws(ObverseError) -> Convolution {
    let weight = try conv.weight.buffer()
    let slots = plain(conv.weight.shape[0])
    let (squares, factors) = (reserve(channels), reserve(slots.count))
    let job = try style(conv.affine, ws: ws) { (builder) throws(ObverseError) in
      .factors(
        try FastDemodulation(
          builder.fast, weight: weight, inChannels: channels, kernelSize: 9, outputs: slots),
        squares: squares, factors: factors)
    }
    return Convolution(
      weight: weight, channels: channels, finish: try finish(conv.activation, slots),
      layer: try styled(name, size: size, slots, job, factors: factors, conv.noise))
  }

  // MARK: Steps

  /// A convolution that doubles the size, as a step of its own.
  private mutating func upConv(_ conv: Convolution, from: Map) throws(ObverseError) -> Map {
    let kernel = try FastUpConv(
      fast, weight: conv.weight, size: conv.layer.size / 2, inChannels: conv.channels,
      outputs: conv.layer.slots, finish: conv.finish)
    let to = newMap(conv.layer)
    step(conv.layer) { [lanes = fast.lanes] layout in
      let layer = conv.layer.from(layout.place(from), to: layout.place(to))
      return UpConvStep(
        kernel, layer, noise: layout.noise,
        map: FeatureMap(layer, at: layout.place(to), lanes: lanes))
    }
    return to
  }

  /// A block's second convolution, or the first block's only one, as a step of its own.
  private mutating func conv(
    _ conv: Convolution, _ algorithm: ConvAlgorithm, _ riders: RowRiders, from: Map
  ) throws(ObverseError) -> Map {
    let kernel = try kernel(conv, algorithm)
    let to = newMap(conv.layer)
    step(conv.layer) { [lanes = fast.lanes] layout in
      let layer = conv.layer.from(layout.place(from), to: layout.place(to))
      return ConvStep(
        kernel, layer, noise: layout.noise, riders: riders,
        map: FeatureMap(layer, at: layout.place(to), lanes: lanes))
    }
    return to
  }

  /// The transposed convolution by Winograd, which leaves raw rows, and a step that filters them and
  /// does the second convolution band by band.
  private mutating func filteredBlock(
    _ conv0: Convolution, _ conv1: Convolution, _ algorithm: ConvAlgorithm, _ riders: RowRiders,
    from: Map
  ) throws(ObverseError) -> Map {
    let up = try FastWinogradUpConv(
      fast, weight: conv0.weight, size: conv0.layer.size / 2, inChannels: conv0.channels,
      outputs: conv0.layer.slots, finish: conv0.finish)
    let raw = newMap(floats: up.rawCount)
    step { layout in
      TransposeStep(up, conv0.layer.from(layout.place(from), to: layout.place(raw)))
    }
    return block(
      up, conv0, .filter, try kernel(conv1, algorithm), conv1, riders, algorithm: .winograd,
      from: raw)
  }

  /// A whole block on planar maps, band by band.
  private mutating func planarBlock(
    _ conv0: Convolution, _ conv1: Convolution, _ riders: RowRiders, readsPlanar: Bool, from: Map
  ) throws(ObverseError) -> Map {
    let up = try FastPlanarUpConv(
      fast, weight: conv0.weight, size: conv0.layer.size / 2, inChannels: conv0.channels,
      outChannels: conv0.layer.slots.channelCount, readsPlanar: readsPlanar, finish: conv0.finish)
    return block(
      up, conv0, .conv(), try kernel(conv1, .planar), conv1, riders, algorithm: .planar, from: from)
  }

  /// A step of a block's second convolution with what makes its input; the map between them is never
  /// whole, nor is the last map of the network, which its own toRGB alone reads.
  private mutating func block(
    _ up: any RowSource, _ conv0: Convolution, _ role: StepPart.Role, _ same: any ConvLayer,
    _ conv1: Convolution, _ riders: RowRiders, algorithm: ConvAlgorithm, from: Map
  ) -> Map {
    let keepsMap = conv1.layer.size < model.resolution
    let kernel = FastBlock(
      up, same, size: conv1.layer.size, middleRow: up.outputRow, outRow: same.outputRow,
      keepsMap: keepsMap)
    let to = keepsMap ? newMap(conv1.layer) : newMap(floats: 0)
    step { [lanes = fast.lanes] layout in
      let second = conv1.layer.from(0, to: layout.place(to))
      let map = FeatureMap(
        second, at: layout.place(to), lanes: algorithm == .planar ? nil : lanes)
      return BlockStep(
        kernel, conv0.layer.from(layout.place(from), to: 0), role, second, riders: riders,
        map: keepsMap ? map : nil, algorithm: algorithm)
    }
    return to
  }

  private func kernel(
    _ conv: Convolution, _ algorithm: ConvAlgorithm
  ) throws(ObverseError) -> any ConvLayer {
    let (weight, layer) = (conv.weight, conv.layer)
    return switch algorithm {
    case .direct:
      try FastConv(
        fast, weight: weight, size: layer.size, inChannels: conv.channels, outputs: layer.slots,
        finish: conv.finish)
    case .winograd:
      try FastWinograd(
        fast, weight: weight, size: layer.size, inChannels: conv.channels, outputs: layer.slots,
        finish: conv.finish)
    case .planar:
      try FastPlanarConv(
        fast, weight: weight, size: layer.size, inChannels: conv.channels, outputs: layer.slots,
        finish: conv.finish)
    }
  }

  // MARK: Resnet blocks

  /// Floats of the largest skip.
  private func residualCount(_ blocks: [SynthesisBlock]) -> Int {
    var largest = 0
    for (k, block) in blocks.enumerated() {
      guard let skip = block.skip else { continue }
      largest = max(largest, plain(skip.shape[0]).count * (2 << k) * (2 << k))
    }
    return largest
  }

  /// The step of a resnet block's skip, at half the block's size.
  private mutating func skip(
    _ weight: Weights, _ name: String, size: Int, from: Map, to place: Int
  ) throws(ObverseError) -> RowRiders.Residual {
    let kernel = try FastSkip(
      fast, weight: weight.buffer(), size: size, inChannels: weight.shape[1],
      outChannels: weight.shape[0])
    step { layout in
      SkipStep(kernel, input: layout.place(from), output: place, name: name, rows: size)
    }
    return RowRiders.Residual(skip: kernel, place: place)
  }

  // MARK: Images

  /// Places of the images: the last one lies in the first place, and they take turns.
  private struct ImagePair {
    let last: Int
    private let other: Int
    private let resolution: Int
    private let adds: Bool

    init(_ builder: inout PlanBuilder, _ architecture: BlockArchitecture) {
      resolution = builder.model.resolution
      adds = architecture == .skip
      let count = builder.model.imageChannels * resolution * resolution
      last = builder.reserve(count)
      other = builder.reserve(adds ? count / 4 : 0)
    }

    /// The image of a size, and the one of half the size that it adds to.
    func places(size: Int) -> (image: Int, previous: Int?) {
      let isLast = (resolution / size).trailingZeroBitCount % 2 == 0
      return (isLast ? last : other, adds && size > 4 ? (isLast ? other : last) : nil)
    }
  }

  /// toRGB, whose weights are modulated with the styles.
  private mutating func image(
    _ toRGB: ToImage, _ name: String, size: Int, ws: Int, isPlanar: Bool, _ images: inout ImagePair
  ) throws(ObverseError) -> RowRiders.ImagePart {
    let (weight, bias) = (try toRGB.weight.buffer(), try toRGB.bias.buffer())
    let channels = toRGB.weight.shape[1]
    let kernel: any ImageLayer =
      isPlanar
      ? try FastPlanarToRGB(
        fast, weight: weight, bias: bias, clamp: toRGB.clamp, size: size, inChannels: channels)
      : try FastToRGB(
        fast, weight: weight, bias: bias, clamp: toRGB.clamp, size: size, inChannels: channels)
    let modulated = reserve(kernel.weightCount)
    _ = try style(toRGB.affine, ws: ws) { (_) throws(ObverseError) in
      .modulated(kernel, place: modulated)
    }
    let (image, previous) = images.places(size: size)
    return RowRiders.ImagePart(
      layer: name, toRGB: kernel, size: size, modulated: modulated, previous: previous,
      image: image, bytes: size == model.resolution ? bytes : nil)
  }
}
