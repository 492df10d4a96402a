import Core

/// Floats at a 64-byte boundary.
///
/// Weights are filled once, or borrowed from a file's mapping, and never change again; a generator's
/// arena is one that a single task and its workers write.
package final class FloatBuffer: @unchecked Sendable {
  package let base: UnsafeMutablePointer<Float>
  package let count: Int
  private let memory: Memory

  /// - Throws: `resources`.
  package init(zeros count: Int) throws(ObverseError) {
    // A kernel may read a whole cache line of the least buffer.
    let (bytes, overflows) = max(count, 16).multipliedReportingOverflow(
      by: MemoryLayout<Float>.size)
    memory = try Memory(zeros: overflows ? .max : bytes)
    base = memory.base.bindMemory(to: Float.self, capacity: max(count, 16))
    self.count = count
  }

  /// A copy.
  ///
  /// - Throws: `resources`.
  package convenience init(_ values: [Float]) throws(ObverseError) {
    try self.init(zeros: values.count)
    write(values, at: 0)
  }

  /// - Throws: `resources`.
  package convenience init(repeating value: Float, count: Int) throws(ObverseError) {
    try self.init(zeros: count)
    base.update(repeating: value, count: count)
  }

  /// Borrows the floats of a file in place; nothing may write them.
  package init(borrowing bytes: Bytes) {
    memory = bytes.owner
    count = bytes.count / MemoryLayout<Float>.size
    base = UnsafeMutablePointer(mutating: bytes.elements(as: Float.self))
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

  /// Copies all of `values` to `offset`.
  package func write(_ values: FloatBuffer, at offset: Int) {
    precondition(offset >= 0 && offset + values.count <= count)
    (base + offset).update(from: values.base, count: values.count)
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

/// Half floats, most of them borrowed from a file's mapping; nothing writes them.
package final class HalfBuffer: @unchecked Sendable {
  let base: UnsafePointer<UInt16>
  let count: Int
  private let memory: Memory

  /// Borrows them in place.
  package init(borrowing bytes: Bytes) {
    memory = bytes.owner
    count = bytes.count / MemoryLayout<UInt16>.size
    base = bytes.elements(as: UInt16.self)
  }

  /// Takes memory full of them.
  init(_ memory: Memory) {
    self.memory = memory
    count = memory.count / MemoryLayout<UInt16>.size
    base = UnsafePointer(memory.base.assumingMemoryBound(to: UInt16.self))
  }
}

/// Signed bytes, most of them borrowed from a file's mapping; nothing writes them.
package final class ByteBuffer: @unchecked Sendable {
  let base: UnsafePointer<Int8>
  let count: Int
  private let memory: Memory

  /// Borrows them in place.
  package init(borrowing bytes: Bytes) {
    memory = bytes.owner
    count = bytes.count
    base = bytes.elements(as: Int8.self)
  }

  /// Takes memory full of them.
  init(_ memory: Memory) {
    self.memory = memory
    count = memory.count
    base = UnsafePointer(memory.base.assumingMemoryBound(to: Int8.self))
  }
}

extension Bytes {
  /// Where they lie; whoever follows it holds their owner.
  fileprivate func elements<Element>(as type: Element.Type) -> UnsafePointer<Element> {
    withUnsafeBytes { buffer in
      guard let first = buffer.baseAddress else { preconditionFailure("bytes have an address") }
      precondition(UInt(bitPattern: first) % UInt(MemoryLayout<Element>.alignment) == 0)
      return first.assumingMemoryBound(to: type)
    }
  }
}
