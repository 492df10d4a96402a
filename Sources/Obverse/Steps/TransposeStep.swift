import Kernels

/// The transposed convolution of a layer that doubles the size, by Winograd, to a map of raw rows; the
/// block behind it filters them.
final class TransposeStep: Step {
  private let kernel: FastWinogradUpConv
  private let layer: StyledLayer

  init(_ kernel: FastWinogradUpConv, _ layer: StyledLayer) {
    self.kernel = kernel
    self.layer = layer
  }

  var parts: [StepPart] { [StepPart(layer: layer.name, role: .transpose)] }
  /// Rows of the input.
  var rows: Int { layer.size / 2 }
  var rowMultiple: Int { FastWinogradUpConv.rowMultiple }
  var algorithm: ConvAlgorithm? { .winograd }
  func access(rows: Range<Int>) -> Access { kernel.transposeAccess(layer.places) }

  func run(_ face: Face, rows: Range<Int>, scratch: Int) {
    kernel.transpose(face.arena, layer.places, rows: rows, scratch: scratch)
  }
}
