import Kernels
import Testing

/// A toRGB layer against `Exact` on every instruction set, alone and behind a smaller image.
struct ImageTrial {
  /// `outChannels` are those of the image.
  let shape: Shape
  let map: [Float]
  let style: [Float]
  /// `[imageChannels, in]`.
  let weight: [Float]
  let bias: [Float]
  /// The image of half the size.
  let previous: [Float]
  private let clamp: Float?

  init(_ shape: Shape, clamp: Float?, seed: UInt64) {
    self.shape = shape
    self.clamp = clamp
    var random = SplitMix64(seed: seed)
    map = random.floats(shape.inChannels * shape.size * shape.size)
    style = random.floats(shape.inChannels)
    weight = random.floats(shape.outChannels * shape.inChannels)
    bias = random.floats(shape.outChannels)
    previous = random.floats(shape.outChannels * shape.size * shape.size / 4)
  }

  /// Compares what `make` gives, or nothing where it gives nil, with the exact image.
  func expect(
    from: LayerTrial.Kind, roundings: Int, _ make: (Fast) throws -> (any ImageLayer)?
  ) throws {
    let (size, channels) = (shape.size, shape.outChannels)
    var alone = Exact(map, size: size).modulated(style).convolved(weight, kernel: 1).finished(
      factors: nil, noise: nil, strength: 0, bias: bias, slope: 1, gain: 1, clamp: clamp)
    alone.roundings += roundings
    let both = alone + Exact(previous, size: size / 2).upsampled()

    for set in InstructionSet.available {
      let fast = Fast(set)
      guard let layer = try make(fast) else { continue }
      let source = from.layout(shape.inChannels, size: size, fast)
      var arena = Arena()
      let input = arena.place(source.packed(map))
      let slots = ChannelSlots.plain(shape.inChannels, lanes: fast.lanes)
      let styleAt = arena.place(slots.spread(style))
      // An arena begins as zeros, and modulate writes no unused lane.
      let modulated = arena.place([Float](repeating: 0, count: layer.weightCount))
      let smaller = arena.place(previous)
      let image = arena.reserve(channels * size * size)
      let scratch = arena.reserve(layer.scratchCount)
      #expect(layer.mapRow * size == source.count, "\(set)")
      for isDoubled in [false, true] {
        let job = Job(
          arena: arena, rows: size, output: image..<(image + channels * size * size),
          scratch: scratch..<(scratch + layer.scratchCount),
          written: { rows in
            [modulated..<(modulated + layer.weightCount)]
              + imageRows(rows, size: size, channels: channels, at: image)
          },
          run: { buffer, rows in
            layer.modulate(buffer, style: styleAt, into: modulated)
            layer.run(
              buffer, map: input, modulated: modulated, previous: isDoubled ? smaller : nil,
              image: image, plane: size * size, rows: rows, scratch: scratch)
          })
        let found = job.result("\(set)")
        #expect((isDoubled ? both : alone).mismatch(found) == nil, "\(set)")
      }
    }
  }
}

/// Where rows of each plane lie if the image starts at `base`.
func imageRows(
  _ rows: Range<Int>, size: Int, channels: Int, at base: Int
) -> [Range<Int>] {
  (0..<channels).map { c in
    (base + (c * size + rows.lowerBound) * size)..<(base + (c * size + rows.upperBound) * size)
  }
}
