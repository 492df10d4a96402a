import Core

/// What a convolution by taps reads of planar rows, step by step: by input channel, then tap.
///
/// A table, so that the innermost loop of its kernel is the only one.
struct PlanarSteps: @unchecked Sendable {
  let base: UnsafePointer<Int>
  let count: Int
  private let memory: Memory

  /// - Parameters:
  ///   - taps: Offsets in floats from a column.
  ///   - channels: How many there are to be read.
  ///   - stride: Floats from one of them to the next.
  /// - Throws: `resources`.
  init(_ taps: [Int], channels: Int, stride: Int) throws(ObverseError) {
    count = channels * taps.count
    memory = try Memory(byteCount: count * MemoryLayout<Int>.stride)
    let steps = memory.base.bindMemory(to: Int.self, capacity: count)
    for c in 0..<channels {
      for (t, tap) in taps.enumerated() { steps[c * taps.count + t] = c * stride + tap }
    }
    base = UnsafePointer(steps)
  }
}
