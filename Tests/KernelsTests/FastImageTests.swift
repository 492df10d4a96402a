import Core
import Kernels
import Testing

struct FastImageTests {
  /// `outChannels` are those of the image.
  @Test(
    arguments: [
      Shape(1, 3, 4), Shape(3, 1, 8), Shape(4, 3, 16), Shape(7, 2, 8), Shape(8, 4, 4),
      Shape(9, 3, 16), Shape(13, 3, 8), Shape(16, 3, 4), Shape(17, 3, 16), Shape(26, 3, 8),
      Shape(33, 3, 4), Shape(5, 3, 2),
    ], [nil, 0.5] as [Float?])
  func addsToTheDoubledImage(shape: Shape, clamp: Float?) throws {
    let trial = ImageTrial(shape, clamp: clamp, seed: 4)
    // Four more for the sums of lanes.
    try trial.expect(from: .blocks, roundings: 4) { (fast) throws(ObverseError) in
      try FastToRGB(
        fast, weight: .of(trial.weight), bias: .of(trial.bias), clamp: clamp, size: shape.size,
        inChannels: shape.inChannels)
    }
  }

  /// `outChannels` are those of the image.
  @Test(
    arguments: [
      Shape(1, 3, 4), Shape(3, 1, 8), Shape(4, 3, 16), Shape(7, 2, 8), Shape(8, 4, 4),
      Shape(9, 3, 16), Shape(13, 3, 8), Shape(16, 5, 4), Shape(17, 3, 16), Shape(26, 3, 8),
      Shape(33, 3, 4),
    ], [nil, 0.5] as [Float?])
  func endsWithAnInverseHaarTransform(shape: Shape, clamp: Float?) throws {
    let size = shape.size
    let bands = 4 * shape.outChannels
    var random = SplitMix64(seed: 5)
    let map = random.floats(shape.inChannels * size * size)
    let style = random.floats(shape.inChannels)
    let weight = random.floats(bands * shape.inChannels)
    let bias = random.floats(bands)
    let exact = Exact(map, size: size).modulated(style).convolved(weight, kernel: 1)
      .finished(
        factors: nil, noise: nil, strength: 0, bias: bias, slope: 1, gain: 1, clamp: clamp
      ).inverseHaar()

    for target in InstructionSet.available {
      let fast = Fast(target)
      let slots = ChannelSlots.plain(shape.inChannels, lanes: fast.lanes)
      let from = BlockedMap(slots: slots, size: size, lanes: fast.lanes)
      let layer = try FastToHaarImage(
        fast, weight: .of(weight), bias: .of(bias), clamp: clamp, size: size,
        inChannels: shape.inChannels)

      var arena = Arena()
      let input = arena.place(from.packed(map))
      let styleAt = arena.place(slots.spread(style))
      let modulated = arena.reserve(layer.weightCount)
      let image = arena.reserve(bands * size * size)
      let scratch = arena.reserve(layer.scratchCount)
      #expect(layer.mapRow * size == from.count, "\(target)")
      let job = Job(
        arena: arena, rows: size, output: image..<(image + bands * size * size),
        scratch: scratch..<(scratch + layer.scratchCount),
        written: { rows in
          let access = layer.access(modulated: modulated, image: image, rows: rows)
          let both = (2 * rows.lowerBound)..<(2 * rows.upperBound)
          let lines = imageRows(both, size: 2 * size, channels: shape.outChannels, at: image)
          #expect(access.writes == lines && access.scratch == layer.scratchCount)
          return lines + [modulated..<(modulated + layer.weightCount)]
        },
        run: { buffer, rows in
          layer.modulate(buffer, style: styleAt, into: modulated)
          for y in rows {
            layer.run(
              buffer, source: input + y * layer.mapRow, y: y, modulated: modulated, image: image,
              plane: 4 * size * size, scratch: scratch)
          }
        })
      #expect(exact.mismatch(job.result("\(target)")) == nil, "\(target)")
    }
  }

