import Kernels
import ModelFile

/// MobileStyleGAN's synthesis network, top to bottom.
extension PlanBuilder {
  /// From this size on maps are never whole: a step makes some rows, and the next one reads them.
  private static let leastFlow = 32

  mutating func mobile(
    _ conv1: StyledConv, _ blocks: [MobileBlock], _ toImage: ToImage
  ) throws(ObverseError) {
    zeroRow = reserveZeros(widestPrepared(conv1, blocks))
    var map = try first(conv1, from: constantMap(), isLast: blocks.isEmpty)
    var channels = conv1.weight.shape[0]
    var layers: [Block] = []
    for (i, block) in blocks.enumerated() {
      layers.append(try self.block(block, number: i, channels, isLast: i + 1 == blocks.count))
      channels = block.conv2.pointwise.shape[0]
    }
    let image = try imagePart(toImage, channels)
    // The prepared rows that the next block reads, once a block before it has made them.
    var carried: Rows?
    for (i, block) in layers.enumerated() {
      let prepared = carried ?? prepare(block.haar, from: map)
      guard block.size >= Self.leastFlow else {
        let middle = separable(block.conv1, from: prepared)
        map = separable(block.conv2, from: middle.rows).map
        continue
      }
      let middle = flow(block.conv1, from: prepared, nil)
      let next: Carried = i + 1 < layers.count ? .haar(layers[i + 1].haar) : .image(image)
      carried = flow(block.conv2, from: middle, next)
    }
    if carried == nil { finish(image, from: map) }
  }

  /// The rows of a map, or those that a flow makes.
  fileprivate enum Rows {
    case whole(Map, row: Int, count: Int)
    case flow(Int)
  }

  /// What is done to rows of a block's last map while they are in cache.
  private enum Carried {
    case haar(HaarPart)
    case image(HaarImagePart)
  }

  /// A depthwise and pointwise pair on its way into a plan.
  private struct Separable {
    let kernel: FastSeparable
    let layer: StyledLayer
    /// Place of its modulated depthwise weights.
    let weights: Int
  }

  private struct Block {
    /// Side of the output.
    let size: Int
    let haar: HaarPart
    let conv1, conv2: Separable
  }

  // MARK: Layers

  /// Floats of the longest row that an inverse Haar transform makes.
  private func widestPrepared(_ conv1: StyledConv, _ blocks: [MobileBlock]) -> Int {
    var channels = conv1.weight.shape[0]
    var widest = 0
    for (i, block) in blocks.enumerated() {
      widest = max(widest, FastHaar(fast, size: 4 << i, channels: channels / 4).outputRow)
      channels = block.conv2.pointwise.shape[0]
    }
    return widest
  }

  private mutating func block(
    _ block: MobileBlock, number: Int, _ channels: Int, isLast: Bool
  ) throws(ObverseError) -> Block {
    let size = 8 << number
    let name = "b\(size)"
    let ws = 1 + 3 * number
    let slots = ChannelSlots.haar(channels, lanes: fast.lanes)
    let up = reserve(slots.count)
    _ = try style(block.up, ws: ws) { (_) throws(ObverseError) in .haar(slots, place: up) }
    let middle = block.conv1.pointwise.shape[0]
    let last = block.conv2.pointwise.shape[0]
    let conv1 = try separable(
      block.conv1, "\(name).conv1", channels / 4, plain(middle), size: size, ws: ws,
      readsPrepared: true)
    let conv2 = try separable(
      block.conv2, "\(name).conv2", middle,
      isLast ? plain(last) : .haar(last, lanes: fast.lanes), size: size, ws: ws + 1,
      readsPrepared: false)
    let haar = HaarPart(
      name: "\(name).up", kernel: FastHaar(fast, size: size / 2, channels: channels / 4),
      size: size / 2, up: up, style: conv1.layer.places.style)
    return Block(size: size, haar: haar, conv1: conv1, conv2: conv2)
  }

  private mutating func separable(
    _ conv: SeparableConv, _ name: String, _ channels: Int, _ slots: ChannelSlots, size: Int,
    ws: Int, readsPrepared: Bool
  ) throws(ObverseError) -> Separable {
    let kernel = try FastSeparable(
      fast, depthwise: conv.depthwise.buffer(), pointwise: conv.pointwise.buffer(), size: size,
      inChannels: channels, outputs: slots, finish: finish(conv.activation, slots),
      readsPrepared: readsPrepared)
    let weights = reserve(kernel.weightCount)
    let job = try style(conv.affine, ws: ws) { (_) throws(ObverseError) in
      readsPrepared ? nil : .modulated(kernel, place: weights)
    }
    return Separable(
      kernel: kernel, layer: try styled(name, size: size, slots, job, factors: 0, conv.noise),
      weights: weights)
  }

