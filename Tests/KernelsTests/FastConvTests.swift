import Core
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
  func agreesWithDouble(shape: Shape) throws {
    try check(shape, Settings())
  }

  @Test(arguments: Settings.all)
  func finishes(settings: Settings) throws {
    try check(Shape(9, 17, 4), settings)
  }

  /// A map of 4 x 4 dealt out over output channels, its weights as a file has them, has the bits of whole
  /// rows with floats.
  @Test(arguments: [(1, 1), (3, 16), (9, 17), (17, 33), (33, 50), (40, 7)])
  func readsStoredWeights(inChannels: Int, outChannels: Int) throws {
    var random = SplitMix64(seed: 2)
    let count = outChannels * inChannels * 9
    let steps = (0..<count).map { _ in Int8(truncatingIfNeeded: random.next()) }
    let scales = random.floats(outChannels)
    let halves = (0..<count).map { _ in UInt16(truncatingIfNeeded: random.next()) & 0xbbff }
    let halfBytes = halves.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    let trial = LayerTrial(Shape(inChannels, outChannels, 4), Settings(), seed: 1)
    for set in InstructionSet.available {
      let fast = Fast(set)
      var pairs: [(StoredWeights, [Float])] = [
        (
          .bytes(
            ByteBuffer(borrowing: Bytes(steps.map { UInt8(bitPattern: $0) })),
            scales: .of(scales)),
          steps.indices.map { Float(steps[$0]) * scales[$0 / (9 * inChannels)] }
        )
      ]
      if fast.kernels.readsHalves {
        pairs.append(
          (
            .halves(HalfBuffer(borrowing: Bytes(halfBytes))),
            halves.map { Half.float(fromFloat16: $0) }
          ))
      }
      let outputs = ChannelSlots.plain(outChannels, lanes: fast.lanes)
      let inputs = ChannelSlots.plain(inChannels, lanes: fast.lanes)
      for (stored, weight) in pairs {
        var arena = Arena()
        let map = LayerTrial.Kind.blocks.layout(inChannels, size: 4, fast)
        let input = arena.place(map.packed(trial.map))
        let places = trial.numbers.places(
          &arena, input: input, style: arena.place(inputs.spread(trial.style)),
          output: arena.reserve(outputs.count * 16), slots: outputs)
        let finish = try trial.numbers.finish(outputs)
        let layers = try [stored, .floats(.of(weight))].map { (weights) throws(ObverseError) in
          try FastConv(
            fast, stored: weights, size: 4, inChannels: inChannels, outputs: outputs,
            finish: finish)
        }
        let scratch = arena.reserve(layers[0].scratchCount)
        let (found, wanted) = (FloatBuffer.of(arena.floats), FloatBuffer.of(arena.floats))
        for pair in (0..<layers[0].pairs).reversed() {
          layers[0].run(found, places, pairs: pair..<(pair + 1), scratch: scratch)
        }
        for y in 0..<4 {
          layers[1].run(wanted, places, rows: y..<(y + 1), scratch: scratch) { _ in }
        }
        let maps = [found, wanted].map { $0.read(at: places.output, count: outputs.count * 16) }
        #expect(areFinite(maps[1]) && areSameBits(maps[0], maps[1]), "\(set)")
      }
    }
  }

  private func check(_ shape: Shape, _ settings: Settings) throws {
    let trial = LayerTrial(shape, settings, seed: 1)
    try trial.expect(trial.modulated.convolved(trial.weight, kernel: 3)) {
      (fast, outputs, finish, _) throws(ObverseError) in
      .init(
        try FastConv(
          fast, weight: .of(trial.weight), size: shape.size, inChannels: shape.inChannels,
          outputs: outputs, finish: finish))
    }
  }
}
