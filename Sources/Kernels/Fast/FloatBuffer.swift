/// Floats at a 64-byte boundary, zero at first, freed with the object.
///
/// Packed weights fill one and never change it again; a generator's arena is one that a single task
/// and its workers write.
package final class FloatBuffer: @unchecked Sendable {
  package let base: UnsafeMutablePointer<Float>
  package let count: Int

  package init(count: Int) {
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 16) * MemoryLayout<Float>.size, alignment: 64)
    base = raw.initializeMemory(as: Float.self, repeating: 0, count: max(count, 16))
  }

  package convenience init(_ values: [Float], count: Int? = nil) {
    self.init(count: max(values.count, count ?? 0))
    for (i, value) in values.enumerated() { base[i] = value }
  }

  deinit {
    UnsafeMutableRawPointer(base).deallocate()
  }

  /// The floats from `offset`.
  func at(_ offset: Int) -> Floats {
    Floats(base + offset)
  }

  /// Copies `values` to `offset`.
  package func write(_ values: [Float], at offset: Int) {
    precondition(offset >= 0 && offset + values.count <= count)
    for i in values.indices { base[offset + i] = values[i] }
  }

  /// A copy of `count` floats from `offset`.
  package func read(at offset: Int, count: Int) -> [Float] {
    precondition(offset >= 0 && count >= 0 && offset + count <= self.count)
    return Array(UnsafeBufferPointer(start: base + offset, count: count))
  }
}
