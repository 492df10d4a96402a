import Core

extension ModelDescription {
  /// Tensors with values that are no numbers, and how many of them each has.
  ///
  /// Reads all weights, which opening does not.
  package var nonFinite: [(name: String, count: Int)] {
    var found: [(name: String, count: Int)] = []
    forEachWeights { (name, weights) in
      let count = weights.nonFiniteCount
      if count > 0 { found.append((name, count)) }
    }
    return found
  }
}

extension Weights {
  /// Values that are infinite or NaN: all bits of the exponent are set.
  fileprivate var nonFiniteCount: Int {
    func count<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, exponent: T) -> Int {
      bytes.withSpan { span in
        var count = 0
        for at in stride(from: 0, to: span.byteCount, by: MemoryLayout<T>.size) {
          let bits = unsafe span.unsafeLoadUnaligned(fromByteOffset: at, as: T.self)
          count += bits & exponent == exponent ? 1 : 0
        }
        return count
      }
    }
    let broken = (0..<scaleCount).count { !scale($0).isFinite }
    return switch type {
    case .float32: count(UInt32.self, exponent: 0x7f80_0000)
    case .float16: count(UInt16.self, exponent: 0x7c00)
    default: broken
    }
  }
}
