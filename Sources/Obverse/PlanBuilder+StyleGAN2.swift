import Kernels
import ModelFile

/// The steps of StyleGAN2's synthesis network.
extension PlanBuilder {
  mutating func styleGAN2(_ architecture: BlockArchitecture, _ blocks: [SynthesisBlock]) {
    let const = constMap()
    let plane = model.imageChannels * model.resolution * model.resolution
    let images = (reserve(plane), reserve(architecture == .skip ? plane / 4 : 0))
    var channels = model.const.shape[0]
    var input: Int?  // nil is the constant
    let choice = ConvChoice(
      blocks, constChannels: channels, architecture, fast, forced: forced)
    for (k, block) in blocks.enumerated() {
      let size = 4 << k
      let shape = BlockShape(
        block, name: "b\(size)", size: size, channels: channels, ws: 2 * k,
        isLast: k + 1 == blocks.count)
      let skip = residual(shape, input, const)
      let image = block.toRGB.map {
        self.image(
          $0, shape.out, size, ws: 2 * k + 1, images, isPlanar: k >= choice.firstPlanar,
          hasPrevious: architecture == .skip && k > 0)
      }
      if k >= choice.firstPlanar {
        input = planarBlock(
          shape, input, const, image, readsPlanar: k > choice.firstPlanar)
      } else if choice.up[k] == .winograd, let conv0 = block.conv0 {
        input = winogradBlock(shape, conv0, input, const, skip, image, choice.same[k])
      } else {
        if let conv0 = block.conv0 { input = upConv(shape, conv0, input, const) }
        input = conv(shape, input, const, skip, image, choice.same[k])
      }
      channels = shape.out
    }
  }

  /// What the steps of a block ask of it.
  private struct BlockShape {
    let block: SynthesisBlock
    let name: String
    /// Side of its output.
    let size: Int
    /// Channels of its input, between its convolutions, and of its output.
    let channels, middle, out: Int
    /// Index of the first of its ws that is not the block's before.
    let ws: Int
    let isLast: Bool

    init(
      _ block: SynthesisBlock, name: String, size: Int, channels: Int, ws: Int, isLast: Bool
    ) {
      self.block = block
      self.name = name
      self.size = size
      self.channels = channels
      middle = block.conv0?.weight.shape[0] ?? channels
      out = block.conv1.weight.shape[0]
      self.ws = ws
      self.isLast = isLast
    }
  }

  /// The step of a resnet block's skip, before the block's first convolution frees its input.
  private mutating func residual(_ shape: BlockShape, _ from: Int?, _ const: Int) -> FastSkip? {
    guard let skip = shape.block.skip else { return nil }
    let half = shape.size / 2
    let slots = plain(skip.shape[0])
    let layer = FastSkip(
      fast, weight: skip.floats, size: half, inChannels: shape.channels, outChannels: skip.shape[0])
    largestSkip = max(largestSkip, slots.count * half * half)
    steps.append(
      (
        ["\(shape.name).skip"], half, nil, half, slots, false,
        { place, skip in .skip(layer, input: from.map(place) ?? const, output: skip) }
      ))
    return layer
  }

  /// The step of a block's second convolution, or of the first block's only one.
  private mutating func conv(
    _ shape: BlockShape, _ from: Int?, _ const: Int, _ skip: FastSkip?, _ image: Step.ImagePlaces?,
    _ algorithm: ConvAlgorithm
  ) -> Int {
    let conv = shape.block.conv1
    let slots = plain(shape.out)
    let job = demodulated(conv, shape.middle, slots, ws: shape.ws)
    let layer = self.layer(conv, shape.size, shape.middle, slots, algorithm)
    scratchCount = max(scratchCount, layer.scratchCount)
    let places = places(job, conv.noise)
    let to = newMap(slots, size: shape.size)
    steps.append(
      (
        ["\(shape.name).conv1"] + (image == nil ? [] : ["\(shape.name).torgb"]), shape.size,
        countNoise(conv.noise), shape.size, slots, false,
        { place, skipPlace in
          .conv(
            layer, places.from(from.map(place) ?? const, to: place(to)),
            residual: skip.map { Step.Residual(skip: $0, place: skipPlace) }, image: image)
        }
      ))
    return to
  }

