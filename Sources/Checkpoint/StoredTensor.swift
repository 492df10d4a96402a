import Core

/// A tensor as a checkpoint describes it: a strided view of a storage that several may share.
public struct StoredTensor: Sendable {
  public let type: ElementType
  public let shape: [Int]
  /// Elements between neighbours along each axis; negative only where `rearranged` has reversed one.
  public let strides: [Int]
  /// First element, counted in elements from the start of `storage`.
  public let offset: Int
  /// The whole storage, borrowed from the file where it is stored plainly.
  public let storage: Bytes
  /// Whether each stored element stands for its negative, as in torch's views of `x.conj().imag`.
  public let isNegated: Bool
  /// What an archive says of the storage's bytes; compared by `verify`, not before.
  let checksum: StorageChecksum?

  /// Checks that every element lies inside of `storage`.
  ///
  /// - Throws: `truncated`, `malformed` for negative or overflowing numbers.
  public init(
    name: String, type: ElementType, shape: [Int], strides: [Int], offset: Int, storage: Bytes,
    isNegated: Bool = false
  ) throws(ObverseError) {
    try self.init(
      name: name, type: type, shape: shape, strides: strides, offset: offset, storage: storage,
      isNegated: isNegated, checksum: nil)
  }

  init(
    name: String, type: ElementType, shape: [Int], strides: [Int], offset: Int, storage: Bytes,
    isNegated: Bool, checksum: StorageChecksum?
  ) throws(ObverseError) {
    guard shape.count == strides.count, offset >= 0, shape.allSatisfy({ $0 >= 0 }),
      strides.allSatisfy({ $0 >= 0 })
    else { throw .malformed(what: "tensor \(name)", why: "its shape and strides do not agree") }
    var last = offset
    var count = 1
    for (size, stride) in zip(shape, strides) {
      let (span, tooFar) = max(size - 1, 0).multipliedReportingOverflow(by: stride)
      let (sum, tooLong) = last.addingReportingOverflow(span)
      let (product, tooMany) = count.multipliedReportingOverflow(by: size)
      guard !tooFar, !tooLong, !tooMany else {
        throw .malformed(what: "tensor \(name)", why: "its shape \(shape.brackets) overflows")
      }
      last = sum
      count = product
    }
    let (bytes, overflow) = last.addingReportingOverflow(1).partialValue
      .multipliedReportingOverflow(by: type.byteCount)
    guard last < Int.max, !overflow, count == 0 || bytes <= storage.count else {
      throw .truncated(
        what: "tensor \(name)", needs: UInt64(clamping: bytes), fileHas: UInt64(storage.count))
    }
    // A stride of 0 repeats an element: a small file must not stand for a huge tensor.
    guard count <= max(storage.count, 1) * 64 else {
      throw .malformed(
        what: "tensor \(name)", why: "its shape \(shape.brackets) repeats a small storage")
    }
    self.type = type
    self.shape = shape
    self.strides = strides
    self.offset = offset
    self.storage = storage
    self.isNegated = isNegated
    self.checksum = checksum
  }

  /// A view of `source` whose elements are some of its own.
  private init(_ source: StoredTensor, shape: [Int], strides: [Int], offset: Int) {
    type = source.type
    self.shape = shape
    self.strides = strides
    self.offset = offset
    storage = source.storage
    isNegated = source.isNegated
    checksum = source.checksum
  }

  /// The same elements with other axes, as NumPy's `transpose` and `[::-1]` give them.
  ///
  /// - Parameters:
  ///   - axes: For each axis of the result the one that it was; of one that is left out the first
  ///     place alone is taken.
  ///   - reversed: Axes of the result that run backwards.
  /// - Returns: A view of the same storage.
  public func rearranged(axes: [Int], reversed: [Int] = []) -> StoredTensor {
    let shape = axes.map { self.shape[$0] }
    var strides = axes.map { self.strides[$0] }
    var offset = offset
    for axis in reversed where count > 0 {
      offset += (shape[axis] - 1) * strides[axis]
      strides[axis] = -strides[axis]
    }
    return StoredTensor(self, shape: shape, strides: strides, offset: offset)
  }

  /// Elements.
  public var count: Int { shape.reduce(1, *) }

