import Kernels

/// A styled convolution in a plan: where it finds its style, and its noise.
struct StyledLayer: Sendable {
  /// Such as `b64.conv1`.
  let name: String
  /// Side of its output and of its noise plane.
  let size: Int
  /// Which output channel stands where.
  let slots: ChannelSlots
  /// Places of style, factors and stored noise; of its maps, once they are known.
  var places: LayerPlaces
  /// Counts the layers with noise, so that each draws its own; nil for a layer without.
  let noise: Int?

  /// The same layer between two maps.
  func from(_ input: Int, to output: Int) -> StyledLayer {
    var layer = self
    layer.places.input = input
    layer.places.output = output
    return layer
  }

  /// The layer as part of a step.
  func part(_ role: StepPart.Role) -> StepPart {
    StepPart(layer: name, role: role, storesNoise: places.noise != nil)
  }

  /// Its places with the noise of this face; a worker draws its rows to a plane at `plane`.
  func places(_ face: Face, drawing rows: Range<Int>, to plane: Int) -> LayerPlaces {
    let (places, draw) = places(face)
    guard let draw else { return places }
    var drawn = places
    DrawnNoise.fill(
      face.arena, at: plane, size: size, rows: rows, seed: draw.seed, layer: draw.layer)
    drawn.drawnNoise = plane
    return drawn
  }

  /// Its places with the noise of this face, and what draws rows of it, if any are drawn.
  func places(_ face: Face) -> (LayerPlaces, FastBlock.Draw?) {
    var places = places
    switch face.noise {
    case .const: return (places, nil)
    case .none:
      places.noise = nil
      return (places, nil)
    case .random(let seed):
      places.noise = nil
      return (places, noise.map { FastBlock.Draw(seed: seed, layer: $0) })
    }
  }

  /// Adds the plane that rows may be drawn to.
  func claimPlane(_ access: inout Access, at plane: Int) {
    if noise != nil { access.write(plane, size * size) }
  }
}

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
