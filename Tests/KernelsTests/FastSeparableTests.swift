import Core
import Kernels
import Testing

struct FastSeparableTests {
  private static let shapes = [
    Shape(1, 1, 4), Shape(3, 4, 8), Shape(4, 3, 16), Shape(7, 8, 8), Shape(8, 7, 4),
    Shape(9, 13, 16), Shape(13, 9, 8), Shape(16, 17, 8), Shape(17, 16, 16), Shape(26, 33, 4),
    Shape(33, 26, 8),
    Shape(400, 3, 16),  // several bands
  ]

  @Test(arguments: shapes, [false, true])
  func agreesWithDouble(shape: Shape, deals: Bool) throws {
    let trial = Trial(shape, Settings())
    try trial.checkMap(deals: deals)
  }

  @Test(arguments: shapes)
  func readsAnInverseHaarTransform(shape: Shape) throws {
    try Trial(shape, Settings()).checkHaar()
  }

  @Test(arguments: Settings.all, [false, true])
  func finishes(settings: Settings, isHaar: Bool) throws {
    let trial = Trial(Shape(9, 17, 4), settings)
    if isHaar { try trial.checkHaar() } else { try trial.checkMap(deals: true) }
  }

  /// Maps of which some rows exist at a time give the bytes of whole ones.
  @Test(
    arguments: [Shape(3, 4, 8), Shape(17, 16, 16), Shape(26, 33, 4), Shape(300, 3, 16)],
    [false, true])
  func keepsRowsOneOverTheOther(shape: Shape, readsPrepared: Bool) throws {
    let size = shape.size
    let trial = Trial(shape, Settings())
    for set in InstructionSet.available {
      let fast = Fast(set)
      let outputs = ChannelSlots.plain(shape.outChannels, lanes: fast.lanes)
      let layer = try trial.layer(
        fast, outputs, try trial.base.numbers.finish(outputs), readsPrepared)
      var random = SplitMix64(seed: 5)
      var arena = Arena()
      // Prepared rows need no border here: what is beside a map is as good as anything.
      let whole = MapRows(
        place: arena.place(random.floats(layer.inputRow * size)), row: layer.inputRow, held: size)
      let target = MapRows(
        place: arena.reserve(layer.outputRow * size), row: layer.outputRow, held: size)
      let window = MapRows(
        place: arena.reserve(layer.inputRow * 4), row: layer.inputRow, held: 4)
      let few = MapRows(
        place: arena.reserve(layer.outputRow * 3), row: layer.outputRow, held: 3)
      let weights = arena.place(random.floats(layer.weightCount))
      let zeros = arena.place([Float](repeating: 0, count: layer.inputRow))
      let scratch = arena.reserve(layer.scratchCount(keepsRows: false))
      let at = trial.base.numbers.places(
        &arena, input: 0, style: 0, output: 0, slots: outputs)
      func places(_ input: MapRows, _ output: MapRows?) -> SeparablePlaces {
        SeparablePlaces(input: input, output: output, weights: weights, zeros: zeros)
      }
      let buffer = FloatBuffer.of(arena.floats)
      layer.run(buffer, at, places(whole, target), rows: 0..<size, scratch: scratch) { _, _ in }
      let wanted = buffer.read(at: target.place, count: target.count)

      var copied = 0
      var first = 0
      while first < size {
        let rows = first..<min(first + 2, size)
        while copied < min(rows.upperBound + 1, size) {
          let row = buffer.read(at: whole.place + copied * whole.row, count: whole.row)
          buffer.write(row, at: window.ranges(copied..<(copied + 1))[0].lowerBound)
          copied += 1
        }
        let access = layer.access(at, places(window, few), rows: rows)
        let input = max(rows.lowerBound - 1, 0)..<min(rows.upperBound + 1, size)
        #expect(access.reads.dropLast() == window.ranges(input)[...])
        #expect(access.writes == few.ranges(rows))
        for output in [few, nil] {
          var next = rows.lowerBound
          layer.run(buffer, at, places(window, output), rows: rows, scratch: scratch) { y, row in
            #expect(y == next)
            next += 1
            #expect(output == nil || few.ranges(y..<(y + 1))[0].lowerBound == row)
            let found = buffer.read(at: row, count: few.row)
            let isSame = areSameBits(found, Array(wanted[(y * few.row)..<((y + 1) * few.row)]))
            #expect(isSame, "\(set) row \(y)")
          }
          #expect(next == rows.upperBound)
        }
        first = rows.upperBound
      }
    }
  }

  /// A layer's numbers, in front of it a map or an inverse Haar transform.
  private struct Trial {
    let base: LayerTrial
    let shape: Shape
    let haarStyle: [Float]
    let depthwise: [Float]

    init(_ shape: Shape, _ settings: Settings) {
      self.shape = shape
      base = LayerTrial(shape, settings, seed: 3, kernel: 1)
      var random = SplitMix64(seed: 4)
      haarStyle = random.floats(4 * shape.inChannels)
      depthwise = random.floats(shape.inChannels * 9)
    }

    func layer(
      _ fast: Fast, _ outputs: ChannelSlots, _ finish: Finish, _ readsPrepared: Bool
    ) throws(ObverseError) -> FastSeparable {
      try FastSeparable(
        fast, depthwise: .of(depthwise), pointwise: .of(base.weight), size: shape.size,
        inChannels: shape.inChannels, outputs: outputs, finish: finish,
        readsPrepared: readsPrepared)
    }

    private func expected(_ source: Exact) -> Exact {
      source.modulated(base.style).depthwise(depthwise).convolved(base.weight, kernel: 1)
    }

    func checkMap(deals: Bool) throws {
      try base.expect(expected(Exact(base.map, size: shape.size)), isDemodulated: false) {
        (fast, outputs, finish, _) throws(ObverseError) in
        try .init(layer(fast, outputs, finish, false), size: shape.size, deals: deals)
      }
    }

    func checkHaar() throws {
      // Half the size and four times the channels are as many numbers.
      let source = Exact(base.map, size: shape.size / 2).modulated(haarStyle).inverseHaar()
      try base.expect(expected(source), isDemodulated: false, from: .haar) {
        (fast, outputs, finish, arena) throws(ObverseError) in
        let slots = ChannelSlots.haar(4 * shape.inChannels, lanes: fast.lanes)
        let layer = try layer(fast, outputs, finish, true)
        return .init(
          FastHaar(fast, size: shape.size / 2, channels: shape.inChannels), layer,
          up: arena.place(slots.spread(haarStyle)),
          zeros: arena.place([Float](repeating: 0, count: layer.inputRow)), size: shape.size)
      }
    }
  }
}
