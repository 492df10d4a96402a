import ModelFile

extension Model {
  /// Checks a model file that is in memory and prepares its weights for this processor.
  ///
  /// Unlike a mapped file, memory cannot be cut short by another process.
  ///
  /// - Parameters:
  ///   - bytes: The whole file. Weights are used in place where they lie at 64-byte boundaries.
  ///   - instructionSet: nil takes `OBVERSE_ISA`, else the best that this processor has.
  ///   - precision: Other than float32 for separable networks alone.
  /// - Throws: What the file breaks; `usage` for an instruction set or a precision that this processor
  ///   lacks; `request` for a precision that the network has no use for.
  public convenience init(
    bytes: Bytes, instructionSet: InstructionSet? = nil, precision: Precision = .float32
  ) throws(ObverseError) {
    try self.init(
      ModelFile.read(bytes), instructionSet: instructionSet, precision: precision)
  }
}
