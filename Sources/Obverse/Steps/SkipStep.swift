import Kernels

/// A resnet block's 1x1, before the block's first convolution frees its input.
final class SkipStep: Step {
  private let kernel: FastSkip
  private let input: Int
  private let target: Int
  let parts: [StepPart]
  /// Rows of the input.
  let rows: Int

  init(_ kernel: FastSkip, input: Int, output: Int, name: String, rows: Int) {
    self.kernel = kernel
    self.input = input
    target = output
    parts = [StepPart(layer: name, role: .skip)]
    self.rows = rows
  }

  func access(rows: Range<Int>) -> Access { kernel.access(input: input, output: target) }

  func run(_ face: Face, rows: Range<Int>, scratch: Int) {
    kernel.run(face.arena, input: input, output: target, rows: rows)
  }
}