  private func layer(
    _ conv: StyledConv, _ size: Int, _ channels: Int, _ slots: ChannelSlots,
    _ algorithm: ConvAlgorithm
  ) -> any ConvLayer {
    let (weight, finish) = (conv.weight.floats, finish(conv.activation, slots))
    return algorithm == .winograd
      ? FastWinograd(
        fast, weight: weight, size: size, inChannels: channels, outputs: slots, finish: finish)
      : FastConv(
        fast, weight: weight, size: size, inChannels: channels, outputs: slots, finish: finish)
  }

  /// The step of a convolution that doubles the size.
  private mutating func upConv(
    _ shape: BlockShape, _ conv: StyledConv, _ from: Int?, _ const: Int
  ) -> Int {
    let slots = plain(shape.middle)
    let job = demodulated(conv, shape.channels, slots, ws: shape.ws - 1)
    let layer = FastUpConv(
      fast, weight: conv.weight.floats, size: shape.size / 2, inChannels: shape.channels,
      outputs: slots, finish: finish(conv.activation, slots))
    scratchCount = max(scratchCount, layer.scratchCount)
    let places = places(job, conv.noise)
    let to = newMap(slots, size: shape.size)
    steps.append(
      (
        ["\(shape.name).conv0"], shape.size, countNoise(conv.noise), shape.size, slots, false,
        { place, _ in .upConv(layer, places.from(from.map(place) ?? const, to: place(to))) }
      ))
    return to
  }

  /// The transposed convolution by Winograd, and the block behind it.
  private mutating func winogradBlock(
    _ shape: BlockShape, _ conv0: StyledConv, _ from: Int?, _ const: Int, _ skip: FastSkip?,
    _ image: Step.ImagePlaces?, _ algorithm: ConvAlgorithm
  ) -> Int {
    let (middleSlots, slots) = (plain(shape.middle), plain(shape.out))
    let upJob = demodulated(conv0, shape.channels, middleSlots, ws: shape.ws - 1)
    let up = FastWinogradUpConv(
      fast, weight: conv0.weight.floats, size: shape.size / 2, inChannels: shape.channels,
      outputs: middleSlots, finish: finish(conv0.activation, middleSlots))
    let places = places(upJob, conv0.noise)
    let raw = newMap(floats: up.rawCount)
    steps.append(
      (
        ["\(shape.name).conv0"], shape.size / 2, nil, shape.size, middleSlots, false,
        { place, _ in .transpose(up, places.from(from.map(place) ?? const, to: place(raw))) }
      ))
    let same = layer(shape.block.conv1, shape.size, shape.middle, slots, algorithm)
    return blockStep(
      shape, up, places, from: raw, const, same, floatsPerPixel: (middleSlots.count, slots.count),
      slots, isPlanar: false, first: "conv0.filter", skip, image)
  }

  /// The step of a whole block on planar maps.
  private mutating func planarBlock(
    _ shape: BlockShape, _ from: Int?, _ const: Int, _ image: Step.ImagePlaces?, readsPlanar: Bool
  ) -> Int {
    guard let conv0 = shape.block.conv0 else { preconditionFailure("a planar block doubles") }
    let (middleSlots, slots) = (plain(shape.middle), plain(shape.out))
    let upJob = demodulated(conv0, shape.channels, middleSlots, ws: shape.ws - 1)
    let up = FastPlanarUpConv(
      fast, weight: conv0.weight.floats, size: shape.size / 2, inChannels: shape.channels,
      outChannels: shape.middle, readsPlanar: readsPlanar,
      finish: finish(conv0.activation, middleSlots))
    let conv1 = shape.block.conv1
    let same = FastPlanarConv(
      fast, weight: conv1.weight.floats, size: shape.size, inChannels: shape.middle, outputs: slots,
      finish: finish(conv1.activation, slots))
    let places = places(upJob, conv0.noise)
    return blockStep(
      shape, up, places, from: from, const, same, floatsPerPixel: (shape.middle, shape.out), slots,
      isPlanar: true, first: "conv0", nil, image)
  }

