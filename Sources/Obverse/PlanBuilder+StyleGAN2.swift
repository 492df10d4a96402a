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
      let isPlanar = k >= choice.firstPlanar
      let name = "b\(size)"
      if isPlanar {
        input = planarBlock(
          block, name, size, channels, ws: 2 * k, input, const, images,
          readsPlanar: k > choice.firstPlanar, keepsMap: k + 1 < blocks.count)
        channels = block.conv1.weight.shape[0]
        continue
      }
      var residual: (FastSkip, Int)?
      if let skip = block.skip {
        let layer = FastSkip(
          fast, weight: skip.floats, size: size / 2, inChannels: channels,
          outChannels: skip.shape[0])
        largestSkip = max(largestSkip, plain(skip.shape[0]).count * size * size / 4)
        residual = (layer, 0)
        let from = input
        steps.append(
          (
            ["\(name).skip"], size / 2, nil, size / 2, plain(skip.shape[0]), false,
            { place, skip in
              .skip(layer, input: from.map(place) ?? const, output: skip)
            }
          ))
      }
      if let conv0 = block.conv0 {
        let slots = plain(conv0.weight.shape[0])
        let job = demodulated(conv0, channels, slots, ws: 2 * k - 1)
        input = upConv(conv0, name, size, channels, slots, job, input, const, choice.up[k])
        channels = conv0.weight.shape[0]
      }
      let slots = plain(block.conv1.weight.shape[0])
      let job = demodulated(block.conv1, channels, slots, ws: 2 * k)
      let layer = conv(block.conv1, size, channels, slots, choice.same[k])
      scratchCount = max(scratchCount, layer.scratchCount)
      channels = block.conv1.weight.shape[0]
      var names = ["\(name).conv1"]
      var imagePlaces: Step.ImagePlaces?
      if let toRGB = block.toRGB {
        names.append("\(name).torgb")
        imagePlaces = self.image(
          toRGB, channels, size, ws: 2 * k + 1, images, isPlanar: false,
          hasPrevious: architecture == .skip && k > 0)
      }
      let places = places(job, block.conv1.noise)
      let (from, to) = (input, newMap(slots, size: size))
      steps.append(
        (
          names, size, countNoise(block.conv1.noise), size, slots, false,
          { place, skip in
            .conv(
              layer, places.from(from.map(place) ?? const, to: place(to)),
              residual: residual.map { Step.Residual(skip: $0.0, place: skip) },
              image: imagePlaces)
          }
        ))
      input = to
    }
  }

  private func conv(
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

  /// Steps of a convolution that doubles the size to `size`; gives its output map.
  private mutating func upConv(
    _ conv: StyledConv, _ name: String, _ size: Int, _ channels: Int, _ slots: ChannelSlots,
    _ job: StyleJob, _ from: Int?, _ const: Int, _ algorithm: ConvAlgorithm
  ) -> Int {
    let places = places(job, conv.noise)
    let noise = countNoise(conv.noise)
    let (weight, finish) = (conv.weight.floats, finish(conv.activation, slots))
    guard algorithm == .winograd else {
      let layer = FastUpConv(
        fast, weight: weight, size: size / 2, inChannels: channels, outputs: slots, finish: finish)
      scratchCount = max(scratchCount, layer.scratchCount)
      let to = newMap(slots, size: size)
      steps.append(
        (
          ["\(name).conv0"], size, noise, size, slots, false,
          { place, _ in .upConv(layer, places.from(from.map(place) ?? const, to: place(to))) }
        ))
      return to
    }
    let layer = FastWinogradUpConv(
      fast, weight: weight, size: size / 2, inChannels: channels, outputs: slots, finish: finish)
    scratchCount = max(scratchCount, layer.scratchCount)
    let raw = newMap(floats: layer.rawCount)
    let to = newMap(slots, size: size)
    steps.append(
      (
        ["\(name).conv0"], size / 2, nil, size, slots, false,
        { place, _ in
          .transpose(layer, places.from(from.map(place) ?? const, to: place(raw)))
        }
      ))
    steps.append(
      (
        ["\(name).conv0.filter"], size, noise, size, slots, false,
        { place, _ in .resample(layer, places.from(place(raw), to: place(to))) }
      ))
    return to
  }

  /// The step of a whole block on planar maps; gives its output map.
  private mutating func planarBlock(
    _ block: SynthesisBlock, _ name: String, _ size: Int, _ channels: Int, ws: Int, _ from: Int?,
    _ const: Int, _ images: (Int, Int), readsPlanar: Bool, keepsMap: Bool
  ) -> Int {
    guard let conv0 = block.conv0, let toRGB = block.toRGB else {
      preconditionFailure("a planar block without doubling or image")
    }
    let (middle, out) = (conv0.weight.shape[0], block.conv1.weight.shape[0])
    let (middleSlots, slots) = (plain(middle), plain(out))
    let upJob = demodulated(conv0, channels, middleSlots, ws: ws - 1)
    let sameJob = demodulated(block.conv1, middle, slots, ws: ws)
    let up = FastPlanarUpConv(
      fast, weight: conv0.weight.floats, size: size / 2, inChannels: channels, outChannels: middle,
      readsPlanar: readsPlanar, finish: finish(conv0.activation, middleSlots))
    let same = FastPlanarConv(
      fast, weight: block.conv1.weight.floats, size: size, inChannels: middle, outputs: slots,
      finish: finish(block.conv1.activation, slots))
    let layer = FastPlanarBlock(
      up, same, size: size, middle: middle, outChannels: out, keepsMap: keepsMap)
    scratchCount = max(scratchCount, layer.scratchCount)
    let upPlaces = places(upJob, conv0.noise)
    let samePlaces = places(sameJob, block.conv1.noise)
    let image = image(
      toRGB, out, size, ws: ws + 1, images, isPlanar: true, hasPrevious: true)
    let (upNoise, noise) = (countNoise(conv0.noise), countNoise(block.conv1.noise))
    let to = keepsMap ? newMap(slots, size: size) : newMap(floats: 0)
    steps.append(
      (
        ["conv0", "conv1", "torgb"].map { "\(name).\($0)" }, size, noise, size, slots, true,
        { place, _ in
          .planarBlock(
            Step.PlanarBlock(
              layer: layer, up: upPlaces.from(from.map(place) ?? const, to: 0),
              same: samePlaces.from(0, to: place(to)), upNoise: upNoise, keepsMap: keepsMap),
            image: image)
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
