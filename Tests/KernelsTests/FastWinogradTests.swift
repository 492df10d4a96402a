import Kernels
import Testing

struct FastWinogradTests {
  @Test(
    arguments: [
      Shape(1, 1, 4), Shape(3, 4, 8), Shape(4, 3, 16), Shape(5, 7, 8), Shape(7, 8, 12),
      Shape(8, 5, 4), Shape(13, 16, 8), Shape(16, 17, 8), Shape(17, 16, 16), Shape(26, 33, 4),
      Shape(33, 26, 8), Shape(52, 13, 8), Shape(1, 33, 16), Shape(3, 5, 64), Shape(13, 7, 32),
      Shape(120, 3, 32),  // several bands
    ])
  func agreesWithDouble(shape: Shape) {
    check(shape, Settings())
  }

  @Test(arguments: Settings.all)
  func finishes(settings: Settings) {
    check(Shape(9, 17, 8), settings)
  }

  private func check(_ shape: Shape, _ settings: Settings) {
    let size = shape.size
    var random = SplitMix64(seed: 11)
    let map = random.floats(shape.inChannels * size * size)
    let style = random.floats(shape.inChannels)
    let weight = random.floats(shape.outChannels * shape.inChannels * 9)
    let numbers = Numbers(settings, channels: shape.outChannels, size: size, &random)
    let exact = numbers.finished(
      Exact(map, size: size).modulated(style)
        .convolved(weight, rows: .fourByThree, columns: .fourByThree),
      isDemodulated: true)

    for target in InstructionSet.available {
      let fast = Fast(target)
      let slots = ChannelSlots.plain(shape.inChannels, lanes: fast.lanes)
      let outputs = ChannelSlots.plain(shape.outChannels, lanes: fast.lanes)
      let from = BlockedMap(slots: slots, size: size, lanes: fast.lanes)
      let to = BlockedMap(slots: outputs, size: size, lanes: fast.lanes)
      let layer = FastWinograd(
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
        arena: arena, rows: size, output: output..<(output + to.count),
        scratch: scratch..<(scratch + layer.scratchCount), multiple: layer.rowMultiple,
        written: { [to.range($0, at: output)] },
        run: { buffer, rows in
          var next = rows.lowerBound
          layer.run(buffer, places, rows: rows, scratch: scratch) { band in
            // Bands come in order and are done when they are shown.
            #expect(band.lowerBound == next && !band.isEmpty)
            next = band.upperBound
            let range = to.range(band, at: output)
            #expect(areFinite(buffer.read(at: range.lowerBound, count: range.count)))
          }
          #expect(next == rows.upperBound)
        })
      #expect(exact.mismatch(to.planes(job.result("\(target)"))) == nil, "\(target)")
    }
  }
}
