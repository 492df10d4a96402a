import Kernels

/// What doubles the size, or the filter behind it, and the convolution that follows, band by band;
/// then, while the rows are in cache, a resnet block's skip and the image.
final class BlockStep: Step {
  private let kernel: FastBlock
  private let first: StyledLayer
  private let firstRole: StepPart.Role
  private let second: StyledLayer
  private let riders: RowRiders
  /// The output; nil where only as many rows of it exist as toRGB reads.
  let output: FeatureMap?
  let algorithm: ConvAlgorithm?

  init(
    _ kernel: FastBlock, _ first: StyledLayer, _ firstRole: StepPart.Role, _ second: StyledLayer,
    riders: RowRiders, map: FeatureMap?, algorithm: ConvAlgorithm
  ) {
    self.kernel = kernel
    self.first = first
    self.firstRole = firstRole
    self.second = second
    self.riders = riders
    output = map
    self.algorithm = algorithm
  }

  var parts: [StepPart] {
    [first.part(firstRole), second.part(.conv(addsResidual: riders.residual != nil))]
      + riders.parts
  }
  var rows: Int { second.size }
  var rowMultiple: Int { FastBlock.rowMultiple }

  func access(rows: Range<Int>) -> Access {
    var access = kernel.access(first.places, second.places)
    riders.claim(&access, outputRow: kernel.outRow)
    return access
  }

  func run(_ face: Face, rows: Range<Int>, scratch: Int) {
    let (upPlaces, drawUp) = first.places(face)
    let (samePlaces, drawSame) = second.places(face)
    kernel.run(
      face.arena, upPlaces, samePlaces, drawUp: drawUp, drawSame: drawSame, rows: rows,
      scratch: scratch
    ) { band, map in
      riders.run(face, map: map, rows: band, scratch: scratch + kernel.scratchCount)
    }
  }
}
