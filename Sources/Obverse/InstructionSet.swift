import CSystem
import Kernels

extension InstructionSet {
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
  /// - Throws: `usage` where this processor lacks it, or the precision.
  func kernels(_ precision: Precision = .float32) throws(ObverseError) -> Fast {
    guard InstructionSet.available.contains(self) else {
      let names = InstructionSet.available.map { $0.rawValue }.joined(separator: ", ")
      throw .usage(
        "instruction set \(rawValue) is not on this processor; it has \(names)", hint: nil)
    }
    guard precision.isAvailable(with: self) else {
      throw .usage(
        "precision \(precision.rawValue) needs AVX512-BF16, "
          + (self == .avx512 ? "which this processor lacks" : "and \(rawValue) is in use"),
        hint: nil)
    }
    return Fast(self, precision)
  }
}
