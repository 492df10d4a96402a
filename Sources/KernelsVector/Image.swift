// The image itself: what toRGB adds, the doubling of the image before it, and bytes.

import CKernels

#if WIDE16
private typealias Levels = SIMD16<UInt32>
private typealias Pairs = SIMD8<UInt64>
private typealias SignedLevels = SIMD16<Int32>
#elseif WIDE8
private typealias Levels = SIMD8<UInt32>
private typealias Pairs = SIMD4<UInt64>
private typealias SignedLevels = SIMD8<Int32>
#else
private typealias Levels = SIMD4<UInt32>
private typealias Pairs = SIMD2<UInt64>
private typealias SignedLevels = SIMD4<Int32>
#endif

extension Vectorized {
  /// Row `y` of `image = upsampled(previous) + contribution`.
  ///
  /// `row` is the contribution, `[size][lane]`, image channels in the first lanes; `scratch` holds
  /// `size / 2 + 2` floats.
  @inline(never)
  func imageRow(
    _ k: kernel_image, y: Int, row: UnsafePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    let half = k.size / 2
    for c in 0..<k.channels {
      let out = k.image + (c * k.plane + y * k.size)
      for x in 0..<k.size { out[x] = row[x * Vector.scalarCount + c] }
      if let previous = k.previous {
        addUpsampled(previous + c * half * half, y, half, out, scratch)
      }
    }
  }

  /// Adds row `y` of the upsampled plane to `out`: 3/4 of the near and 1/4 of the far neighbour
  /// along each axis, zeros outside.
  @inline(__always)
  private func addUpsampled(
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

  /// A row of an inverse Haar transform straight to two rows of image planes.
  ///
  /// `bands` holds `4 * channels` values a pixel, low-pass first, as `[block][size][lane]`; `image` is
  /// the upper row of channel 0, `2 * size` long, and channels lie `plane` floats apart.
  @inline(never)
  func haarImageRow(
    _ bands: UnsafePointer<Float>, size: Int, blocks: Int, channels: Int,
    into image: UnsafeMutablePointer<Float>, plane: Int
  ) {
    for c in 0..<channels {
      let upper = image + c * plane
      let lower = upper + 2 * size
      for x in 0..<size {
        let low = band(bands, c, x, size)
        let a = band(bands, channels + 3 * c, x, size)
        let b = band(bands, channels + 3 * c + 1, x, size)
        let d = band(bands, channels + 3 * c + 2, x, size)
        upper[2 * x] = (low + a + b + d) * 0.5
        upper[2 * x + 1] = (low + a - b - d) * 0.5
        lower[2 * x] = (low - a + b - d) * 0.5
        lower[2 * x + 1] = (low - a - b + d) * 0.5
      }
    }
  }

  @inline(__always)
  private func band(_ row: Floats, _ channel: Int, _ x: Int, _ size: Int) -> Float {
    let lanes = Vector.scalarCount
    return row[(channel / lanes * size + x) * lanes + channel % lanes]
  }

  /// Rows `first ..< last` as bytes, channels interleaved: `clamp(127.5 x + 128, 0, 255)`, truncated
  /// as NVlabs does.
  ///
  /// `image` is row 0 of channel 0; channels lie `plane` floats apart.
  @inline(never)
  func byteRows(
    _ image: UnsafePointer<Float>, plane: Int, channels: Int, size: Int, first: Int, last: Int,
    into bytes: UnsafeMutablePointer<UInt8>
  ) {
    let lanes = Vector.scalarCount
    guard channels == 3, size % lanes == 0 else {
      for c in 0..<channels {
        for i in (first * size)..<(last * size) {
          // NaN compares false and becomes 0.
          let value = image[c * plane + i] * 127.5 + 128
          bytes[i * channels + c] = value > 0 ? UInt8(min(value, 255)) : 0
        }
      }
      return
    }
    for y in first..<last {
      let source = image + y * size
      let out = UnsafeMutableRawPointer(bytes + y * size * 3)
      for x in stride(from: 0, to: size, by: lanes) {
        let pixels =
          level(source + x) | level(source + plane + x) &<< 8 | level(source + 2 * plane + x) &<< 16
        // Two pixels in six bytes of eight; the other two are overwritten by the next pair, and the last
        // pair of a row must not reach into a row of another worker.
        let wide = unsafeBitCast(pixels, to: Pairs.self)
        let pairs = (wide & 0xff_ffff) | ((wide &>> 32) &<< 24)
        let target = out + 3 * x
        withUnsafePointer(to: pairs) { pairs in
          let words = UnsafeRawPointer(pairs)
          for i in 0..<(lanes / 2 - 1) {
            target.storeBytes(
              of: words.load(fromByteOffset: 8 * i, as: UInt64.self), toByteOffset: 6 * i,
              as: UInt64.self)
          }
          let last = words.load(fromByteOffset: 4 * lanes - 8, as: UInt64.self)
          target.storeBytes(
            of: UInt32(truncatingIfNeeded: last), toByteOffset: 3 * lanes - 6, as: UInt32.self)
          target.storeBytes(
            of: UInt16(truncatingIfNeeded: last &>> 32), toByteOffset: 3 * lanes - 2,
            as: UInt16.self)
        }
      }
    }
  }

  /// `clamp(127.5 x + 128, 0, 255)`, truncated; NaN compares false and becomes 0.
  @_transparent
  private func level(_ p: Floats) -> Levels {
    let value = load(p) * 127.5 + 128
    let positive = Vector.zero.replacing(with: value, where: value .> Vector.zero)
    let limited = positive.replacing(with: 255, where: positive .> 255)
    // From 2^23 on floats are the integers: adding it rounds, and the integer is in the lowest bits.
    // One less where that was upwards: the sign of the difference is a mask. (The standard library's
    // conversion goes lane by lane through generic code.)
    let rounded = limited + 0x1p23
    let difference = unsafeBitCast(limited - (rounded - 0x1p23), to: SignedLevels.self)
    return unsafeBitCast(
      (unsafeBitCast(rounded, to: SignedLevels.self) & 0xff) &+ (difference &>> 31),
      to: Levels.self)
  }
}
