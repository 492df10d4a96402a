// Exported: Embedded Swift wants whoever calls a kernel to have imported the catalogue.
@_exported import KernelSet
import KernelsBaseline

#if arch(x86_64)
import KernelsAVX2
import KernelsAVX512
#endif

package typealias Floats = UnsafePointer<Float>
package typealias Scratch = UnsafeMutablePointer<Float>

/// The kernels of one instruction set.
package struct Fast: Sendable {
  package let instructionSet: InstructionSet
  /// Of 1x1 convolutions behind depthwise ones.
  package let precision: Precision
  package let kernels: any KernelSet
  /// Channels of a block: every map and vector is padded to a multiple of it.
  package let lanes: Int

  package init(_ set: InstructionSet, _ precision: Precision = .float32) {
    precondition(InstructionSet.available.contains(set) && precision.isAvailable(with: set))
    instructionSet = set
    self.precision = precision
    kernels =
      switch set {
      #if arch(x86_64)
      case .avx2: KernelsAVX2.kernels()
      case .avx512: KernelsAVX512.kernels()
      case .baseline, .neon: KernelsBaseline.kernels()
      #else
      default: KernelsBaseline.kernels()
      #endif
      }
    lanes = kernels.lanes
  }

  /// Blocks that hold `channels`.
  package func blocks(_ channels: Int) -> Int {
    (channels + lanes - 1) / lanes
  }
}
