import Glibc

/// Floats at a 64-byte boundary.
///
/// Weights are filled once, or borrowed from a file's mapping, and never change again; a generator's
/// arena is one that a single task and its workers write.
package final class FloatBuffer: @unchecked Sendable {
  package let base: UnsafeMutablePointer<Float>
  package let count: Int
  /// Large buffers ask for pages of this size.
  ///
  /// Layers walk through megabytes, and the processor's table of pages holds few thousand small
  /// ones, some 10 MB. Below that nothing was gained (Benchmarks/LOG.md).
  private static let hugePage = 2 << 20
  /// Keeps borrowed memory alive; nil for memory of our own.
  private let owner: (any Sendable)?

  /// Zeros; nil where the system gives no memory.
  package init?(zeros count: Int) {
    guard let base = Self.allocate(count) else { return nil }
    self.base = base
    self.count = count
    owner = nil
  }

  /// Zeros, of a count for which there is memory: whoever opens a model has asked.
  package init(count: Int) {
    guard let base = Self.allocate(count) else { fatalError("no memory for \(count) floats") }
    self.base = base
    self.count = count
    owner = nil
  }

  private static func allocate(_ count: Int) -> UnsafeMutablePointer<Float>? {
    let (bytes, overflows) = max(count, 16).multipliedReportingOverflow(
      by: MemoryLayout<Float>.size)
    guard !overflows else { return nil }
    let isLarge = bytes >= 4 * hugePage
    var allocated: UnsafeMutableRawPointer?
    guard posix_memalign(&allocated, isLarge ? hugePage : 64, bytes) == 0, let raw = allocated
    else { return nil }
    // Before the first touch, so that no small page is there yet; where it fails, small ones do.
    if isLarge { _ = madvise(raw, bytes, MADV_HUGEPAGE) }
    return raw.initializeMemory(as: Float.self, repeating: 0, count: max(count, 16))
  }

  /// A copy.
  package convenience init(_ values: [Float]) {
    self.init(count: values.count)
    write(values, at: 0)
  }

  /// Borrows read-only floats in place, valid as long as `owner` lives.
  ///
  /// Nothing may write them, and there is at least one.
  package init(borrowing bytes: UnsafeRawBufferPointer, owner: any Sendable) {
    guard let first = bytes.baseAddress else { preconditionFailure("no floats to borrow") }
    count = bytes.count / MemoryLayout<Float>.size
    self.owner = owner
    base = UnsafeMutableRawPointer(mutating: first).assumingMemoryBound(to: Float.self)
  }

  deinit {
    if owner == nil { free(base) }
  }

  /// The floats from `offset`.
  func at(_ offset: Int) -> Floats {
    Floats(base + offset)
  }

  /// Copies `values` to `offset`.
  package func write(_ values: [Float], at offset: Int) {
    precondition(offset >= 0 && offset + values.count <= count)
    values.withUnsafeBufferPointer { source in
      guard let from = source.baseAddress else { return }
      (base + offset).update(from: from, count: values.count)
    }
  }

  /// A copy of `count` floats from `offset`.
  package func read(at offset: Int, count: Int) -> [Float] {
    precondition(offset >= 0 && count >= 0 && offset + count <= self.count)
    return Array(UnsafeBufferPointer(start: base + offset, count: count))
  }

  /// Copies `target.count` floats from `offset`.
  package func copy(at offset: Int, into target: inout [Float]) {
    precondition(offset >= 0 && offset + target.count <= count)
    let source = base + offset
    target.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress?.update(from: source, count: buffer.count)
    }
  }

  package subscript(offset: Int) -> Float {
    get { base[offset] }
    set { base[offset] = newValue }
  }
}
