import ModelFile

extension Model {
  /// Checks a model file that is in memory and prepares its weights for this processor.
  ///
  /// Unlike a mapped file, memory cannot be cut short by another process.
  ///
  /// - Parameters:
  ///   - bytes: The whole file. Weights are used in place where they lie at 64-byte boundaries.
  ///   - instructionSet: nil takes `OBVERSE_ISA`, else the best that this processor has.
  /// - Throws: What the file breaks; `usage` for an instruction set that this processor lacks.
  public convenience init(
    bytes: Bytes, instructionSet: InstructionSet? = nil
  ) throws(ObverseError) {
    try self.init(ModelFile.read(bytes), instructionSet: instructionSet)
  }
}
