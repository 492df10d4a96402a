import Kernels
import Testing

struct FastUpConvTests {
  @Test(
    arguments: [
      Shape(1, 1, 4), Shape(3, 4, 8), Shape(4, 3, 4), Shape(7, 8, 8), Shape(8, 7, 4),
      Shape(9, 13, 8), Shape(13, 9, 4), Shape(16, 17, 8), Shape(17, 16, 4), Shape(26, 33, 4),
      Shape(33, 26, 8), Shape(3, 3, 1), Shape(2, 5, 16),
      Shape(2, 400, 8),  // several bands
      Shape(1, 1700, 8),  // bands of two rows
    ])
  func agreesWithDouble(shape: Shape) {
    check(shape, Settings())
  }

  @Test(arguments: Settings.all)
  func finishes(settings: Settings) {
    check(Shape(9, 17, 4), settings)
  }

  private func check(_ shape: Shape, _ settings: Settings) {
    let size = shape.size
    var random = SplitMix64(seed: 2)
    let map = random.floats(shape.inChannels * size * size)
    let style = random.floats(shape.inChannels)
    let weight = random.floats(shape.outChannels * shape.inChannels * 9)
    let numbers = Numbers(settings, channels: shape.outChannels, size: 2 * size, &random)
    let exact = numbers.finished(
      Exact(map, size: size).modulated(style).upConvolved(weight), isDemodulated: true)

    for target in InstructionSet.available {
      let fast = Fast(target)
      let slots = ChannelSlots.plain(shape.inChannels, lanes: fast.lanes)
      let outputs = ChannelSlots.plain(shape.outChannels, lanes: fast.lanes)
      let from = BlockedMap(slots: slots, size: size, lanes: fast.lanes)
      let to = BlockedMap(slots: outputs, size: 2 * size, lanes: fast.lanes)
      let layer = FastUpConv(
        fast, weight: weight, size: size, inChannels: shape.inChannels, outputs: outputs,
        finish: numbers.finish(outputs))

      var arena = Arena()
      let input = arena.place(from.blocks(map))
      let output = arena.reserve(to.count)
      let places = numbers.places(
        &arena, input: input, style: arena.place(slots.spread(style)), output: output,
        slots: outputs)
      let scratch = arena.reserve(layer.scratchCount)
      let job = Job(
        arena: arena, rows: 2 * size, output: output..<(output + to.count),
        scratch: scratch..<(scratch + layer.scratchCount),
        written: { [to.range($0, at: output)] },
        run: { layer.run($0, places, rows: $1, scratch: scratch) })
      let found = job.result("\(target)")
      #expect(areFinite(found), "\(target): unused lanes too")
      #expect(exact.mismatch(to.planes(found)) == nil, "\(target)")
    }
  }
}
