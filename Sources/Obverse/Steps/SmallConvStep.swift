import Kernels

/// A 3x3 convolution of a map so small that workers share its output channels, not its rows: each reads
/// its part of the weights alone.
final class SmallConvStep: Step {
  private let kernel: FastConv
  private let layer: StyledLayer
  let output: FeatureMap?

  init(_ kernel: FastConv, _ layer: StyledLayer, map: FeatureMap) {
    self.kernel = kernel
    self.layer = layer
    output = map
  }

  var parts: [StepPart] { [layer.part(.conv())] }
  /// Pairs of blocks of output channels.
  var rows: Int { kernel.pairs }
  var algorithm: ConvAlgorithm? { .direct }
  func access(rows: Range<Int>) -> Access { kernel.access(layer.places) }

  func run(_ face: Face, rows: Range<Int>, scratch: Int) {
    let (places, _) = layer.places(face)
    kernel.run(face.arena, places, pairs: rows, scratch: scratch)
  }
}
