import Kernels

/// A 3x3 convolution of unchanged size; then, while the rows are in cache, a resnet block's skip and
/// the image.
final class ConvStep: Step {
  private let kernel: any ConvLayer
  private let layer: StyledLayer
  /// Place of a plane of drawn noise.
  private let noise: Int
  private let riders: RowRiders
  let output: FeatureMap?

  init(
    _ kernel: any ConvLayer, _ layer: StyledLayer, noise: Int, riders: RowRiders, map: FeatureMap
  ) {
    self.kernel = kernel
    self.layer = layer
    self.noise = noise
    self.riders = riders
    output = map
  }

  var parts: [StepPart] {
    [layer.part(.conv(addsResidual: riders.residual != nil))] + riders.parts
  }
  var rows: Int { layer.size }
  var rowMultiple: Int { kernel.rowMultiple }
  var algorithm: ConvAlgorithm? { kernel.algorithm }

  func access(rows: Range<Int>) -> Access {
    var access = kernel.access(layer.places)
    layer.claimPlane(&access, at: noise)
    riders.claim(&access, outputRow: kernel.outputRow)
    return access
  }

  func run(_ face: Face, rows: Range<Int>, scratch: Int) {
    let places = layer.places(face, drawing: rows, to: noise)
    kernel.run(face.arena, places, rows: rows, scratch: scratch) { band in
      riders.run(face, map: places.output, rows: band, scratch: scratch + kernel.scratchCount)
    }
  }
}
