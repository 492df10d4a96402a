// The register tile: n pixels times one or two vectors of output channels.
//
// A step of the innermost loop loads one or two weight vectors and n single inputs, and does n or
// 2n multiply-adds. 6 x 2 and 12 x 1 keep 12 sums in flight, enough for two FMA units of latency 4,
// and with their operands fit 16 registers; AVX-512 has 32 and takes 12 x 2 and 16 x 1.

import CKernels

#if WIDE16
let widestPair = 12
let widestSingle = 16
#else
let widestPair = 6
let widestSingle = 12
#endif

/// Carries a pixel count to a generic function.
struct Count<let n: Int> {}

/// What becomes of a tile's sums.
protocol Finish {
  /// - Parameters:
  ///   - channel: First channel of the vector.
  ///   - row: Row within the band.
  ///   - column: Pixel of the row.
  func finished(_ sum: Vector, channel: Int, row: Int, column: Int) -> Vector
}

/// Leaves the sums as they are.
struct Raw: Finish {
  @inline(__always)
  func finished(_ sum: Vector, channel: Int, row: Int, column: Int) -> Vector { sum }
}

/// Demodulation, noise, bias, leaky ReLU, gain and clamp in registers.
struct Activated: Finish {
  let epilogue: kernel_epilogue
  /// Noise at the band's first row, or nil.
  let noise: Floats?
  let size: Int

  @inline(__always)
  init(_ epilogue: kernel_epilogue, row: Int, size: Int) {
    self.epilogue = epilogue
    self.size = size
    noise = epilogue.noise.map { $0 + row * size }
  }

  @inline(__always)
  func finished(_ sum: Vector, channel: Int, row: Int, column: Int) -> Vector {
    var offset = load(epilogue.bias + channel)
    if let noise {
      offset += Vector(repeating: noise[row * size + column] * epilogue.strength)
    }
    let y = multiplyAdd(sum, load(epilogue.factors + channel), offset)
    let leaky = y.replacing(with: y * epilogue.slope, where: y .< Vector.zero) * epilogue.gain
    let limit = Vector(repeating: epilogue.clamp)
    return clamped(leaky, -limit, limit)
  }
}

@inline(__always)
func tilePair<let n: Int, F: Finish>(
  _: Count<n>, _ c: kernel_conv, _ pixel: Floats, _ weights: Floats, _ out: MutableFloats, _ f: F,
  _ channel: Int, _ row: Int, _ column: Int
) {
  let lanes = Vector.scalarCount
  var a = InlineArray<n, Vector> { _ in .zero }
  var b = InlineArray<n, Vector> { _ in .zero }
  var w = weights
  for t in 0..<c.tap_count {
    var block = pixel + c.taps[t]
    var left = c.channels
    while left > 0 {
      for k in 0..<min(left, lanes) {
        let wa = load(w)
        let wb = load(w + lanes)
        for i in 0..<n {
          let x = Vector(repeating: block[i * lanes + k])
          a[i] = multiplyAdd(x, wa, a[i])
          b[i] = multiplyAdd(x, wb, b[i])
        }
        w += 2 * lanes
      }
      left -= lanes
      block += c.input_block
    }
  }
  for i in 0..<n {
    store(f.finished(a[i], channel: channel, row: row, column: column + i), out + i * lanes)
    store(
      f.finished(b[i], channel: channel + lanes, row: row, column: column + i),
      out + c.output_block + i * lanes)
  }
}

@inline(__always)
func tileSingle<let n: Int, F: Finish>(
  _: Count<n>, _ c: kernel_conv, _ pixel: Floats, _ weights: Floats, _ out: MutableFloats, _ f: F,
  _ channel: Int, _ row: Int, _ column: Int
) {
  let lanes = Vector.scalarCount
  var a = InlineArray<n, Vector> { _ in .zero }
  var w = weights
  for t in 0..<c.tap_count {
    var block = pixel + c.taps[t]
    var left = c.channels
    while left > 0 {
      for k in 0..<min(left, lanes) {
        let wa = load(w)
        for i in 0..<n {
          a[i] = multiplyAdd(Vector(repeating: block[i * lanes + k]), wa, a[i])
        }
        w += lanes
      }
      left -= lanes
      block += c.input_block
    }
  }
  for i in 0..<n {
    store(f.finished(a[i], channel: channel, row: row, column: column + i), out + i * lanes)
  }
}
