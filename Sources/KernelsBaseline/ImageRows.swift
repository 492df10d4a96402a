// The image itself: what toRGB adds, the doubling of the image before it, and bytes.

import CKernels

extension Vectorized {
  /// Rows `first ..< last` of `image = upsampled(previous) + clamp(W map + bias)`.
  @inline(never)
  public static func imageRows(
    _ image: UnsafePointer<kernel_image>, first: Int, last: Int,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    let k = image.pointee
    switch k.channels {
    case 1: rows(Count<1>(), k, first, last, scratch)
    case 2: rows(Count<2>(), k, first, last, scratch)
    case 3: rows(Count<3>(), k, first, last, scratch)
    default: rows(Count<4>(), k, first, last, scratch)
    }
  }

  @inline(__always)
  private static func rows<let n: Int>(
    _: Count<n>, _ k: kernel_image, _ first: Int, _ last: Int, _ scratch: MutableFloats
  ) {
    let lanes = Vector.scalarCount
    let plane = k.size * k.size
    let stride = k.blocks * lanes
    for y in first..<last {
      let row = k.map + y * stride * k.size
      for x in 0..<k.size {
        var sums = InlineArray<n, Vector> { _ in .zero }
        for block in 0..<k.blocks {
          let v = load(row + (block * k.size + x) * lanes)
          for c in 0..<n {
            sums[c] = multiplyAdd(v, load(k.weights + c * stride + block * lanes), sums[c])
          }
        }
        for c in 0..<n {
          let value = total(sums[c]) + k.bias[c]
          k.image[c * plane + y * k.size + x] = min(max(value, -k.clamp), k.clamp)
        }
      }
      if let previous = k.previous {
        let half = k.size / 2
        for c in 0..<n {
          addUpsampled(
            previous + c * half * half, y, half, k.image + (c * plane + y * k.size), scratch)
        }
      }
    }
  }

  /// Adds row `y` of the upsampled plane to `out`: 3/4 of the near and 1/4 of the far neighbour
  /// along each axis, zeros outside.
  @inline(__always)
  private static func addUpsampled(
    _ plane: Floats, _ y: Int, _ half: Int, _ out: MutableFloats, _ scratch: MutableFloats
  ) {
    let near = y / 2
    let far = y % 2 == 0 ? near - 1 : near + 1
    let hasFar = far >= 0 && far < half
    scratch[0] = 0
    scratch[half + 1] = 0
    let nearRow = plane + near * half
    if hasFar {
      let farRow = plane + far * half
      for x in 0..<half { scratch[x + 1] = (nearRow[x] * 3 + farRow[x]) * (1.0 / 16) }
    } else {
      for x in 0..<half { scratch[x + 1] = nearRow[x] * (3.0 / 16) }
    }
    for x in 0..<half {
      let here = scratch[x + 1] * 3
      out[2 * x] += here + scratch[x]
      out[2 * x + 1] += here + scratch[x + 2]
    }
  }

  /// The lanes' sum, in pairs, the same order on every instruction set with as many lanes.
  @inline(__always)
  static func total(_ v: Vector) -> Float {
    #if WIDE16
    let eight = v.lowHalf + v.highHalf
    let four = eight.lowHalf + eight.highHalf
    #elseif WIDE8
    let four = v.lowHalf + v.highHalf
    #else
    let four = v
    #endif
    let two = four.lowHalf + four.highHalf
    return two[0] + two[1]
  }

  /// Rows `first ..< last` of an inverse Haar transform straight to image planes.
  ///
  /// - Parameters:
  ///   - bands: `4 * channels` values a pixel, low-pass first, `[rows][block][size][lane]`, from
  ///     input row `first`.
  ///   - image: `[channels][2 * size][2 * size]`.
  @inline(never)
  public static func haarImageRows(
    _ bands: UnsafePointer<Float>, first: Int, last: Int, size: Int, blocks: Int, channels: Int,
    into image: UnsafeMutablePointer<Float>
  ) {
    let lanes = Vector.scalarCount
    let side = 2 * size
    for y in first..<last {
      let row = bands + (y - first) * blocks * size * lanes
      for c in 0..<channels {
        let upper = image + (c * side + 2 * y) * side
        let lower = upper + side
        for x in 0..<size {
          let low = band(row, c, x, size)
          let a = band(row, channels + 3 * c, x, size)
          let b = band(row, channels + 3 * c + 1, x, size)
          let d = band(row, channels + 3 * c + 2, x, size)
          upper[2 * x] = (low + a + b + d) * 0.5
          upper[2 * x + 1] = (low + a - b - d) * 0.5
          lower[2 * x] = (low - a + b - d) * 0.5
          lower[2 * x + 1] = (low - a - b + d) * 0.5
        }
      }
    }
  }

  @inline(__always)
  private static func band(_ row: Floats, _ channel: Int, _ x: Int, _ size: Int) -> Float {
    let lanes = Vector.scalarCount
    return row[(channel / lanes * size + x) * lanes + channel % lanes]
  }

  /// Rows `first ..< last` as bytes, channels interleaved: `clamp(127.5 x + 128, 0, 255)`, truncated
  /// as NVlabs does.
  @inline(never)
  public static func byteRows(
    _ image: UnsafePointer<Float>, channels: Int, size: Int, first: Int, last: Int,
    into bytes: UnsafeMutablePointer<UInt8>
  ) {
    for c in 0..<channels {
      let plane = image + c * size * size
      for i in (first * size)..<(last * size) {
        // NaN compares false and becomes 0.
        let value = plane[i] * 127.5 + 128
        bytes[i * channels + c] = value > 0 ? UInt8(min(value, 255)) : 0
      }
    }
  }
}
