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
