import Kernels

/// One affine layer, and what is made from its style before the first convolution.
struct StyleJob: Sendable {
  let affine: FastDense
  /// Place of its w.
  let w: Int
  /// Place of the style in channel order, padded with zeros.
  let style: Int
  /// What else is made of it.
  let product: Product?

  enum Product: Sendable {
    /// Demodulation factors of a convolution, from the style's squares.
    case factors(FastDemodulation, squares: Int, factors: Int)
    /// Weights times the style.
    case modulated(any ModulatedLayer, place: Int)
    /// The style in Haar slots, for what stands in front of an inverse Haar transform.
    case haar(ChannelSlots, place: Int)
  }

  /// What a worker's rows of the affine layer touch.
  var affineAccess: Access { affine.access(input: w, output: style).named("styles") }

  /// Makes a worker's rows of the style.
  func makeStyle(_ arena: FloatBuffer, rows: Range<Int>) {
    affine.run(arena, input: w, output: style, rows: rows, activated: false)
  }

  /// What `prepare` touches; nil where there is nothing to do.
  var preparation: Access? {
    switch product {
    case .factors(let layer, let squares, _):
      return layer.squareAccess(style: style, into: squares).named("squares")
    case .modulated(let layer, let place):
      return layer.modulateAccess(style: style, into: place).named("modulated weights")
    case .haar(let slots, let place):
      var access = Access("Haar style")
      access.read(style, affine.outputs)
      access.write(place, slots.count)
      return access
    case nil: return nil
    }
  }

  /// Makes of the finished style what is small: one worker does all of it.
  func prepare(_ arena: FloatBuffer) {
    switch product {
    case .factors(let layer, let squares, _): layer.square(arena, style: style, into: squares)
    case .modulated(let layer, let place): layer.modulate(arena, style: style, into: place)
    case .haar(let slots, let place):
      for slot in 0..<slots.count {
        if let channel = slots[slot] { arena[place + slot] = arena[style + channel] }
      }
    case nil: break
    }
  }

  /// The demodulation, whose rows workers share; nil for a job without.
  var demodulation: (layer: FastDemodulation, squares: Int, factors: Int)? {
    guard case .factors(let layer, let squares, let factors) = product else { return nil }
    return (layer, squares, factors)
  }
}
