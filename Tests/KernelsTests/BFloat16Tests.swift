import Kernels
import Testing

/// `Precision.bf16` against a computation that rounds in the same places.
struct BFloat16Tests {
  @Test func roundsToNearestEven() {
    func bits(_ pattern: UInt32) -> UInt16 { BFloat16.bits(of: Float(bitPattern: pattern)) }
    #expect(bits(0x3f80_0000) == 0x3f80 && bits(0xbf80_0000) == 0xbf80)
    // Halfway goes to the even one, a bit more goes up, a bit less down.
    #expect(bits(0x3f80_8000) == 0x3f80 && bits(0x3f81_8000) == 0x3f82)
    #expect(bits(0x3f80_8001) == 0x3f81 && bits(0x3f81_7fff) == 0x3f81)
    #expect(bits(0x7f7f_ffff) == 0x7f80 && bits(0xff80_0000) == 0xff80)
    #expect(BFloat16.rounded(.nan).isNaN && BFloat16.rounded(Float(bitPattern: 0x7f80_0001)).isNaN)
    #expect(BFloat16.rounded(1.5) == 1.5 && BFloat16.rounded(-0.0).sign == .minus)
  }

  @Test func isForAVX512Alone() {
    for set in InstructionSet.allCases {
      #expect(Precision.float32.isAvailable(with: set))
      #expect(!Precision.bf16.isAvailable(with: set) || set == .avx512)
    }
  }

  /// Filtered rows are those of float32, rounded, and each sum of products is as good as float32's.
  ///
  /// Whole, by rows from the end and by pairs of blocks it is the same bits.
  @Test(
    .enabled(if: Precision.bf16.isAvailable(with: .avx512)),
    arguments: [
      Shape(1, 1, 4), Shape(3, 4, 8), Shape(16, 17, 8), Shape(17, 16, 16), Shape(33, 26, 8),
      Shape(39, 103, 16), Shape(8, 40, 20), Shape(400, 3, 16),
    ], [false, true])
  func roundsInputsAndWeights(shape: Shape, readsPrepared: Bool) throws {
    let (size, channels) = (shape.size, shape.inChannels)
    let fast = Fast(.avx512, .bf16)
    let lanes = fast.lanes
    let outputs = ChannelSlots.plain(shape.outChannels, lanes: lanes)
    var random = SplitMix64(seed: 12)
    let depthwise = random.floats(channels * 9)
    let pointwise = random.floats(shape.outChannels * channels)
    for settings in [Settings(), Settings(clamp: 0.75), Settings(gain: 1)] {
      let numbers = Numbers(settings, channels: shape.outChannels, size: size, &random)
      let layer = try FastSeparable(
        fast, depthwise: .of(depthwise), pointwise: .of(pointwise), size: size,
        inChannels: channels, outputs: outputs, finish: numbers.finish(outputs),
        readsPrepared: readsPrepared)
      #expect(layer.precision == .bf16)
      var arena = Arena()
      let map = random.floats(layer.inputRow * size)
      let style = random.floats(channels)
      let input = MapRows(place: arena.place(map), row: layer.inputRow, held: size)
      let output = MapRows(
        place: arena.reserve(layer.outputRow * size), row: layer.outputRow, held: size)
      let styleAt = arena.place(ChannelSlots.plain(channels, lanes: lanes).spread(style))
      let weights = arena.reserve(layer.weightCount)
      let zeros = arena.place([Float](repeating: 0, count: layer.inputRow))
      let scratch = arena.reserve(layer.scratchCount(keepsRows: true))
      let at = numbers.places(&arena, input: 0, style: 0, output: 0, slots: outputs)
      let places = SeparablePlaces(input: input, output: output, weights: weights, zeros: zeros)

      func found(_ parts: [(rows: Range<Int>, pairs: Range<Int>?)]) -> [Float] {
        let buffer = FloatBuffer.of(arena.floats)
        if !readsPrepared { layer.modulate(buffer, style: styleAt, into: weights) }
        for part in parts {
          layer.run(
            buffer, at, places, rows: part.rows, pairs: part.pairs, scratch: scratch
          ) { _, _ in }
        }
        return buffer.read(at: output.place, count: output.count)
      }
      let whole = found([(0..<size, nil)])
      #expect(areSameBits(found((0..<size).reversed().map { ($0..<($0 + 1), nil) }), whole))
      #expect(areSameBits(found((0..<layer.pairs).map { (0..<size, $0..<($0 + 1)) }), whole))

      let filtered = Self.filtered(
        map, style: readsPrepared ? nil : style, depthwise, channels: channels, size: size,
        lanes: lanes)
      let sums = Exact(filtered.map(BFloat16.rounded), size: size)
        .convolved(pointwise.map(BFloat16.rounded), kernel: 1)
      let exact = numbers.finished(sums, isDemodulated: false)
      let planes = BlockedMap(slots: outputs, size: size, lanes: lanes).planes(whole)
      #expect(exact.mismatch(planes) == nil, "\(settings)")
      // The rounding is there: sums of what is not rounded lie outside.
      let unrounded = numbers.finished(
        Exact(filtered, size: size).convolved(pointwise, kernel: 1), isDemodulated: false)
      #expect(unrounded.mismatch(planes) != nil)
    }
  }

  /// Rows through a depthwise 3x3 in the kernels' own order, as planes: from a map of blocks by columns,
  /// the style in the weights, or from prepared rows by rows.
  private static func filtered(
    _ map: [Float], style: [Float]?, _ depthwise: [Float], channels: Int, size: Int, lanes: Int
  ) -> [Float] {
    let blocks = (channels + lanes - 1) / lanes
    let width = style == nil ? size + 2 : size
    var planes: [Float] = []
    for c in 0..<channels {
      func value(_ y: Int, _ x: Int) -> Float {
        map[((y * blocks + c / lanes) * width + x) * lanes + c % lanes]
      }
      for y in 0..<size {
        for x in 0..<size {
          var sum: Float = 0
          for step in 0..<9 {
            let (ky, kx) = style == nil ? (step / 3, step % 3) : (step % 3, step / 3)
            let (row, column) = (y + ky - 1, style == nil ? x + kx : x + kx - 1)
            guard (0..<size).contains(row), (0..<width).contains(column) else { continue }
            let weight = depthwise[c * 9 + 3 * ky + kx] * (style?[c] ?? 1)
            sum = sum.addingProduct(value(row, column), weight)
          }
          planes.append(sum)
        }
      }
    }
    return planes
  }
}
