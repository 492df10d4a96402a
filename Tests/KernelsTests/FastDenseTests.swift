import Core
import Kernels
import Testing

struct FastDenseTests {
  /// Counts around one, two and four vectors of each width.
  private static let counts = [
    1, 3, 4, 7, 8, 9, 13, 15, 16, 17, 26, 31, 33, 63, 64, 65, 127, 130, 512,
  ]

  @Test(arguments: counts, [1, 5, 13])
  func agreesWithDouble(inputs: Int, outputs: Int) {
    var random = SplitMix64(seed: 8)
    let x = random.floats(inputs)
    let weight = random.floats(inputs * outputs)
    let bias = random.floats(outputs)
    var plain = Exact(x, size: 1).convolved(weight, kernel: 1)
    for o in 0..<outputs {
      plain.values[o] += Double(bias[o])
      plain.magnitudes[o] += abs(Double(bias[o]))
    }
    plain.roundings += 1
    var activated = plain
    for o in 0..<outputs {
      activated.values[o] = max(plain.values[o], 0.2 * plain.values[o]) * 2.0.squareRoot()
      activated.magnitudes[o] *= 2.0.squareRoot()
    }
    activated.roundings += 4  // the two constants, and the products with them

    for target in InstructionSet.available {
      let fast = Fast(target)
      let layer = FastDense(fast, .floats(.of(weight)), bias: .of(bias))
      #expect(layer.inputs == inputs && layer.outputs == outputs)
      var arena = Arena()
      let input = arena.place(x)
      let output = arena.reserve(outputs)
      for isActivated in [false, true] {
        let job = Job(
          arena: arena, rows: outputs, output: output..<(output + outputs), scratch: 0..<0,
          written: { [(output + $0.lowerBound)..<(output + $0.upperBound)] },
          run: {
            layer.run($0, input: input, output: output, rows: $1, activated: isActivated)
          })
        let found = job.result("\(target)")
        #expect((isActivated ? activated : plain).mismatch(found) == nil, "\(target)")
      }
    }
  }