  /// Whether the elements lie one after the other in row-major order.
  public var isContiguous: Bool {
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      if stride != expected { return false }
      expected *= size
    }
    return true
  }

  /// The elements in row-major order, little-endian; borrowed where they lie so already.
  public var bytes: Bytes {
    isNegated ? negatives(gathered) : gathered
  }

  private var gathered: Bytes {
    let size = type.byteCount
    if isContiguous || count == 0,
      let slice = storage.slice(at: count == 0 ? 0 : offset * size, count: count * size)
    {
      return slice
    }
    return unsafe Bytes(expecting: count * size) { target in
      unsafe storage.withUnsafeBytes { source in
        guard let to = target.baseAddress, let base = source.baseAddress else { return }
        var at = 0
        gather(axis: 0, from: offset * size) { from in
          unsafe (to + at).copyMemory(from: base + from, byteCount: size)
          at += size
        }
      }
    }
  }

  /// The negative of each element: another sign of a float, the two's complement of an integer.
  private func negatives(_ bytes: Bytes) -> Bytes {
    func map<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, _ f: (T) -> T) -> Bytes {
      let size = MemoryLayout<T>.size
      return unsafe Bytes(expecting: bytes.count) { target in
        for at in stride(from: 0, to: bytes.count, by: size) {
          let value = f(bytes.load(T.self, at: at) ?? 0).littleEndian
          unsafe target.storeBytes(of: value, toByteOffset: at, as: T.self)
        }
      }
    }
    return switch type {
    case .float64: map(UInt64.self) { $0 ^ 1 << 63 }
    case .float32: map(UInt32.self) { $0 ^ 1 << 31 }
    case .float16, .bfloat16: map(UInt16.self) { $0 ^ 1 << 15 }
    case .int64: map(Int64.self) { 0 &- $0 }
    case .int32: map(Int32.self) { 0 &- $0 }
    case .int16: map(Int16.self) { 0 &- $0 }
    case .int8, .uint8, .bool: map(Int8.self) { 0 &- $0 }
    }
  }

  /// Visits the byte offset of every element in row-major order.
  private func gather(axis: Int, from: Int, _ visit: (Int) -> Void) {
    guard axis < shape.count else { return visit(from) }
    for i in 0..<shape[axis] {
      gather(axis: axis + 1, from: from + i * strides[axis] * type.byteCount, visit)
    }
  }

  /// Asks for the room that `floats` takes, which Swift allocates or ends the process.
  ///
  /// - Throws: `resources`.
  public func expectRoomForFloats() throws(ObverseError) {
    // Gathered, negated, and at last as floats.
    let copies = (isContiguous ? 0 : 1) + (isNegated ? 1 : 0)
    try Memory.expectRoom(for: count * (copies * type.byteCount + MemoryLayout<Float>.size))
  }

  /// The elements in row-major order as Float; doubles are rounded, integers too.
  public var floats: [Float] {
    let bytes = bytes
    func map<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, _ f: (T) -> Float) -> [Float] {
      (0..<count).map { i in f(bytes.load(T.self, at: i * MemoryLayout<T>.size) ?? 0) }
    }
    return switch type {
    case .float64: map(UInt64.self) { Float(Double(bitPattern: $0)) }
    case .float32: map(UInt32.self) { Float(bitPattern: $0) }
    case .float16: map(UInt16.self) { Half.float(fromFloat16: $0) }
    case .bfloat16: map(UInt16.self) { Half.float(fromBFloat16: $0) }
    case .int64: map(Int64.self) { Float($0) }
    case .int32: map(Int32.self) { Float($0) }
    case .int16: map(Int16.self) { Float($0) }
    case .int8: map(Int8.self) { Float($0) }
    case .uint8, .bool: map(UInt8.self) { Float($0) }
    }
  }

  /// Compares the bytes of the storage with the checksum that its archive holds, if there is one.
  ///
  /// That reads the whole storage: do it for tensors that are used.
  /// - Throws: `malformed` where they differ.
  public func verify() throws(ObverseError) {
    try checksum?.verify()
  }

  /// Names the storage among those that have a checksum, so that one is not compared twice.
  public var checksumID: ObjectIdentifier? { checksum.map { ObjectIdentifier($0) } }

  /// SHA-256 of `bytes`, which are not gathered for it unless they are negatives.
  public var sha256: String {
    guard !isContiguous, !isNegated, count > 0 else { return bytes.withSpan { SHA256.hex($0) } }
    var hash = SHA256()
    var chunk: [UInt8] = []
    chunk.reserveCapacity(1 << 16)
    let size = type.byteCount
    unsafe storage.withUnsafeBytes { source in
      gather(axis: 0, from: offset * size) { from in
        unsafe chunk.append(contentsOf: source[from..<(from + size)])
        guard chunk.count > 65_000 else { return }
        unsafe hash.update(chunk.span.bytes)
        chunk.removeAll(keepingCapacity: true)
      }
    }
    unsafe hash.update(chunk.span.bytes)
    return hash.finish()
  }
}
