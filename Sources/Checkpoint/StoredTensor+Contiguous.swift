import Core

extension StoredTensor {
  /// Axes that are read.
  ///
  /// NumPy allows as many; tensors of networks have at most five.
  static let mostAxes = 32

  /// Elements of a shape, or nil where the number overflows or a size is negative.
  static func count(of shape: [Int]) -> Int? {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else { return nil }
      count = product
    }
    return count
  }

  /// A tensor that fills `storage` from its first byte to its last.
  ///
  /// `columnMajor` says that the first axis is the one whose neighbours touch, as in Fortran.
  /// - Throws: `truncated` where the storage is too short, `malformed` where it is too long.
  init(
    name: String, type: ElementType, shape: [Int], filling storage: Bytes,
    columnMajor: Bool = false, checksum: StorageChecksum? = nil
  ) throws(ObverseError) {
    guard shape.count <= Self.mostAxes else {
      throw .malformed(what: "tensor \(name)", why: "it has \(shape.count) axes")
    }
    guard let count = Self.count(of: shape),
      case let (byteCount, overflow) = count.multipliedReportingOverflow(by: type.byteCount),
      !overflow
    else {
      throw .malformed(what: "tensor \(name)", why: "its shape \(shape.brackets) overflows")
    }
    guard byteCount <= storage.count else {
      throw .truncated(
        what: "tensor \(name)", needs: UInt64(byteCount), fileHas: UInt64(storage.count))
    }
    guard byteCount == storage.count else {
      throw .malformed(
        what: "tensor \(name)",
        why: "\(type.rawValue) \(shape.brackets) needs \(byteCount) bytes, not \(storage.count)")
    }
    // Beside a size of zero the others may be so large that strides would overflow.
    var strides = [Int](repeating: 0, count: shape.count)
    if count > 0 {
      var stride = 1
      for axis in columnMajor ? Array(shape.indices) : shape.indices.reversed() {
        strides[axis] = stride
        stride *= shape[axis]
      }
    }
    try self.init(
      name: name, type: type, shape: shape, strides: strides, offset: 0, storage: storage,
      isNegated: false, checksum: checksum)
  }
}
