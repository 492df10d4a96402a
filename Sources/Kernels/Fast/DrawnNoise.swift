import CSystem

/// Fresh noise that depends on seed, layer and pixel alone, so that any worker may draw any row.
package enum DrawnNoise {
  /// Rows of a plane of normals, `[size][size]`.
  ///
  /// A counter goes through SplitMix64's finalizer twice, with the key in between; Box and Muller
  /// make two normals of each 64 bits.
  package static func fill(
    _ arena: FloatBuffer, at offset: Int, size: Int, rows: Range<Int>, seed: UInt32, layer: Int
  ) {
    fill(arena.base + offset, size: size, rows: rows, seed: seed, layer: layer)
  }

  private static func fill(
    _ plane: Scratch, size: Int, rows: Range<Int>, seed: UInt32, layer: Int
  ) {
    let key = mixed(UInt64(seed) << 32 | UInt64(truncatingIfNeeded: layer))
    for y in rows {
      var x = 0
      while x < size {  // sizes are even
        let bits = mixed(mixed(UInt64(y * size + x)) ^ key)
        // (0, 1], so that the logarithm is finite.
        let u = (Double(bits >> 32) + 1) / 0x1p32
        let angle = Double(bits & 0xffff_ffff) / 0x1p32 * 2 * Double.pi
        let radius = (-2 * log(u)).squareRoot()
        plane[y * size + x] = Float(radius * cos(angle))
        plane[y * size + x + 1] = Float(radius * sin(angle))
        x += 2
      }
    }
  }

  /// A whole plane, for the reference.
  package static func plane(size: Int, seed: UInt32, layer: Int) -> [Float] {
    var values = [Float](repeating: 0, count: size * size)
    values.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      fill(base, size: size, rows: 0..<size, seed: seed, layer: layer)
    }
    return values
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
