import Kernels
import Testing

struct InstructionSetTests {
  @Test func areOrderedByWidth() {
    let lanes = InstructionSet.available.map { Fast($0).lanes }
    #expect([.baseline, .neon].contains(InstructionSet.available[0]))
    #expect(lanes == lanes.sorted() && Set(lanes).count == lanes.count)
    for target in InstructionSet.available {
      let fast = Fast(target)
      #expect(fast.instructionSet == target)
      for channels in 1...33 {
        let spare = fast.blocks(channels) * fast.lanes - channels
        #expect(spare >= 0 && spare < fast.lanes)
      }
    }
  }

  /// Two results that each keep the bound are at most twice the bound apart; a layer behind a layer
  /// adds to it what the first one's error makes.
  @Test func agreeOverTwoLayers() throws {
    let (channels, size) = (17, 8)
    var random = SplitMix64(seed: 10)
    let map = random.floats(channels * size * size)
    let style = random.floats(channels)
    let weights = [random.floats(channels * channels * 9), random.floats(channels * channels * 9)]
    let numbers = [
      Numbers(Settings(), channels: channels, size: size, &random),
      Numbers(Settings(), channels: channels, size: 2 * size, &random),
    ]
    let first = numbers[0].finished(
      Exact(map, size: size).modulated(style).convolved(weights[0], kernel: 3),
      isDemodulated: true)
    let exact = numbers[1].finished(
      first.modulated(style).upConvolved(weights[1]), isDemodulated: true)

    var results: [[Float]] = []
    for target in InstructionSet.available {
      let fast = Fast(target)
      let slots = ChannelSlots.plain(channels, lanes: fast.lanes)
      let small = BlockedMap(slots: slots, size: size, lanes: fast.lanes)
      let large = BlockedMap(slots: slots, size: 2 * size, lanes: fast.lanes)
      let conv = try FastConv(
        fast, weight: .of(weights[0]), size: size, inChannels: channels, outputs: slots,
        finish: numbers[0].finish(slots))
      let upConv = try FastUpConv(
        fast, weight: .of(weights[1]), size: size, inChannels: channels, outputs: slots,
        finish: numbers[1].finish(slots))
      var arena = Arena()
      let input = arena.place(small.packed(map))
      let middle = arena.reserve(small.count)
      let output = arena.reserve(large.count)
      let styleAt = arena.place(slots.spread(style))
      let scratch = arena.reserve(max(conv.scratchCount, upConv.scratchCount))
      let places = [
        numbers[0].places(&arena, input: input, style: styleAt, output: middle, slots: slots),
        numbers[1].places(&arena, input: middle, style: styleAt, output: output, slots: slots),
      ]
      let buffer = FloatBuffer.of(arena.floats)
      conv.run(buffer, places[0], rows: 0..<size, scratch: scratch) { _ in }
      upConv.run(buffer, places[1], rows: 0..<(2 * size), scratch: scratch)
      results.append(large.planes(buffer.read(at: output, count: large.count)))
    }
    for (target, found) in zip(InstructionSet.available, results) {
      #expect(exact.mismatch(found) == nil, "\(target)")
      let isNear = found.indices.allSatisfy {
        abs(Double(found[$0]) - Double(results[0][$0])) <= 2 * exact.bound($0)
      }
      #expect(isNear, "\(target)")
    }
  }
}
