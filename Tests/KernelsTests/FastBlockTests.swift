import Kernels
import Testing

/// A block draws band by band what its two convolutions draw on whole maps.
struct FastBlockTests {
  @Test(
    arguments: [
      Shape(3, 5, 16), Shape(7, 4, 32), Shape(26, 13, 32), Shape(13, 7, 64), Shape(2, 300, 16),
    ], [false, true])
  func drawsWhatItsPlanarConvolutionsDraw(shape: Shape, keepsMap: Bool) throws {
    let layers = Layers(shape, seed: 16)
    for target in InstructionSet.available where Fast(target).lanes <= layers.half {
      let fast = Fast(target)
      func slots(_ count: Int) -> ChannelSlots { .plain(count, lanes: fast.lanes) }
      let up = try FastPlanarUpConv(
        fast, weight: .of(layers.upWeight), size: layers.half, inChannels: layers.inChannels,
        outChannels: layers.middle, readsPlanar: true,
        finish: layers.upNumbers.finish(slots(layers.middle)))
      let same = try FastPlanarConv(
        fast, weight: .of(layers.sameWeight), size: layers.size, inChannels: layers.middle,
        outputs: slots(layers.outChannels),
        finish: layers.sameNumbers.finish(slots(layers.outChannels)))
      expectTheSame(
        layers, up, same, fast,
        input: PlanarMap(channels: layers.inChannels, size: layers.half).packed(layers.map),
        middleRow: layers.middle * layers.size, outRow: layers.outChannels * layers.size,
        keepsMap: keepsMap)
    }
  }

  @Test(
    arguments: [Shape(3, 5, 16), Shape(52, 26, 16), Shape(20, 33, 32), Shape(8, 300, 16)],
    [false, true])
  func drawsWhatItsFilterAndConvolutionDraw(shape: Shape, isDirect: Bool) throws {
    let layers = Layers(shape, seed: 17)
    for target in InstructionSet.available {
      let fast = Fast(target)
      func slots(_ count: Int) -> ChannelSlots { .plain(count, lanes: fast.lanes) }
      let up = try FastWinogradUpConv(
        fast, weight: .of(layers.upWeight), size: layers.half, inChannels: layers.inChannels,
        outputs: slots(layers.middle), finish: layers.upNumbers.finish(slots(layers.middle)))
      let outputs = slots(layers.outChannels)
      let finish = try layers.sameNumbers.finish(outputs)
      let same: any ConvLayer =
        isDirect
        ? try FastConv(
          fast, weight: .of(layers.sameWeight), size: layers.size, inChannels: layers.middle,
          outputs: outputs, finish: finish)
        : try FastWinograd(
          fast, weight: .of(layers.sameWeight), size: layers.size, inChannels: layers.middle,
          outputs: outputs, finish: finish)
      let raw = layers.transposed(up, fast)
      for keepsMap in [false, true] {
        expectTheSame(
          layers, up, same, fast, input: raw, middleRow: slots(layers.middle).count * layers.size,
          outRow: outputs.count * layers.size, keepsMap: keepsMap)
      }
    }
  }

  /// Random weights and numbers of a block's two convolutions, and a map to read.
  private struct Layers {
    let half, size, inChannels, middle, outChannels: Int
    let map, upWeight, sameWeight: [Float]
    let styles: [[Float]]
    let upNumbers, sameNumbers: Numbers

    init(_ shape: Shape, seed: UInt64) {
      (half, size) = (shape.size, 2 * shape.size)
      (inChannels, middle) = (shape.inChannels, shape.outChannels)
      outChannels = shape.outChannels / 2 + 1
      var random = SplitMix64(seed: seed)
      map = random.floats(inChannels * half * half)
      styles = [random.floats(inChannels), random.floats(middle)]
      upWeight = random.floats(middle * inChannels * 9)
      sameWeight = random.floats(outChannels * middle * 9)
      upNumbers = Numbers(Settings(), channels: middle, size: size, &random)
      sameNumbers = Numbers(Settings(), channels: outChannels, size: size, &random)
    }

    /// The raw map of an up-convolution.
    func transposed(_ up: FastWinogradUpConv, _ fast: Fast) -> [Float] {
      let slots = ChannelSlots.plain(inChannels, lanes: fast.lanes)
      var arena = Arena()
      let input = arena.place(BlockedMap(slots: slots, size: half, lanes: fast.lanes).packed(map))
      let raw = arena.reserve(up.rawCount)
      let style = arena.place(slots.spread(styles[0]))
      let scratch = arena.reserve(up.scratchCount)
      let buffer = FloatBuffer.of(arena.floats)
      up.transpose(
        buffer, LayerPlaces(input: input, style: style, output: raw), rows: 0..<half,
        scratch: scratch)
      return buffer.read(at: raw, count: up.rawCount)
    }
  }

  /// Compares whole maps, one layer behind the other, with the block's bands.
  private func expectTheSame(
    _ layers: Layers, _ up: any RowSource, _ same: any ConvLayer, _ fast: Fast, input: [Float],
    middleRow: Int, outRow: Int, keepsMap: Bool
  ) {
    func slots(_ count: Int) -> ChannelSlots { .plain(count, lanes: fast.lanes) }
    let size = layers.size
    let block = FastBlock(
      up, same, size: size, middleRow: middleRow, outRow: outRow, keepsMap: keepsMap)
    var arena = Arena()
    let from = arena.place(input)
    let whole = arena.reserve(middleRow * size)
    let output = arena.reserve(outRow * size)
    let atUp = layers.upNumbers.places(
      &arena, input: from, style: arena.place(slots(layers.inChannels).spread(layers.styles[0])),
      output: whole, slots: slots(layers.middle))
    var atSame = layers.sameNumbers.places(
      &arena, input: whole, style: arena.place(slots(layers.middle).spread(layers.styles[1])),
      output: output, slots: slots(layers.outChannels))
    let scratch = arena.reserve(max(block.scratchCount, up.scratchCount, same.scratchCount))

    let buffer = FloatBuffer.of(arena.floats)
    _ = up.run(buffer, atUp, rows: 0..<size, scratch: scratch, continuing: 0)
    same.run(buffer, atSame, rows: 0..<size, scratch: scratch) { _ in }
    let wanted = buffer.read(at: output, count: outRow * size)

    if !keepsMap { atSame.output = 0 }
    let places = atSame
    let job = Job(
      arena: arena, rows: size, output: output..<(output + outRow * size),
      scratch: scratch..<(scratch + block.scratchCount), multiple: 4,
      written: { [(output + $0.lowerBound * outRow)..<(output + $0.upperBound * outRow)] },
      run: { buffer, rows in
        block.run(
          buffer, atUp, places, drawUp: nil, drawSame: nil, rows: rows, scratch: scratch
        ) { band, map in
          // What is not kept is shown while it lasts.
          guard !keepsMap else { return }
          let shown = buffer.read(at: map + band.lowerBound * outRow, count: band.count * outRow)
          buffer.write(shown, at: output + band.lowerBound * outRow)
        }
      })
    #expect(
      areSameBits(job.result("\(fast.instructionSet)"), wanted),
      "\(fast.instructionSet) \(keepsMap)")
  }
}
