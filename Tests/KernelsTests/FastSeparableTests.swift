import Kernels
import Testing

struct FastSeparableTests {
  private static let shapes = [
    Shape(1, 1, 4), Shape(3, 4, 8), Shape(4, 3, 16), Shape(7, 8, 8), Shape(8, 7, 4),
    Shape(9, 13, 16), Shape(13, 9, 8), Shape(16, 17, 8), Shape(17, 16, 16), Shape(26, 33, 4),
    Shape(33, 26, 8),
    Shape(400, 3, 16),  // several bands
  ]

  @Test(arguments: shapes)
  func agreesWithDouble(shape: Shape) {
    check(shape, Settings(), isHaar: false)
  }

  @Test(arguments: shapes)
  func readsAnInverseHaarTransform(shape: Shape) {
    check(shape, Settings(), isHaar: true)
  }

  @Test(arguments: Settings.all, [false, true])
  func finishes(settings: Settings, isHaar: Bool) {
    check(Shape(9, 17, 4), settings, isHaar: isHaar)
  }

  private func check(_ shape: Shape, _ settings: Settings, isHaar: Bool) {
    let size = shape.size
    var random = SplitMix64(seed: 3)
    // Half the size and four times the channels are as many numbers.
    let map = random.floats(shape.inChannels * size * size)
    let haarStyle = random.floats(4 * shape.inChannels)
    let style = random.floats(shape.inChannels)
    let depthwise = random.floats(shape.inChannels * 9)
    let pointwise = random.floats(shape.outChannels * shape.inChannels)
    let numbers = Numbers(settings, channels: shape.outChannels, size: size, &random)
    let source =
      isHaar
      ? Exact(map, size: size / 2).modulated(haarStyle).inverseHaar() : Exact(map, size: size)
    let sums = source.modulated(style).depthwise(depthwise).convolved(pointwise, kernel: 1)
    let exact = numbers.finished(sums, isDemodulated: false)

    for target in InstructionSet.available {
      let fast = Fast(target)
      let slots = ChannelSlots.plain(shape.inChannels, lanes: fast.lanes)
      let haarSlots = ChannelSlots.haar(4 * shape.inChannels, lanes: fast.lanes)
      let outputs = ChannelSlots.plain(shape.outChannels, lanes: fast.lanes)
      let from =
        isHaar
        ? BlockedMap(slots: haarSlots, size: size / 2, lanes: fast.lanes)
        : BlockedMap(slots: slots, size: size, lanes: fast.lanes)
      let to = BlockedMap(slots: outputs, size: size, lanes: fast.lanes)
      let layer = FastSeparable(
        fast, depthwise: depthwise, pointwise: pointwise, size: size,
        inChannels: shape.inChannels, outputs: outputs, finish: numbers.finish(outputs))

      var arena = Arena()
      let input = arena.place(from.blocks(map))
      let up = isHaar ? arena.place(haarSlots.spread(haarStyle)) : nil
      let output = arena.reserve(to.count)
      let places = numbers.places(
        &arena, input: input, style: arena.place(slots.spread(style)), output: output,
        slots: outputs)
      let scratch = arena.reserve(layer.scratchCount)
      let job = Job(
        arena: arena, rows: size, output: output..<(output + to.count),
        scratch: scratch..<(scratch + layer.scratchCount),
        written: { [to.range($0, at: output)] },
        run: { buffer, rows in
          layer.run(buffer, places, haarStyle: up, rows: rows, scratch: scratch)
          let range = to.range(rows, at: output)
          #expect(areFinite(buffer.read(at: range.lowerBound, count: range.count)))
        })
      #expect(exact.mismatch(to.planes(job.result("\(target)"))) == nil, "\(target)")
    }
  }
}
