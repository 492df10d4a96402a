import Kernels
import Testing

struct FastPlanarTests {
  @Test(
    arguments: [
      Shape(1, 1, 16), Shape(3, 4, 8), Shape(4, 3, 16), Shape(5, 7, 32), Shape(7, 8, 16),
      Shape(8, 5, 8), Shape(13, 16, 16), Shape(16, 17, 32), Shape(17, 13, 16), Shape(26, 33, 16),
      Shape(33, 26, 8), Shape(52, 4, 16), Shape(1, 33, 16), Shape(3, 5, 64), Shape(2, 3, 4),
      Shape(7, 5, 128),  // vectors fill the widest tile several times
      Shape(3, 52, 64),  // several chunks of columns
    ])
  func convolves(shape: Shape) {
    convolution(shape, Settings())
  }

  @Test(arguments: Settings.all)
  func finishesAConvolution(settings: Settings) {
    convolution(Shape(5, 9, 16), settings)
  }

  private func convolution(_ shape: Shape, _ settings: Settings) {
    let size = shape.size
    var random = SplitMix64(seed: 13)
    let map = random.floats(shape.inChannels * size * size)
    let style = random.floats(shape.inChannels)
    let weight = random.floats(shape.outChannels * shape.inChannels * 9)
    let numbers = Numbers(settings, channels: shape.outChannels, size: size, &random)
    let exact = numbers.finished(
      Exact(map, size: size).modulated(style)
        .convolved(weight, rows: .fourByThree, columns: .direct),
      isDemodulated: true)
    let from = PlanarMap(channels: shape.inChannels, size: size)
    let to = PlanarMap(channels: shape.outChannels, size: size)

    for target in InstructionSet.available where Fast(target).lanes <= size {
      let fast = Fast(target)
      let slots = ChannelSlots.plain(shape.inChannels, lanes: fast.lanes)
      let outputs = ChannelSlots.plain(shape.outChannels, lanes: fast.lanes)
      let layer = FastPlanarConv(
        fast, weight: weight, size: size, inChannels: shape.inChannels, outputs: outputs,
        finish: numbers.finish(outputs))

      var arena = Arena()
      let input = arena.place(from.rows(map))
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

  @Test(
    arguments: [
      Shape(1, 1, 16), Shape(3, 4, 8), Shape(4, 3, 16), Shape(5, 7, 32), Shape(7, 8, 16),
      Shape(8, 5, 8), Shape(13, 16, 16), Shape(16, 17, 16), Shape(17, 13, 16), Shape(26, 33, 8),
      Shape(33, 26, 16), Shape(52, 4, 16), Shape(1, 33, 16), Shape(2, 3, 64), Shape(2, 3, 4),
      Shape(2, 200, 16), Shape(1, 1000, 16),  // several bands, and such of two rows
    ], [false, true])
  func doublesTheSize(shape: Shape, readsPlanar: Bool) {
    upConvolution(shape, Settings(), readsPlanar)
  }

  @Test(arguments: Settings.all)
  func finishesAnUpConvolution(settings: Settings) {
    upConvolution(Shape(5, 9, 16), settings, true)
  }

  private func upConvolution(_ shape: Shape, _ settings: Settings, _ readsPlanar: Bool) {
    let size = shape.size
    var random = SplitMix64(seed: 14)
    let map = random.floats(shape.inChannels * size * size)
    let style = random.floats(shape.inChannels)
    let weight = random.floats(shape.outChannels * shape.inChannels * 9)
    let numbers = Numbers(settings, channels: shape.outChannels, size: 2 * size, &random)
    let exact = numbers.finished(
      Exact(map, size: size).modulated(style).upConvolved(weight, by: .phases),
      isDemodulated: true)
    let to = PlanarMap(channels: shape.outChannels, size: 2 * size)

    for target in InstructionSet.available where Fast(target).lanes <= size {
      let fast = Fast(target)
      let slots = ChannelSlots.plain(shape.inChannels, lanes: fast.lanes)
      let outputs = ChannelSlots.plain(shape.outChannels, lanes: fast.lanes)
      let layer = FastPlanarUpConv(
        fast, weight: weight, size: size, inChannels: shape.inChannels,
        outChannels: shape.outChannels, readsPlanar: readsPlanar, finish: numbers.finish(outputs))

      var arena = Arena()
      let input = arena.place(
        readsPlanar
          ? PlanarMap(channels: shape.inChannels, size: size).rows(map)
          : BlockedMap(slots: slots, size: size, lanes: fast.lanes).blocks(map))
      let output = arena.reserve(to.count)
      let places = numbers.places(
        &arena, input: input, style: arena.place(slots.spread(style)), output: output,
        slots: outputs)
      let scratch = arena.reserve(layer.scratchCount)
      let job = Job(
        arena: arena, rows: 2 * size, output: output..<(output + to.count),
        scratch: scratch..<(scratch + layer.scratchCount),
        written: { [to.range($0, at: output)] },
        run: { layer.run($0, places, rows: $1, scratch: scratch) })
      #expect(exact.mismatch(to.planes(job.result("\(target)"))) == nil, "\(target)")
    }
  }

  /// `outChannels` are those of the image.
  @Test(
    arguments: [
      Shape(1, 3, 32), Shape(5, 1, 16), Shape(4, 3, 64), Shape(3, 2, 32), Shape(7, 4, 32),
      Shape(13, 3, 8), Shape(17, 3, 32), Shape(33, 3, 32), Shape(52, 1, 64),
    ], [nil, 0.5] as [Float?])
  func addsToTheDoubledImage(shape: Shape, clamp: Float?) {
    let size = shape.size
    var random = SplitMix64(seed: 15)
    let map = random.floats(shape.inChannels * size * size)
    let style = random.floats(shape.inChannels)
    let weight = random.floats(shape.outChannels * shape.inChannels)
    let bias = random.floats(shape.outChannels)
    let previous = random.floats(shape.outChannels * size * size / 4)
    let alone = Exact(map, size: size).modulated(style).convolved(weight, kernel: 1).finished(
      factors: nil, noise: nil, strength: 0, bias: bias, slope: 1, gain: 1, clamp: clamp)
    let both = alone + Exact(previous, size: size / 2).upsampled()
    let from = PlanarMap(channels: shape.inChannels, size: size)

    for target in InstructionSet.available where 2 * Fast(target).lanes <= size {
      let fast = Fast(target)
      let layer = FastPlanarToRGB(
        fast, weight: weight, bias: bias, clamp: clamp, size: size, inChannels: shape.inChannels)

      var arena = Arena()
      let input = arena.place(from.rows(map))
      let styleAt = arena.place(style)
      let modulated = arena.reserve(layer.weightCount)
      let smaller = arena.place(previous)
      let image = arena.reserve(shape.outChannels * size * size)
      let scratch = arena.reserve(layer.scratchCount)
      for isDoubled in [false, true] {
        let job = Job(
          arena: arena, rows: size, output: image..<(image + shape.outChannels * size * size),
          scratch: scratch..<(scratch + layer.scratchCount),
          written: { rows in
            [modulated..<(modulated + layer.weightCount)]
              + imageRows(rows, size: size, channels: shape.outChannels, at: image)
          },
          run: { buffer, rows in
            layer.modulate(buffer, style: styleAt, into: modulated)
            layer.run(
              buffer, map: input, modulated: modulated, previous: isDoubled ? smaller : nil,
              image: image, plane: size * size, rows: rows, scratch: scratch)
          })
        let found = job.result("\(target)")
        #expect((isDoubled ? both : alone).mismatch(found) == nil, "\(target)")
      }
    }
  }
}
