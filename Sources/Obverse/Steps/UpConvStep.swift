import Kernels

/// A 3x3 convolution that doubles the size, by phases.
final class UpConvStep: Step {
  private let kernel: FastUpConv
  private let layer: StyledLayer
  /// Place of a plane of drawn noise.
  private let noise: Int
  let output: FeatureMap?

  init(_ kernel: FastUpConv, _ layer: StyledLayer, noise: Int, map: FeatureMap) {
    self.kernel = kernel
    self.layer = layer
    self.noise = noise
    output = map
  }

  var parts: [StepPart] { [layer.part(.conv())] }
  var rows: Int { layer.size }
  var algorithm: ConvAlgorithm? { .direct }

  func access(rows: Range<Int>) -> Access {
    var access = kernel.access(layer.places)
    layer.claimPlane(&access, at: noise)
    return access
  }

  func run(_ face: Face, rows: Range<Int>, scratch: Int) {
    kernel.run(
      face.arena, layer.places(face, drawing: rows, to: noise), rows: rows, scratch: scratch)
  }
}
