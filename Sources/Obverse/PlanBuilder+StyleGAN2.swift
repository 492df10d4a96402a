import Kernels
import ModelFile

/// StyleGAN2's synthesis network, top to bottom, and how each layer becomes part of a step.
extension PlanBuilder {
  mutating func styleGAN2(_ architecture: BlockArchitecture, _ blocks: [SynthesisBlock]) {
    let choice = ConvChoice(
      blocks, constChannels: model.const.shape[0], architecture, fast, forced: forced)
    var map = constantMap()
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
        riders.residual = self.skip(skip, "\(name).skip", size: size / 2, from: map, to: residual)
      }
      let middle = block.conv0?.weight.shape[0] ?? channels
      let conv0 = block.conv0.map {
        convolution($0, "\(name).conv0", size: size, channels: channels, ws: 2 * k - 1)
      }
      let conv1 = convolution(
        block.conv1, "\(name).conv1", size: size, channels: middle, ws: 2 * k)
      if let toRGB = block.toRGB {
        riders.image = image(
          toRGB, "\(name).torgb", size: size, ws: 2 * k + 1, isPlanar: choice.isPlanar(k), &images)
      }
      switch (choice.fusion(k), conv0) {
      case (.wholeBlock, let conv0?):
        map = planarBlock(
          conv0, conv1, riders, readsPlanar: choice.isPlanar(k - 1), from: map)
      case (.filterAndConv, let conv0?):
        map = filteredBlock(conv0, conv1, choice.same[k], riders, from: map)
      default:
        if let conv0 { map = upConv(conv0, from: map) }
        map = conv(conv1, choice.same[k], riders, from: map)
      }
      channels = block.conv1.weight.shape[0]
    }
    image = images.last
  }

  /// A convolution on its way into a plan.
  private struct Convolution {
    let weight: Weights
    /// Of its input.
    let channels: Int
    let finish: Finish
    let layer: StyledLayer
  }

  /// The style of a convolution, its demodulation factors and its noise.
  private mutating func convolution(
    _ conv: StyledConv, _ name: String, size: Int, channels: Int, ws: Int
  ) -> Convolution {
    let slots = plain(conv.weight.shape[0])
    let (squares, factors) = (reserve(channels), reserve(slots.count))
    let job = style(conv.affine, ws: ws) {
      .factors(
        FastDemodulation(
          $0.fast, weight: conv.weight.floats, inChannels: channels, kernelSize: 9, outputs: slots),
        squares: squares, factors: factors)
    }
    return Convolution(
      weight: conv.weight, channels: channels, finish: finish(conv.activation, slots),
      layer: styled(name, size: size, slots, job, factors: factors, conv.noise))
  }

  // MARK: Steps

  /// A convolution that doubles the size, as a step of its own.
  private mutating func upConv(_ conv: Convolution, from: Map) -> Map {
    let kernel = FastUpConv(
      fast, weight: conv.weight.floats, size: conv.layer.size / 2, inChannels: conv.channels,
      outputs: conv.layer.slots, finish: conv.finish)
    let to = newMap(conv.layer)
    step(conv.layer) { [self] layout in
      let layer = conv.layer.from(layout.place(from), to: layout.place(to))
      return UpConvStep(
        kernel, layer, noise: layout.noise, map: featureMap(layer, at: layout.place(to)))
    }
    return to
  }

  /// A block's second convolution, or the first block's only one, as a step of its own.
  private mutating func conv(
    _ conv: Convolution, _ algorithm: ConvAlgorithm, _ riders: RowRiders, from: Map
  ) -> Map {
    let kernel = kernel(conv, algorithm)
    let to = newMap(conv.layer)
    step(conv.layer) { [self] layout in
      let layer = conv.layer.from(layout.place(from), to: layout.place(to))
      return ConvStep(
        kernel, layer, noise: layout.noise, riders: riders,
        map: featureMap(layer, at: layout.place(to)))
    }
    return to
  }

  /// The transposed convolution by Winograd, which leaves raw rows, and a step that filters them and
  /// does the second convolution band by band.
  private mutating func filteredBlock(
    _ conv0: Convolution, _ conv1: Convolution, _ algorithm: ConvAlgorithm, _ riders: RowRiders,
    from: Map
  ) -> Map {
    let up = FastWinogradUpConv(
      fast, weight: conv0.weight.floats, size: conv0.layer.size / 2, inChannels: conv0.channels,
      outputs: conv0.layer.slots, finish: conv0.finish)
    let raw = newMap(floats: up.rawCount)
    step { layout in
      TransposeStep(up, conv0.layer.from(layout.place(from), to: layout.place(raw)))
    }
    return block(
      up, conv0, .filter, kernel(conv1, algorithm), conv1, riders, algorithm: .winograd, from: raw)
  }

  /// A whole block on planar maps, band by band.
  private mutating func planarBlock(
    _ conv0: Convolution, _ conv1: Convolution, _ riders: RowRiders, readsPlanar: Bool, from: Map
  ) -> Map {
    let up = FastPlanarUpConv(
      fast, weight: conv0.weight.floats, size: conv0.layer.size / 2, inChannels: conv0.channels,
      outChannels: conv0.weight.shape[0], readsPlanar: readsPlanar, finish: conv0.finish)
    return block(
      up, conv0, .conv(), kernel(conv1, .planar), conv1, riders, algorithm: .planar, from: from)
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
    step { [self] layout in
      let second = conv1.layer.from(0, to: layout.place(to))
      let map = featureMap(second, at: layout.place(to), isPlanar: algorithm == .planar)
      return BlockStep(
        kernel, conv0.layer.from(layout.place(from), to: 0), role, second, riders: riders,
        map: keepsMap ? map : nil, algorithm: algorithm)
    }
    return to
  }

  private func kernel(_ conv: Convolution, _ algorithm: ConvAlgorithm) -> any ConvLayer {
    let (weight, layer) = (conv.weight.floats, conv.layer)
    return switch algorithm {
    case .direct:
      FastConv(
        fast, weight: weight, size: layer.size, inChannels: conv.channels, outputs: layer.slots,
        finish: conv.finish)
    case .winograd:
      FastWinograd(
        fast, weight: weight, size: layer.size, inChannels: conv.channels, outputs: layer.slots,
        finish: conv.finish)
    case .planar:
      FastPlanarConv(
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
  ) -> RowRiders.Residual {
    let kernel = FastSkip(
      fast, weight: weight.floats, size: size, inChannels: weight.shape[1],
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
  ) -> RowRiders.ImagePart {
    let (weight, bias) = (toRGB.weight.floats, toRGB.bias.floats)
    let channels = toRGB.weight.shape[1]
    let kernel: any ImageLayer =
      isPlanar
      ? FastPlanarToRGB(
        fast, weight: weight, bias: bias, clamp: toRGB.clamp, size: size, inChannels: channels)
      : FastToRGB(
        fast, weight: weight, bias: bias, clamp: toRGB.clamp, size: size, inChannels: channels)
    let modulated = reserve(kernel.weightCount)
    _ = style(toRGB.affine, ws: ws) { _ in .modulated(kernel, place: modulated) }
    let (image, previous) = images.places(size: size)
    return RowRiders.ImagePart(
      layer: name, toRGB: kernel, size: size, modulated: modulated, previous: previous,
      image: image, bytes: size == model.resolution ? bytes : nil)
  }
}
