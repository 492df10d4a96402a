import Kernels
import Testing

struct ByteRowsTests {
  /// `clamp(127.5 x + 128, 0, 255)`, truncated, in Float; NaN is 0.
  private static func byte(_ x: Float) -> UInt8 {
    let value = x * 127.5 + 128
    return value > 0 ? UInt8(min(value, 255)) : 0
  }

  /// What is no number, what is far away, and the neighbourhood of each byte's first value.
  private static let values: [Float] = {
    var values: [Float] = [
      .nan, -.nan, .signalingNaN, .infinity, -.infinity, .greatestFiniteMagnitude,
      -.greatestFiniteMagnitude, 0x1p23, -0x1p23, 0x1p24, 1e10, -1e10, 0, -0.0,
      .leastNonzeroMagnitude, -.leastNonzeroMagnitude, -1, 1, Float(-1).nextDown, Float(-1).nextUp,
      Float(1).nextDown, Float(1).nextUp, 0.5, -0.5, 2, -2,
    ]
    for k in -2...258 {
      for x in [(Float(k) - 128) / 127.5, (Float(k) - 127.5) / 127.5] {
        values += [x.nextDown.nextDown, x.nextDown, x, x.nextUp, x.nextUp.nextUp]
      }
    }
    return values
  }()

  /// Vectors and what is done where they do not fit give the bytes of the formula, and nothing else
  /// changes: the last pixel of a row least of all.
  @Test(arguments: InstructionSet.available, [1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 48])
  func areTheFormulas(target: InstructionSet, size: Int) {
    for channels in 1...4 {
      let count = channels * size * size
      var random = SplitMix64(seed: 16)
      let values = Self.values + random.floats(count).map { 1.25 * $0 }
      var from = 0
      while from < values.count {
        let planes = (0..<count).map { values[(from + $0) % values.count] }
        from += count
        check(Fast(target), planes, channels, size)
      }
    }
  }

  private func check(_ fast: Fast, _ planes: [Float], _ channels: Int, _ size: Int) {
    let buffer = FloatBuffer.of(planes)
    for rows in [0..<size, (size / 2)..<(size / 2 + 1), 0..<0] {
      var bytes = [UInt8](repeating: 77, count: planes.count + 64)
      bytes.withUnsafeMutableBufferPointer { out in
        guard let base = out.baseAddress else { return }
        fast.kernels.byteRows(
          UnsafePointer(buffer.base), plane: size * size, channels: channels, size: size,
          first: rows.lowerBound, last: rows.upperBound, into: base + 32)
      }
      var wanted = [UInt8](repeating: 77, count: bytes.count)
      for i in (rows.lowerBound * size)..<(rows.upperBound * size) {
        for c in 0..<channels {
          wanted[32 + i * channels + c] = Self.byte(planes[c * size * size + i])
        }
      }
      let place = wanted.indices.first { wanted[$0] != bytes[$0] }.map { $0 - 32 }
      #expect(
        place == nil, "\(fast.instructionSet), \(channels) channels, size \(size), rows \(rows)")
    }
  }
}
