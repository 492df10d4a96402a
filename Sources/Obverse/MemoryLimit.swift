import CSystem

/// How much memory this process can have: a small file can ask for large maps, and the system would
/// promise the memory and then kill us.
package struct MemoryLimit: Sendable {
  /// Bytes that can be had.
  package let bytes: Int
  /// Whose limit it is, to follow "more than".
  package let source: String

  /// The least of several limits.
  ///
  /// - Parameters:
  ///   - machine: Bytes of the machine's memory.
  ///   - group: Bytes that the control group may take; nil for no limit.
  ///   - process: Bytes that the process's own limits leave (`ulimit -v`, `-d`); nil for no limit.
  package init(machine: Int, group: Int?, process: Int?) {
    let limits = [
      (process, "this process's limits leave"), (group, "this container may have"),
      (machine, "this machine has"),
    ].compactMap { bytes, source in bytes.map { (bytes: $0, source: source) } }
    let least = limits.min { $0.bytes < $1.bytes } ?? (machine, "")
    bytes = max(least.bytes, 0)
    source = least.source
  }

  /// The one that is in force now.
  package static var inForce: MemoryLimit {
    #if arch(wasm32)
    return MemoryLimit(machine: memory_of_machine(), group: nil, process: nil)
    #else
    let page = memory_page()
    // Pages of address space and of data: the first and the sixth number.
    let statistics = SystemFile.line("/proc/self/statm") ?? ""
    let used = statistics[...].parts(" ").map { Int($0) ?? 0 }
    func left(_ limit: UInt64, _ field: Int) -> Int? {
      guard let limit = Int(exactly: limit), used.count > field else { return nil }
      return limit - used[field] * page
    }
    var (space, data) = (UInt64.max, UInt64.max)
    unsafe memory_limits(&space, &data)
    return MemoryLimit(
      machine: memory_of_machine(), group: ControlGroup("memory").memory,
      process: [left(space, 0), left(data, 5)].compactMap { $0 }.min())
    #endif
  }

  /// Refuses what goes beyond it.
  ///
  /// - Parameters:
  ///   - floats: How many are wanted.
  ///   - what: What wants them, such as "drawing".
  /// - Throws: `resources`.
  package func expect(floats: Int, for what: String) throws(ObverseError) {
    guard floats > bytes / MemoryLayout<Float>.size else { return }
    throw .resources(
      "\(what) needs \(Self.mebibytes(floats)) MiB of memory, more than the "
        + "\(bytes >> 20) MiB that \(source)")
  }

  /// Refuses maps out of all proportion: a gigabyte, and a thousand times what the weights take.
  ///
  /// A layer between two wide maps has weights for each pair of their channels, so what takes more and
  /// has hardly a weight was made to take it.
  ///
  /// - Parameters:
  ///   - floats: Of the maps and all else that drawing needs.
  ///   - weights: Bytes of the weights as they are stored.
  /// - Throws: `resources`.
  static func expectProportion(floats: Int, weights: Int) throws(ObverseError) {
    let bytes = floats * MemoryLayout<Float>.size
    guard bytes > 1 << 30, bytes / 1000 > weights else { return }
    throw .resources(
      "drawing needs \(mebibytes(floats)) MiB of memory, more than 1000 times what this model's "
        + "weights take; no trained network does")
  }

  private static func mebibytes(_ floats: Int) -> Int {
    (floats / (1 << 18)) + 1
  }
}
