// What follows a convolution's sums: demodulation, noise, bias, leaky ReLU, gain and clamp.
//
// The numbers of a finish are tuples, and not structures: a debug build makes metadata of each structure,
// and with it weak functions that are made for this room's processors. All is transparent, since the
// inliner leaves calls with so many vectors in loops that are long already.

import CKernels

/// `gain * leakyReLU(sum * factor + offset)`; without `gain`, which the factor and the offset
/// may hold, since the leaky ReLU scales with its input.
@_transparent
private func leaky(
  _ sum: Vector, _ factor: Vector, _ offset: Vector, _ slope: Vector, gain: Vector?
) -> Vector {
  let y = multiplyAdd(sum, factor, offset)
  let value = y.replacing(with: y * slope, where: y .< Vector.zero)
  guard let gain else { return value }
  return value * gain
}

// MARK: - Blocks of channels

/// The finish of a vector of channels, pixel by pixel.
typealias BlockFinish = (
  factors: Vector, bias: Vector, strength: Float, slope: Vector, gain: Vector, limit: Vector
)

/// The finish of the vector that begins with `channel`; `scale` multiplies the sums.
@_transparent
func blockFinish(_ e: kernel_epilogue, channel: Int, scale: Float? = nil) -> BlockFinish {
  var factors = Vector(repeating: 1)
  if let all = e.factors { factors = load(all + channel) }
  return (
    factors: scale.map { factors * $0 } ?? factors, bias: load(e.bias + channel),
    strength: e.strength, slope: Vector(repeating: e.slope), gain: Vector(repeating: e.gain),
    limit: Vector(repeating: e.clamp)
  )
}

/// Finishes the sums of pixel `x`; `noise` is that of pixel 0, or nil.
@_transparent
func finished(_ f: BlockFinish, _ sum: Vector, _ noise: Floats?, _ x: Int) -> Vector {
  var offset = f.bias
  if let noise { offset += Vector(repeating: noise[x] * f.strength) }
  return clamped(leaky(sum, f.factors, offset, f.slope, gain: f.gain), f.limit)
}

/// Finishes the sums of a pixel whose noise times its strength is `noise`.
@_transparent
func finished(_ f: BlockFinish, _ sum: Vector, _ noise: Float) -> Vector {
  clamped(leaky(sum, f.factors, f.bias + Vector(repeating: noise), f.slope, gain: f.gain), f.limit)
}

/// Whether a finish is noise, bias and leaky ReLU alone, which fit into registers.
@_transparent
func isPlain(_ e: kernel_epilogue) -> Bool {
  e.factors == nil && e.noise != nil && e.gain == 1 && e.clamp == .infinity
}

/// Finishes a plain sum; the bits of `finished` with a factor and a gain of 1 and no limit.
@_transparent
func finishedPlain(_ sum: Vector, _ offset: Vector, _ slope: Vector) -> Vector {
  let y = sum + offset
  return y.replacing(with: y * slope, where: y .< Vector.zero)
}

// MARK: - Planar rows

/// The finish of one channel, a vector of pixels at a time; the gain is in the first three.
typealias RowFinish = (
  factor: Vector, bias: Vector, strength: Vector, slope: Vector, limit: Vector, clamps: Bool
)

/// The finish of `channel`; `scale` multiplies the sums.
@_transparent
func rowFinish(_ e: kernel_epilogue, channel: Int, scale: Float = 1) -> RowFinish {
  let factor: Float = if let factors = e.factors { factors[channel] } else { 1 }
  return (
    factor: Vector(repeating: factor * e.gain * scale),
    bias: Vector(repeating: e.bias[channel] * e.gain),
    strength: Vector(repeating: e.strength * e.gain), slope: Vector(repeating: e.slope),
    limit: Vector(repeating: e.clamp), clamps: e.clamp < .infinity
  )
}

/// Finishes the sums of a vector of pixels; `noise` is that of the first, or nil.
@_transparent
func finished(_ f: RowFinish, _ sum: Vector, _ noise: Floats?) -> Vector {
  var offset = f.bias
  if let noise { offset = multiplyAdd(load(noise), f.strength, offset) }
  let value = leaky(sum, f.factor, offset, f.slope, gain: nil)
  return f.clamps ? clamped(value, f.limit) : value
}
