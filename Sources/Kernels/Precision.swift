import CKernels

/// In which numbers the dense weights of a separable network are multiplied; all else is float32.
public enum Precision: String, Sendable, CaseIterable {
  case float32
  /// Inputs and weights of 1x1 convolutions rounded to bfloat16, their products summed in float32: twice
  /// as many a cycle, with AVX512-BF16.
  case bf16

  /// Whether this processor has it for an instruction set.
  package func isAvailable(with set: InstructionSet) -> Bool {
    switch self {
    case .float32: true
    case .bf16: set == .avx512 && cpu_has_avx512_bf16() != 0
    }
  }
}
