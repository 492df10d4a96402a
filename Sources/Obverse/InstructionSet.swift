import Glibc
import Kernels

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
    [.neon]
    #else
    Target.available.map { target in
      switch target {
      case .baseline: .baseline
      case .avx2: .avx2
      case .avx512: .avx512
      }
    }
    #endif
  }

  /// The one that draws fastest here.
  public static var best: InstructionSet {
    available.last ?? .baseline
  }

  /// What `OBVERSE_ISA` asks for, else the best.
  ///
  /// - Throws: `usage` for a name that is none, or one that this processor lacks.
  static func chosen() throws(ObverseError) -> InstructionSet {
    guard let value = unsafe getenv("OBVERSE_ISA") else { return best }
    let name = unsafe String(cString: value)
    guard !name.isEmpty else { return best }
    guard let set = InstructionSet(rawValue: name) else {
      throw .usage("OBVERSE_ISA is '\(name)', not baseline, avx2, avx512 or neon", hint: nil)
    }
    return set
  }

  /// The kernels of this set.
  ///
  /// - Throws: `usage` where this processor lacks it.
  func kernels() throws(ObverseError) -> Fast {
    guard InstructionSet.available.contains(self) else {
      let names = InstructionSet.available.map(\.rawValue).joined(separator: ", ")
      throw .usage(
        "instruction set \(rawValue) is not on this processor; it has \(names)", hint: nil)
    }
    return switch self {
    case .baseline, .neon: Fast(.baseline)
    case .avx2: Fast(.avx2)
    case .avx512: Fast(.avx512)
    }
  }
}
