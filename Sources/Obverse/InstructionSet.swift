/// A family of vector instructions that the kernels are compiled for.
public enum InstructionSet: String, Sendable, CaseIterable {
  case baseline, avx2, avx512, neon

  /// The best one that this processor has and that was tested on such a processor.
  public static var best: InstructionSet { .baseline }

  /// Those that this processor has, best last.
  public static var available: [InstructionSet] { [.baseline] }
}
