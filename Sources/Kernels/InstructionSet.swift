import CKernels

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
