import Kernels
import Testing

/// Channels on both sides of each vector width and side of the map.
struct Shape: CustomStringConvertible, Sendable {
  let inChannels: Int
  let outChannels: Int
  let size: Int

  init(_ inChannels: Int, _ outChannels: Int, _ size: Int) {
    self.inChannels = inChannels
    self.outChannels = outChannels
    self.size = size
  }

  var description: String { "\(inChannels) -> \(outChannels) at \(size)" }
}

struct FastConvTests {
  @Test(
    arguments: [
      Shape(1, 1, 4), Shape(3, 4, 8), Shape(4, 3, 16), Shape(7, 8, 8), Shape(8, 7, 4),
      Shape(9, 13, 16), Shape(13, 9, 8), Shape(16, 17, 8), Shape(17, 16, 16), Shape(26, 33, 4),
      Shape(33, 26, 8), Shape(1, 33, 16),
      Shape(512, 3, 16),  // several bands
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
    var random = SplitMix64(seed: 1)
    let map = random.floats(shape.inChannels * size * size)
    let style = random.floats(shape.inChannels)
    let weight = random.floats(shape.outChannels * shape.inChannels * 9)
    let numbers = Numbers(settings, channels: shape.outChannels, size: size, &random)
    let exact = numbers.finished(
      Exact(map, size: size).modulated(style).convolved(weight, kernel: 3), isDemodulated: true)

    for target in InstructionSet.available {
      let fast = Fast(target)
      let slots = ChannelSlots.plain(shape.inChannels, lanes: fast.lanes)
      let outputs = ChannelSlots.plain(shape.outChannels, lanes: fast.lanes)
      let from = BlockedMap(slots: slots, size: size, lanes: fast.lanes)
      let to = BlockedMap(slots: outputs, size: size, lanes: fast.lanes)
      let layer = FastConv(
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
        scratch: scratch..<(scratch + layer.scratchCount),
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
