import CKernels
import Core

/// What follows a convolution, apart from what changes with each face.
package struct Finish: Sendable {
  let bias: FloatBuffer
  let slope: Float
  let gain: Float
  let clamp: Float

  /// Spreads `bias`, one for each output channel; `clamp` is nil for none.
  ///
  /// - Throws: `resources`.
  package init(
    bias: FloatBuffer, slots: ChannelSlots, slope: Float, gain: Float, clamp: Float?
  ) throws(ObverseError) {
    self.bias = try slots.spread(bias)
    self.slope = slope
    self.gain = gain
    self.clamp = clamp ?? .infinity
  }

  func epilogue(
    _ arena: FloatBuffer, _ at: LayerPlaces, isDemodulated: Bool = true
  ) -> kernel_epilogue {
    kernel_epilogue(
      factors: isDemodulated ? arena.at(at.factors) : nil, bias: Floats(bias.base),
      noise: at.noise.map { Floats($0.base) } ?? at.drawnNoise.map { arena.at($0) },
      strength: at.strength, slope: slope, gain: gain, clamp: clamp)
  }
}

/// Where in a generator's arena a layer finds what changes with each face, in floats.
package struct LayerPlaces: Sendable {
  package var input: Int
  /// `[blocks * lanes]`, rest zero.
  package var style: Int
  /// Demodulation, `[blocks * lanes]`.
  package var factors = 0
  /// A plane that never changes, or nil.
  package var noise: FloatBuffer?
  /// A plane drawn for this face, or nil.
  package var drawnNoise: Int?
  /// Multiplies either plane.
  package var strength: Float = 0
  package var output: Int

  package init(input: Int, style: Int, output: Int) {
    self.input = input
    self.style = style
    self.output = output
  }
}

/// Rows that a worker does at a time, so that what it prepares stays in its second-level cache.
///
/// 64 K floats, 256 KB: half of the smallest second-level cache that such machines have. Results do
/// not depend on it.
func bandRows(floatsPerRow: Int, atMost: Int) -> Int {
  min(max(65536 / max(floatsPerRow, 1), 2), atMost)
}
