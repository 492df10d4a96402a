import Kernels
import Testing

struct FastWinogradUpConvTests {
  @Test(
    arguments: [
      Shape(1, 1, 8), Shape(3, 4, 8), Shape(4, 3, 16), Shape(5, 7, 12), Shape(7, 8, 8),
      Shape(8, 5, 4), Shape(13, 16, 8), Shape(16, 17, 8), Shape(17, 16, 16), Shape(26, 33, 8),
      Shape(33, 26, 8), Shape(52, 13, 8), Shape(1, 33, 16),
      Shape(3, 5, 32), Shape(2, 3, 64),  // several bands
    ])
  func agreesWithDouble(shape: Shape) throws {
    try check(shape, Settings())
  }

  @Test(arguments: Settings.all)
  func finishes(settings: Settings) throws {
    try check(Shape(9, 17, 8), settings)
  }

  private func check(_ shape: Shape, _ settings: Settings) throws {
    let size = shape.size
    var random = SplitMix64(seed: 12)
    let map = random.floats(shape.inChannels * size * size)
    let style = random.floats(shape.inChannels)
    let weight = random.floats(shape.outChannels * shape.inChannels * 9)
    let numbers = Numbers(settings, channels: shape.outChannels, size: 2 * size, &random)
    let exact = numbers.finished(
      Exact(map, size: size).modulated(style).upConvolved(weight, by: .transposed),
      isDemodulated: true)

    for target in InstructionSet.available {
      let fast = Fast(target)
      let slots = ChannelSlots.plain(shape.inChannels, lanes: fast.lanes)
      let outputs = ChannelSlots.plain(shape.outChannels, lanes: fast.lanes)
      let from = BlockedMap(slots: slots, size: size, lanes: fast.lanes)
      let to = BlockedMap(slots: outputs, size: 2 * size, lanes: fast.lanes)
      let layer = try FastWinogradUpConv(
        fast, weight: .of(weight), size: size, inChannels: shape.inChannels, outputs: outputs,
        finish: numbers.finish(outputs))
      let rawRow = layer.rawCount / (2 * size + 3)

      var arena = Arena()
      let input = arena.place(from.packed(map))
      let raw = arena.reserve(layer.rawCount)
      let places = LayerPlaces(
        input: input, style: arena.place(slots.spread(style)), output: raw)
      let scratch = arena.reserve(layer.scratchCount)
      let transposition = Job(
        arena: arena, rows: size, output: raw..<(raw + layer.rawCount),
        scratch: scratch..<(scratch + layer.scratchCount),
        multiple: FastWinogradUpConv.rowMultiple,
        written: { rows in
          // Two raw rows for each input row, behind row -1; two more behind the last.
          let first = rows.lowerBound == 0 ? 0 : 2 * rows.lowerBound + 1
          let last = rows.upperBound == size ? 2 * size + 3 : 2 * rows.upperBound + 1
          return [(raw + first * rawRow)..<(raw + last * rawRow)]
        },
        run: { layer.transpose($0, places, rows: $1, scratch: scratch) })
      let found = transposition.result("\(target)")
      #expect(areFinite(found), "\(target): borders and unused lanes too")

      var next = Arena()
      let source = next.place(found)
      let output = next.reserve(to.count)
      let ends = numbers.places(&next, input: source, style: 0, output: output, slots: outputs)
      let own = next.reserve(layer.scratchCount)
      let filter = Job(
        arena: next, rows: 2 * size, output: output..<(output + to.count),
        scratch: own..<(own + layer.scratchCount),
        written: { [to.range($0, at: output)] },
        run: { layer.run($0, ends, rows: $1, scratch: own) })
      let finished = filter.result("\(target)")
      #expect(areFinite(finished), "\(target): unused lanes too")
      #expect(exact.mismatch(to.planes(finished)) == nil, "\(target)")
    }
  }
}
