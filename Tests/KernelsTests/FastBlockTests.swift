import Kernels
import Testing

/// A block draws band by band what its two convolutions draw on whole maps.
struct FastBlockTests {
  @Test(
    arguments: [
      Shape(3, 5, 16), Shape(7, 4, 32), Shape(26, 13, 32), Shape(13, 7, 64), Shape(2, 300, 16),
    ], [false, true])
  func drawsWhatItsPlanarConvolutionsDraw(shape: Shape, keepsMap: Bool) {
    let (half, size) = (shape.size, 2 * shape.size)
    let (inChannels, middle) = (shape.inChannels, shape.outChannels)
    let outChannels = shape.outChannels / 2 + 1
    var random = SplitMix64(seed: 16)
    let map = random.floats(inChannels * half * half)
    let styles = [random.floats(inChannels), random.floats(middle)]
    let upWeight = random.floats(middle * inChannels * 9)
    let sameWeight = random.floats(outChannels * middle * 9)
    let upNumbers = Numbers(Settings(), channels: middle, size: size, &random)
    let sameNumbers = Numbers(Settings(), channels: outChannels, size: size, &random)

    for target in Target.available where Fast(target).lanes <= half {
      let fast = Fast(target)
      func slots(_ count: Int) -> ChannelSlots { .plain(count, lanes: fast.lanes) }
      let up = FastPlanarUpConv(
        fast, weight: upWeight, size: half, inChannels: inChannels, outChannels: middle,
        readsPlanar: true, finish: upNumbers.finish(slots(middle)))
      let same = FastPlanarConv(
        fast, weight: sameWeight, size: size, inChannels: middle, outputs: slots(outChannels),
        finish: sameNumbers.finish(slots(outChannels)))
      let block = FastBlock(
        up, same, size: size, middleRow: middle * size, outRow: outChannels * size,
        keepsMap: keepsMap)
      let (between, out) = (middle * size * size, outChannels * size * size)
      let outRow = outChannels * size

      var arena = Arena()
      let input = arena.place(PlanarMap(channels: inChannels, size: half).rows(map))
      let whole = arena.reserve(between)
      let output = arena.reserve(out)
      let atUp = upNumbers.places(
        &arena, input: input, style: arena.place(slots(inChannels).spread(styles[0])),
        output: whole, slots: slots(middle))
      var atSame = sameNumbers.places(
        &arena, input: whole, style: arena.place(slots(middle).spread(styles[1])), output: output,
        slots: slots(outChannels))
      let scratch = arena.reserve(
        max(block.scratchCount, up.scratchCount, same.scratchCount))

      let buffer = FloatBuffer(arena.floats)
      up.run(buffer, atUp, rows: 0..<size, scratch: scratch)
      same.run(buffer, atSame, rows: 0..<size, scratch: scratch) { _ in }
      let wanted = buffer.read(at: output, count: out)

      if !keepsMap { atSame.output = 0 }
      let places = atSame
      let job = Job(
        arena: arena, rows: size, output: output..<(output + out),
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
      #expect(areSameBits(job.result("\(target)"), wanted), "\(target)")
    }
  }

  @Test(
    arguments: [Shape(3, 5, 16), Shape(52, 26, 16), Shape(20, 33, 32), Shape(8, 300, 16)],
    [false, true])
  func drawsWhatItsFilterAndConvolutionDraw(shape: Shape, isDirect: Bool) {
    let (half, size) = (shape.size, 2 * shape.size)
    let (inChannels, middle) = (shape.inChannels, shape.outChannels)
    let outChannels = shape.outChannels / 2 + 1
    var random = SplitMix64(seed: 17)
    let map = random.floats(inChannels * half * half)
    let styles = [random.floats(inChannels), random.floats(middle)]
    let upWeight = random.floats(middle * inChannels * 9)
    let sameWeight = random.floats(outChannels * middle * 9)
    let upNumbers = Numbers(Settings(), channels: middle, size: size, &random)
    let sameNumbers = Numbers(Settings(), channels: outChannels, size: size, &random)

    for target in Target.available {
      let fast = Fast(target)
      func slots(_ count: Int) -> ChannelSlots { .plain(count, lanes: fast.lanes) }
      let up = FastWinogradUpConv(
        fast, weight: upWeight, size: half, inChannels: inChannels, outputs: slots(middle),
        finish: upNumbers.finish(slots(middle)))
      let finish = sameNumbers.finish(slots(outChannels))
      let same: any ConvLayer =
        isDirect
        ? FastConv(
          fast, weight: sameWeight, size: size, inChannels: middle, outputs: slots(outChannels),
          finish: finish)
        : FastWinograd(
          fast, weight: sameWeight, size: size, inChannels: middle, outputs: slots(outChannels),
          finish: finish)
      let (middleRow, outRow) = (slots(middle).count * size, slots(outChannels).count * size)
      let rawRows = transposed(up, map, inChannels: inChannels, size: half, style: styles[0], fast)
      for keepsMap in [false, true] {
        let block = FastBlock(
          up, same, size: size, middleRow: middleRow, outRow: outRow, keepsMap: keepsMap)
        var arena = Arena()
        let raw = arena.place(rawRows)
        let whole = arena.reserve(middleRow * size)
        let output = arena.reserve(outRow * size)
        let atUp = upNumbers.places(
          &arena, input: raw, style: 0, output: whole, slots: slots(middle))
        var atSame = sameNumbers.places(
          &arena, input: whole, style: arena.place(slots(middle).spread(styles[1])),
          output: output, slots: slots(outChannels))
        let scratch = arena.reserve(
          max(block.scratchCount, up.scratchCount, same.scratchCount))

        let buffer = FloatBuffer(arena.floats)
        up.run(buffer, atUp, rows: 0..<size, scratch: scratch)
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
              guard !keepsMap else { return }
              let shown = buffer.read(
                at: map + band.lowerBound * outRow, count: band.count * outRow)
              buffer.write(shown, at: output + band.lowerBound * outRow)
            }
          })
        #expect(areSameBits(job.result("\(target)"), wanted), "\(target) \(keepsMap)")
      }
    }
  }

  /// The raw map of an up-convolution.
  private func transposed(
    _ up: FastWinogradUpConv, _ map: [Float], inChannels: Int, size: Int, style: [Float],
    _ fast: Fast
  ) -> [Float] {
    let slots = ChannelSlots.plain(inChannels, lanes: fast.lanes)
    var arena = Arena()
    let input = arena.place(BlockedMap(slots: slots, size: size, lanes: fast.lanes).blocks(map))
    let raw = arena.reserve(up.rawCount)
    let places = LayerPlaces(input: input, style: arena.place(slots.spread(style)), output: raw)
    let scratch = arena.reserve(up.scratchCount)
    let buffer = FloatBuffer(arena.floats)
    up.transpose(buffer, places, rows: 0..<size, scratch: scratch)
    return buffer.read(at: raw, count: up.rawCount)
  }
}
