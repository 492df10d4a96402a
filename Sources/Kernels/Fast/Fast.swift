import CKernels
// Exported: Embedded Swift wants whoever calls a kernel to have imported the catalogue.
@_exported import KernelSet
import KernelsBaseline

#if arch(x86_64)
import KernelsAVX2
import KernelsAVX512
#endif

/// A family of vector instructions that the kernels are compiled for.
public enum InstructionSet: String, Sendable, CaseIterable {
  /// SSE2 on x86-64.
  case baseline
  /// AVX2 and FMA.
  case avx2
  /// AVX-512 F, VL, DQ and BW.
  case avx512
  /// The baseline of arm64.
  case neon

  /// Those that this processor has, best last.
  public static var available: [InstructionSet] {
    #if arch(arm64)
    return [.neon]
    #else
    var found: [InstructionSet] = [.baseline]
    if cpu_has_avx2() != 0 { found.append(.avx2) }
    if cpu_has_avx512() != 0 { found.append(.avx512) }
    return found
    #endif
  }

  /// The one that draws fastest here.
  public static var best: InstructionSet {
    available.last ?? .baseline
  }
}

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
      case .avx2: KernelsAVX2.Vectorized()
      case .avx512: KernelsAVX512.Vectorized()
      #endif
      default: KernelsBaseline.Vectorized()
      }
    lanes = kernels.lanes
  }

  /// Blocks that hold `channels`.
  package func blocks(_ channels: Int) -> Int {
    (channels + lanes - 1) / lanes
  }
}
