import Kernels

/// A depthwise and pointwise pair, behind an inverse Haar transform if there is a style for it.
final class SeparableStep: Step {
  /// The transform in front: its name, and the place of its style.
  struct Haar: Sendable {
    let name: String
    let style: Int
  }

  private let kernel: FastSeparable
  private let layer: StyledLayer
  /// Place of a plane of drawn noise.
  private let noise: Int
  private let haar: Haar?
  let output: FeatureMap?

  init(
    _ kernel: FastSeparable, _ layer: StyledLayer, noise: Int, haar: Haar?, map: FeatureMap
  ) {
    self.kernel = kernel
    self.layer = layer
    self.noise = noise
    self.haar = haar
    output = map
  }

  var parts: [StepPart] {
    let transform = haar.map { [StepPart(layer: $0.name, role: .inverseHaar)] } ?? []
    return transform + [layer.part(.conv())]
  }
  var rows: Int { layer.size }

  var access: Access {
    var access = kernel.access(layer.places, haarStyle: haar?.style)
    layer.claimPlane(&access, at: noise)
    return access
  }

  func run(_ face: Face, rows: Range<Int>, scratch: Int) {
    kernel.run(
      face.arena, layer.places(face, drawing: rows, to: noise), haarStyle: haar?.style,
      rows: rows, scratch: scratch)
  }
}