  @Test(
    arguments: [
      Shape(1, 1, 4), Shape(3, 4, 8), Shape(4, 3, 16), Shape(7, 8, 8), Shape(8, 7, 4),
      Shape(9, 13, 16), Shape(13, 9, 8), Shape(16, 17, 8), Shape(17, 16, 4), Shape(26, 33, 4),
      Shape(33, 26, 8), Shape(2, 3, 1),
    ])
  func addsTheSkip(shape: Shape) throws {
    let size = shape.size
    var random = SplitMix64(seed: 6)
    let map = random.floats(shape.inChannels * size * size)
    let weight = random.floats(shape.outChannels * shape.inChannels)
    let under = random.floats(shape.outChannels * 4 * size * size)
    let exact = Exact(map, size: size).convolved(weight, kernel: 1)
    let sum = Exact(under, size: 2 * size) + exact.upsampled()

    for target in InstructionSet.available {
      let fast = Fast(target)
      let slots = ChannelSlots.plain(shape.inChannels, lanes: fast.lanes)
      let outputs = ChannelSlots.plain(shape.outChannels, lanes: fast.lanes)
      let from = BlockedMap(slots: slots, size: size, lanes: fast.lanes)
      let to = BlockedMap(slots: outputs, size: size, lanes: fast.lanes)
      let doubled = BlockedMap(slots: outputs, size: 2 * size, lanes: fast.lanes)
      let layer = try FastSkip(
        fast, weight: .of(weight), size: size, inChannels: shape.inChannels,
        outChannels: shape.outChannels)

      var arena = Arena()
      let input = arena.place(from.packed(map))
      let skip = arena.reserve(to.count)
      let convolution = Job(
        arena: arena, rows: size, output: skip..<(skip + to.count), scratch: skip..<skip,
        written: { [to.range($0, at: skip)] },
        run: { layer.run($0, input: input, output: skip, rows: $1) })
      let found = convolution.result("\(target)")
      #expect(areFinite(found), "\(target): unused lanes too")
      #expect(exact.mismatch(to.planes(found)) == nil, "\(target)")

      var next = Arena()
      let doubledSkip = next.place(found)
      let output = next.place(doubled.packed(under))
      let addition = Job(
        arena: next, rows: 2 * size, output: output..<(output + doubled.count), scratch: 0..<0,
        written: { [doubled.range($0, at: output)] },
        run: { layer.add($0, skip: doubledSkip, to: output, rows: $1) })
      #expect(
        sum.mismatch(doubled.planes(addition.result("\(target)"))) == nil, "\(target)")
    }
  }

  /// The middle of each interval of a byte, its ends, and what is no number.
  @Test(arguments: InstructionSet.available)
  func truncatesToBytes(target: InstructionSet) {
    let size = 16
    var random = SplitMix64(seed: 7)
    for channels in 1...4 {
      var planes = random.floats(channels * size * size).map { $0 * 1.25 }
      let special: [(Float, UInt8)] = [
        (.nan, 0), (-.nan, 0), (.infinity, 255), (-.infinity, 0), (3e38, 255), (-3e38, 0),
        (0, 128), (-0.0, 128), (1, 255), (-1, 0), (127.0 / 127.5, 255), (-128 / 127.5, 0),
        (-0.001, 127),
      ]
      for (i, pair) in special.enumerated() { planes[channels * size * size - 1 - i] = pair.0 }
      let buffer = FloatBuffer.of(planes)
      var bytes = [UInt8](repeating: 77, count: channels * size * size + 16)
      for rows in [5..<size, 0..<1, 1..<5] {
        bytes.withUnsafeMutableBufferPointer { out in
          guard let base = out.baseAddress else { return }
          Fast(target).kernels.byteRows(
            UnsafePointer(buffer.base), plane: size * size, channels: channels, size: size,
            first: rows.lowerBound, last: rows.upperBound, into: base)
        }
        // Rows 0 ..< 5 come later.
        if rows.lowerBound == 5 {
          #expect(bytes[..<(channels * 5 * size)].filter { $0 != 77 }.isEmpty)
        }
      }
      #expect(bytes[(channels * size * size)...] == [UInt8](repeating: 77, count: 16)[...])
      for (i, value) in planes.enumerated() {
        let found = bytes[i % (size * size) * channels + i / (size * size)]
        let place = planes.count - 1 - i
        guard place >= special.count else {
          #expect(found == special[place].1, "\(value)")
          continue
        }
        // Two roundings of numbers below 512 may carry a value over a whole number.
        let wanted = min(max(Double(value) * 127.5 + 128, 0), 255)
        let low = UInt8(max(wanted - 0x1p-15, 0))
        let high = UInt8(min(wanted + 0x1p-15, 255))
        #expect(low <= found && found <= high, "\(value)")
      }
    }
  }
}
