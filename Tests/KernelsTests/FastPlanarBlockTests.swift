import Kernels
import Testing

/// A planar block draws band by band what its two convolutions draw on whole maps.
struct FastPlanarBlockTests {
  @Test(
    arguments: [
      Shape(3, 5, 16), Shape(7, 4, 32), Shape(26, 13, 32), Shape(13, 7, 64), Shape(2, 300, 16),
    ], [false, true])
  func drawsWhatItsConvolutionsDraw(shape: Shape, keepsMap: Bool) {
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
      let block = FastPlanarBlock(
        up, same, size: size, middle: middle, outChannels: outChannels, keepsMap: keepsMap)
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
}
