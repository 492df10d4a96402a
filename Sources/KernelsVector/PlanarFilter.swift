// What stands behind a doubling of few channels, and their toRGB.

import CKernels

/// `left[0], right[0], left[1], right[1], ...` as two vectors.
@inline(__always)
private func interleaved(_ left: Vector, _ right: Vector) -> (Vector, Vector) {
  #if WIDE16
  var both = SIMD32<Float>()
  #elseif WIDE8
  var both = SIMD16<Float>()
  #else
  var both = SIMD8<Float>()
  #endif
  both.evenHalf = left
  both.oddHalf = right
  return (both.lowHalf, both.highHalf)
}

extension Vectorized {
  /// Filters raw rows of the transposed convolution with [1, 3, 3, 1] along both axes and finishes
  /// them.
  ///
  /// Output row Y needs raw rows Y-1 ... Y+2. A raw row is `[channel][even, odd][stride]`, columns
  /// 2x and 2x + 1; even column `width` is used too, and zeros on either side of both.
  @inline(never)
  func planarFilter(
    _ f: kernel_filter, _ e: kernel_epilogue, row: Int,
    size: Int, channels: Int, stride: Int
  ) {
    let lanes = Vector.scalarCount
    let three = Vector(repeating: 3)
    // Two filtered rows with a zero column on each side, lanes apart so that they are aligned.
    let even = f.vertical + lanes
    let odd = even + stride
    odd[-1] = 0
    odd[f.width] = 0
    for y in 0..<f.rows {
      let noise = e.noise.map { $0 + (row + y) * size }
      for c in 0..<channels {
        // Gain 4 of the upsampling over the 8 x 8 of the filter's sums: a sixteenth.
        let finish = rowFinish(e, channel: c, scale: 1.0 / 16)
        let evenRaw = f.even + (y * f.raw_row + c * 2 * stride)
        let oddRaw = evenRaw + stride
        var x = 0
        while x < f.width {
          store(vertical(evenRaw + x, f.raw_row, three), even + x)
          store(vertical(oddRaw + x, f.raw_row, three), odd + x)
          x += lanes
        }
        let last = evenRaw + f.width
        even[f.width] =
          last[0] + last[3 * f.raw_row] + 3 * (last[f.raw_row] + last[2 * f.raw_row])
        let out = f.output + (y * f.output_row + c * 2 * f.width)
        x = 0
        while x < f.width {
          let even0 = load(even + x)
          let even1 = load(even + x + 1)
          let odd0 = load(odd + x - 1)
          let odd1 = load(odd + x)
          let odd2 = load(odd + x + 1)
          let left = multiplyAdd(even0 + odd1, three, odd0 + even1)
          let right = multiplyAdd(odd1 + even1, three, even0 + odd2)
          let (first, second) = interleaved(left, right)
          let n = noise.map { $0 + 2 * x }
          store(finished(finish, first, n), out + 2 * x)
          store(finished(finish, second, n.map { $0 + lanes }), out + 2 * x + lanes)
          x += lanes
        }
      }
    }
  }

  @inline(__always)
  private func vertical(_ p: Floats, _ row: Int, _ three: Vector) -> Vector {
    multiplyAdd(load(p + row) + load(p + 2 * row), three, load(p) + load(p + 3 * row))
  }
}

// MARK: - Image

extension Vectorized {
  /// Row `y` of `image = upsampled(previous) + clamp(row + bias)`.
  ///
  /// `row` is toRGB's sum, `[channel][size]`; `scratch` holds `size / 2 + 2 * lanes` floats.
  @inline(never)
  func planarImageRow(
    _ k: kernel_image, y: Int, row: UnsafePointer<Float>,
    _ e: kernel_epilogue, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let lanes = Vector.scalarCount
    let half = k.size / 2
    let limit = Vector(repeating: e.clamp)
    let three = Vector(repeating: 3)
    let near = y / 2
    let far = y % 2 == 0 ? near - 1 : near + 1
    // Outside there are zeros: the near row twice with a factor of nothing for the far one.
    let farFactor: Float = far >= 0 && far < half ? 1 : 0
    let line = scratch + lanes
    line[-1] = 0
    line[half] = 0
    for c in 0..<k.channels {
      let bias = Vector(repeating: e.bias[c])
      let out = k.image + (c * k.plane + y * k.size)
      let sums = row + c * k.size
      guard let previous = k.previous else {
        var x = 0
        while x < k.size {
          store(clamped(load(sums + x) + bias, limit), out + x)
          x += lanes
        }
        continue
      }
      let nearRow = previous + (c * half + near) * half
      let farRow = previous + (c * half + (farFactor == 0 ? near : far)) * half
      let weight = Vector(repeating: farFactor)
      var x = 0
      while x < half {
        let sum = multiplyAdd(load(nearRow + x), three, load(farRow + x) * weight)
        store(sum * (1.0 / 16), line + x)
        x += lanes
      }
      x = 0
      while x < half {
        let here = load(line + x) * 3
        let (a, b) = interleaved(here + load(line + x - 1), here + load(line + x + 1))
        let own = sums + 2 * x
        store(a + clamped(load(own) + bias, limit), out + 2 * x)
        store(b + clamped(load(own + lanes) + bias, limit), out + 2 * x + lanes)
        x += lanes
      }
    }
  }
}