  private mutating func imagePart(
    _ toImage: ToImage, _ channels: Int
  ) throws(ObverseError) -> HaarImagePart {
    let size = model.resolution / 2
    let kernel = try FastToHaarImage(
      fast, weight: toImage.weight.buffer(), bias: toImage.bias.buffer(), clamp: toImage.clamp,
      size: size, inChannels: channels)
    let modulated = reserve(kernel.weightCount)
    _ = try style(toImage.affine, ws: model.wsCount - 1) { (_) throws(ObverseError) in
      .modulated(kernel, place: modulated)
    }
    image = reserve(model.imageChannels * model.resolution * model.resolution)
    return HaarImagePart(
      kernel: kernel, size: size, modulated: modulated, image: image, bytes: bytes)
  }

  // MARK: Steps

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
      fast, stored: conv.weight.stored(fast), size: 4, inChannels: model.const.shape[0],
      outputs: slots,
      finish: finish(conv.activation, slots))
    let to = newMap(styled)
    step { [lanes = fast.lanes] layout in
      let layer = styled.from(layout.place(from), to: layout.place(to))
      return SmallConvStep(
        kernel, layer, map: FeatureMap(layer, at: layout.place(to), lanes: lanes))
    }
    return to
  }

  /// A whole inverse Haar transform.
  private mutating func prepare(_ haar: HaarPart, from: Map) -> Rows {
    let (row, count) = (haar.kernel.outputRow, 2 * haar.size)
    let to = newMap(floats: row * count)
    step { layout in
      HaarStep(
        haar, from: layout.place(from),
        to: MapRows(place: layout.place(to), row: row, held: count))
    }
    return .whole(to, row: row, count: count)
  }

  /// A depthwise and pointwise pair between whole maps.
  private mutating func separable(_ conv: Separable, from: Rows) -> (rows: Rows, map: Map) {
    let (kernel, size) = (conv.kernel, conv.layer.size)
    let to = newMap(conv.layer)
    let rows = Rows.whole(to, row: kernel.outputRow, count: size)
    let zeros = zeroRow
    // A worker needs all of the weights for its rows, and all of the input for its channels.
    let deals: SeparableStep.Deal = 2 * kernel.pairs >= size ? .outputs : .rows
    step { [lanes = fast.lanes] layout in
      SeparableStep(
        kernel, conv.layer,
        SeparablePlaces(
          input: layout.rows(from), output: layout.rows(rows), weights: conv.weights,
          zeros: zeros), deals,
        .none, map: FeatureMap(conv.layer, at: layout.place(to), lanes: lanes))
    }
    return (rows, to)
  }

  /// The same as a flow; gives what it makes, or what is made of that.
  private mutating func flow(_ conv: Separable, from: Rows, _ next: Carried?) -> Rows {
    let (kernel, size) = (conv.kernel, conv.layer.size)
    let number = design.nextFlow
    let zeros = zeroRow
    var (rowCount, doubles) = (kernel.outputRow, false)
    switch next {
    case .haar(let haar): (rowCount, doubles) = (haar.kernel.outputRow, true)
    case .image: rowCount = 0
    case nil: break
    }
    let flow = Flow(
      rowCount: rowCount, rows: size, together: max(128 / size, 32768 / kernel.outputRow, 1),
      doubles: doubles)
    step(flow) { layout in
      let rider: SeparableStep.Rider =
        switch next {
        case .haar(let haar): .haar(haar, to: layout.rows(.flow(number)))
        case .image(let image): .image(image)
        case nil: .none
        }
      return SeparableStep(
        kernel, conv.layer,
        SeparablePlaces(
          input: layout.rows(from), output: next == nil ? layout.rows(.flow(number)) : nil,
          weights: conv.weights, zeros: zeros), .rows, rider, map: nil)
    }
    return .flow(number)
  }

  /// The image of a network whose maps are all small.
  private mutating func finish(_ image: HaarImagePart, from: Map) {
    step { layout in HaarImageStep(image, map: layout.place(from)) }
  }
}

extension Layout {
  fileprivate func rows(_ rows: PlanBuilder.Rows) -> MapRows {
    switch rows {
    case .whole(let map, let row, let count): MapRows(place: place(map), row: row, held: count)
    case .flow(let number): self.rows(ofFlow: number)
    }
  }
}
