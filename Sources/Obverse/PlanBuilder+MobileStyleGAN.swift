import Kernels
import ModelFile

/// MobileStyleGAN's synthesis network, top to bottom.
extension PlanBuilder {
  mutating func mobile(
    _ conv1: StyledConv, _ blocks: [MobileBlock], _ toImage: ToImage
  ) throws(ObverseError) {
    var map = try first(conv1, from: constantMap(), isLast: blocks.isEmpty)
    var channels = conv1.weight.shape[0]
    for (i, block) in blocks.enumerated() {
      let size = 8 << i
      let name = "b\(size)"
      // The inverse Haar transform never leaves a map: the first convolution reads through it.
      let slots = ChannelSlots.haar(channels, lanes: fast.lanes)
      let haarStyle = reserve(slots.count)
      _ = try style(block.up, ws: 1 + 3 * i) { (_) throws(ObverseError) in
        .haar(slots, place: haarStyle)
      }
      let middle = block.conv1.pointwise.shape[0]
      map = try separable(
        block.conv1, "\(name).conv1", channels / 4, plain(middle), size: size, ws: 1 + 3 * i,
        SeparableStep.Haar(name: "\(name).up", style: haarStyle), from: map)
      channels = block.conv2.pointwise.shape[0]
      map = try separable(
        block.conv2, "\(name).conv2", middle,
        i + 1 < blocks.count ? .haar(channels, lanes: fast.lanes) : plain(channels), size: size,
        ws: 2 + 3 * i, nil, from: map)
    }
    try finish(toImage, channels, from: map)
  }

  /// The dense 3x3 convolution at 4x4, which has no demodulation: its factors are ones.
  private mutating func first(
    _ conv: StyledConv, from: Map, isLast: Bool
  ) throws(ObverseError) -> Map {
    let channels = conv.weight.shape[0]
    let slots: ChannelSlots = isLast ? plain(channels) : .haar(channels, lanes: fast.lanes)
    let ones = reserve(slots.count)
    constants.append((ones, try FloatBuffer(repeating: 1, count: slots.count)))
    let styled = try styled(
      "b4.conv1", size: 4, slots, style(conv.affine, ws: 0), factors: ones, conv.noise)
    let kernel = try FastConv(
      fast, weight: conv.weight.buffer(), size: 4, inChannels: model.const.shape[0], outputs: slots,
      finish: finish(conv.activation, slots))
    let to = newMap(styled)
    step(styled) { [self] layout in
      let layer = styled.from(layout.place(from), to: layout.place(to))
      return ConvStep(
        kernel, layer, noise: layout.noise, riders: RowRiders(),
        map: featureMap(layer, at: layout.place(to)))
    }
    return to
  }

  /// A depthwise and pointwise pair.
  private mutating func separable(
    _ conv: SeparableConv, _ name: String, _ channels: Int, _ slots: ChannelSlots, size: Int,
    ws: Int, _ haar: SeparableStep.Haar?, from: Map
  ) throws(ObverseError) -> Map {
    let kernel = try FastSeparable(
      fast, depthwise: conv.depthwise.buffer(), pointwise: conv.pointwise.buffer(), size: size,
      inChannels: channels, outputs: slots, finish: finish(conv.activation, slots))
    let styled = try styled(
      name, size: size, slots, style(conv.affine, ws: ws), factors: 0, conv.noise)
    let to = newMap(styled)
    step(styled) { [self] layout in
      let layer = styled.from(layout.place(from), to: layout.place(to))
      return SeparableStep(
        kernel, layer, noise: layout.noise, haar: haar,
        map: featureMap(layer, at: layout.place(to)))
    }
    return to
  }

  /// Bands of the image, and their inverse Haar transform.
  private mutating func finish(
    _ toImage: ToImage, _ channels: Int, from: Map
  ) throws(ObverseError) {
    let size = model.resolution / 2
    let kernel = try FastToHaarImage(
      fast, weight: toImage.weight.buffer(), bias: toImage.bias.buffer(), clamp: toImage.clamp,
      size: size, inChannels: channels)
    let job = try style(toImage.affine, ws: model.wsCount - 1)
    image = reserve(model.imageChannels * model.resolution * model.resolution)
    let (image, bytes) = (image, bytes)
    step { layout in
      HaarImageStep(
        kernel, map: layout.place(from), style: job.style, image: image, name: "toimage",
        rows: size, bytes: bytes)
    }
  }
}
