import Kernels
import ModelFile

/// The steps of MobileStyleGAN's synthesis network.
extension PlanBuilder {
  mutating func mobile(_ conv1: StyledConv, _ blocks: [MobileBlock], _ toImage: ToImage) {
    let const = constMap()
    image = reserve(model.imageChannels * model.resolution * model.resolution)
    // No demodulation: a vector of ones.
    let widest = ([conv1.weight.shape[0]] + blocks.map { $0.conv2.pointwise.shape[0] }).max() ?? 0
    let ones = reserve(4 * plain(widest).count)
    constants.append((ones, [Float](repeating: 1, count: 4 * plain(widest).count)))
    var channels = conv1.weight.shape[0]
    var slots: ChannelSlots = blocks.isEmpty ? plain(channels) : .haar(channels, lanes: fast.lanes)
    let job = style(conv1.affine, ws: 0)
    styles.append(job)
    let layer = FastConv(
      fast, weight: conv1.weight.floats, size: 4, inChannels: model.const.shape[0],
      outputs: slots, finish: finish(conv1.activation, slots))
    scratchCount = max(scratchCount, layer.scratchCount)
    var first = places(job, conv1.noise)
    first.factors = ones
    var input = newMap(slots, size: 4)
    let (places, to) = (first, input)
    steps.append(
      (
        ["b4.conv1"], 4, countNoise(conv1.noise), 4, slots, false,
        { place, _ in .conv(layer, places.from(const, to: place(to)), residual: nil, image: nil) }
      ))
    for (i, block) in blocks.enumerated() {
      let size = 8 << i
      var up = style(block.up, ws: 1 + 3 * i)
      let haarStyle = reserve(slots.count)
      up.haar = (slots, haarStyle)
      styles.append(up)
      let middle = plain(block.conv1.pointwise.shape[0])
      input = separable(
        block.conv1, ["b\(size).up", "b\(size).conv1"], channels / 4, middle, size, input,
        haarStyle, ws: 1 + 3 * i)
      channels = block.conv2.pointwise.shape[0]
      slots = i + 1 < blocks.count ? .haar(channels, lanes: fast.lanes) : plain(channels)
      input = separable(
        block.conv2, ["b\(size).conv2"], block.conv1.pointwise.shape[0], slots, size, input, nil,
        ws: 2 + 3 * i)
    }
    let size = model.resolution / 2
    let last = FastToHaarImage(
      fast, weight: toImage.weight.floats, bias: toImage.bias.floats, clamp: toImage.clamp,
      size: size, inChannels: channels)
    scratchCount = max(scratchCount, last.scratchCount)
    let lastJob = style(toImage.affine, ws: model.wsCount - 1)
    styles.append(lastJob)
    let (from, target) = (input, image)
    steps.append(
      (
        ["toimage"], size, nil, size, plain(model.imageChannels), false,
        { place, _ in
          .haarImage(last, map: place(from), style: lastJob.style, image: target)
        }
      ))
  }

  private mutating func separable(
    _ conv: SeparableConv, _ names: [String], _ channels: Int, _ slots: ChannelSlots, _ size: Int,
    _ input: Int, _ haarStyle: Int?, ws: Int
  ) -> Int {
    let layer = FastSeparable(
      fast, depthwise: conv.depthwise.floats, pointwise: conv.pointwise.floats, size: size,
      inChannels: channels, outputs: slots, finish: finish(conv.activation, slots))
    scratchCount = max(scratchCount, layer.scratchCount)
    let job = style(conv.affine, ws: ws)
    styles.append(job)
    let places = places(job, conv.noise)
    let to = newMap(slots, size: size)
    steps.append(
      (
        names, size, countNoise(conv.noise), size, slots, false,
        { place, _ in
          .separable(layer, places.from(place(input), to: place(to)), haarStyle: haarStyle)
        }
      ))
    return to
  }
}