  /// Half floats give the bits that the same values give as floats, subnormal ones too.
  @Test(arguments: counts)
  func readsHalvesInPlace(inputs: Int) {
    let outputs = 5
    var random = SplitMix64(seed: 12)
    let x = random.floats(inputs)
    let bias = random.floats(outputs)
    let bits = (0..<(inputs * outputs)).map { i -> UInt16 in
      i % 7 == 0 ? UInt16(i % 1024) : UInt16(truncatingIfNeeded: random.next()) & 0xbbff
    }
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: 2 * bits.count, alignment: 2)
    defer { bytes.deallocate() }
    bytes.initializeMemory(as: UInt16.self, from: bits, count: bits.count)
    let halves = HalfBuffer(
      borrowing: Bytes(borrowing: UnsafeRawBufferPointer(start: bytes, count: 2 * bits.count)))
    let weight = bits.map { Self.float($0) }
    for target in InstructionSet.available where Fast(target).kernels.readsHalves {
      let fast = Fast(target)
      let wanted = FastDense(fast, .floats(.of(weight)), bias: .of(bias))
      let layer = FastDense(fast, .halves(halves), bias: .of(bias))
      #expect(layer.inputs == inputs && layer.outputs == outputs)
      for isActivated in [false, true] {
        var arena = Arena()
        let input = arena.place(x)
        let output = arena.reserve(outputs)
        let found = [layer, wanted].map { layer in
          let buffer = FloatBuffer.of(arena.floats)
          layer.run(
            buffer, input: input, output: output, rows: 0..<outputs, activated: isActivated)
          return buffer.read(at: output, count: outputs)
        }
        #expect(areSameBits(found[0], found[1]), "\(target)")
      }
    }
  }

  /// Bytes give the bits that their products with the row's scale give as floats.
  @Test(arguments: counts)
  func readsBytesInPlace(inputs: Int) {
    let outputs = 5
    var random = SplitMix64(seed: 13)
    let x = random.floats(inputs)
    let bias = random.floats(outputs)
    let scales = random.floats(outputs)
    let steps = (0..<(inputs * outputs)).map { _ in Int8(truncatingIfNeeded: random.next()) }
    let weight = steps.indices.map { Float(steps[$0]) * scales[$0 / inputs] }
    let bytes = ByteBuffer(borrowing: Bytes(steps.map { UInt8(bitPattern: $0) }))
    for target in InstructionSet.available {
      let fast = Fast(target)
      let layers = [
        FastDense(fast, .bytes(bytes, scales: .of(scales)), bias: .of(bias)),
        FastDense(fast, .floats(.of(weight)), bias: .of(bias)),
      ]
      var arena = Arena()
      let input = arena.place(x)
      let output = arena.reserve(outputs)
      let found = layers.map { layer in
        let buffer = FloatBuffer.of(arena.floats)
        layer.run(buffer, input: input, output: output, rows: 0..<outputs, activated: true)
        return buffer.read(at: output, count: outputs)
      }
      #expect(areSameBits(found[0], found[1]), "\(target)")
    }
  }

  /// Several vectors get the bits that each gets alone, and nothing between them is touched.
  @Test(arguments: [1, 13, 65])
  func takesSeveralVectors(inputs: Int) {
    let (outputs, vectors, stride) = (7, 3, 70)
    var random = SplitMix64(seed: 14)
    let x = random.floats(vectors * stride)
    let weight = random.floats(inputs * outputs)
    let bias = random.floats(outputs)
    for target in InstructionSet.available {
      let layer = FastDense(Fast(target), .floats(.of(weight)), bias: .of(bias))
      var arena = Arena()
      let input = arena.place(x)
      let output = arena.reserve(vectors * stride)
      let together = FloatBuffer.of(arena.floats)
      layer.run(
        together, input: input, output: output, rows: 1..<outputs, activated: true,
        vectors: vectors, stride: stride)
      let alone = FloatBuffer.of(arena.floats)
      for v in 0..<vectors {
        layer.run(
          alone, input: input + v * stride, output: output + v * stride, rows: 1..<outputs,
          activated: true)
      }
      let found = [together, alone].map { $0.read(at: 0, count: arena.floats.count) }
      #expect(areSameBits(found[0], found[1]), "\(target)")
    }
  }

  private static func float(_ bits: UInt16) -> Float {
    let exponent = Int(bits >> 10) & 31
    let fraction = Float(bits & 0x3ff)
    let magnitude =
      exponent == 0
      ? Float(sign: .plus, exponent: -24, significand: fraction)
      : Float(sign: .plus, exponent: exponent - 25, significand: 1024 + fraction)
    return bits & 0x8000 == 0 ? magnitude : -magnitude
  }

  @Test(arguments: counts, [1, 13])
  func demodulates(inChannels: Int, outChannels: Int) throws {
    let kernelSize = inChannels > 100 ? 1 : 9
    var random = SplitMix64(seed: 9)
    // The factor of a faint layer is ruled by the 1e-8.
    for scale in [1, 1e-5] as [Float] {
      let style = random.floats(inChannels).map { $0 * scale }
      let weight = random.floats(outChannels * inChannels * kernelSize)
      // All terms are positive: the sum's relative error is one for each of the two squares, their
      // product, each term, and the 1e-8; the root halves it and rounds once, and so does the quotient.
      let bound = (Double(inChannels + 5) / 2 + 2) * 0x1p-24
      for target in InstructionSet.available {
        let fast = Fast(target)
        for slots in [
          ChannelSlots.plain(outChannels, lanes: fast.lanes),
          ChannelSlots.haar(4 * outChannels, lanes: fast.lanes),
        ] {
          let isHaar = slots.channels.contains { $0 >= outChannels }
          let weights = isHaar ? weight + weight + weight + weight : weight
          let layer = try FastDemodulation(
            fast, weight: .of(weights), inChannels: inChannels, kernelSize: kernelSize,
            outputs: slots)
          var arena = Arena()
          let styleAt = arena.place(style)
          let squares = arena.reserve(inChannels)
          let output = arena.reserve(layer.rows)
          let job = Job(
            arena: arena, rows: layer.rows, output: output..<(output + layer.rows),
            scratch: squares..<(squares + inChannels),
            written: { [(output + $0.lowerBound)..<(output + $0.upperBound)] },
            run: {
              layer.square($0, style: styleAt, into: squares)
              layer.run($0, squares: squares, output: output, rows: $1)
            })
          let found = job.result("\(target)")
          #expect(areFinite(found), "\(target): unused lanes too")
          for (slot, o) in slots.channels.enumerated() where o >= 0 {
            var sum = 1e-8
            for i in 0..<inChannels {
              for k in 0..<kernelSize {
                let w = Double(weights[(o * inChannels + i) * kernelSize + k])
                sum += w * w * Double(style[i]) * Double(style[i])
              }
            }
            let isClose = abs(Double(found[slot]) * sum.squareRoot() - 1) <= bound
            #expect(isClose, "\(target), channel \(o): \(found[slot])")
          }
        }
      }
    }
  }
}