  /// The step of a block's second convolution with what makes its input.
  private mutating func blockStep(
    _ shape: BlockShape, _ up: any RowSource, _ upPlaces: LayerPlaces, from: Int?, _ const: Int,
    _ same: any ConvLayer, floatsPerPixel: (middle: Int, out: Int), _ slots: ChannelSlots,
    isPlanar: Bool, first: String, _ skip: FastSkip?, _ image: Step.ImagePlaces?
  ) -> Int {
    let conv1 = shape.block.conv1
    let job = demodulated(conv1, shape.middle, slots, ws: shape.ws)
    let samePlaces = places(job, conv1.noise)
    // Nothing reads the last map but its own toRGB.
    let keepsMap = !shape.isLast
    let layer = FastBlock(
      up, same, size: shape.size, middleRow: floatsPerPixel.middle * shape.size,
      outRow: floatsPerPixel.out * shape.size, keepsMap: keepsMap)
    scratchCount = max(scratchCount, layer.scratchCount)
    let (upNoise, sameNoise) = (countNoise(shape.block.conv0?.noise), countNoise(conv1.noise))
    let to = keepsMap ? newMap(slots, size: shape.size) : newMap(floats: 0)
    steps.append(
      (
        [first, "conv1"].map { "\(shape.name).\($0)" }
          + (image == nil ? [] : ["\(shape.name).torgb"]),
        shape.size, nil, shape.size, slots, isPlanar,
        { place, skipPlace in
          .block(
            Step.Block(
              layer: layer, up: upPlaces.from(from.map(place) ?? const, to: 0),
              same: samePlaces.from(0, to: place(to)), upNoise: upNoise, sameNoise: sameNoise,
              keepsMap: keepsMap),
            residual: skip.map { Step.Residual(skip: $0, place: skipPlace) }, image: image)
        }
      ))
    return to
  }

  /// The style of a convolution and its demodulation factors.
  private mutating func demodulated(
    _ conv: StyledConv, _ channels: Int, _ slots: ChannelSlots, ws: Int
  ) -> StyleJob {
    var job = style(conv.affine, ws: ws)
    job.demodulation = (
      FastDemodulation(
        fast, weight: conv.weight.floats, inChannels: channels, kernelSize: 9, outputs: slots),
      reserve(channels), reserve(slots.count)
    )
    styles.append(job)
    return job
  }

  /// The image of a block: the last one lies in the first place, and they take turns.
  private mutating func image(
    _ toRGB: ToImage, _ channels: Int, _ size: Int, ws: Int, _ images: (Int, Int),
    isPlanar: Bool, hasPrevious: Bool
  ) -> Step.ImagePlaces {
    let (weight, bias) = (toRGB.weight.floats, toRGB.bias.floats)
    let layer: any ImageLayer =
      isPlanar
      ? FastPlanarToRGB(
        fast, weight: weight, bias: bias, clamp: toRGB.clamp, size: size, inChannels: channels)
      : FastToRGB(
        fast, weight: weight, bias: bias, clamp: toRGB.clamp, size: size, inChannels: channels)
    // And a line of the image behind it.
    imageScratchCount = max(imageScratchCount, layer.scratchCount + size * bias.count)
    var job = style(toRGB.affine, ws: ws)
    job.image = (layer, reserve(layer.weightCount))
    styles.append(job)
    let turns = (model.resolution / size).trailingZeroBitCount
    let isFirst = turns % 2 == 0
    image = images.0
    return Step.ImagePlaces(
      toRGB: layer, modulated: job.image?.modulated ?? 0,
      previous: hasPrevious ? (isFirst ? images.1 : images.0) : nil,
      image: isFirst ? images.0 : images.1)
  }
}
