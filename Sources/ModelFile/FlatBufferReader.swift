// FlatBuffers' wire format, from the reading side. Nothing is used before it was checked: every
// position comes from a file that nobody vouches for. It knows tables, not what they mean.

import Core

/// A table whose vtable and extent lie inside of the file.
struct FlatTableView {
  let bytes: Bytes
  /// What the table is called in messages, such as `b64.conv0`.
  let name: String
  private let position: Int
  private let vtable: Int
  private let slotCount: Int
  /// Bytes of the table itself.
  private let inlineSize: Int

  /// The table that the file's first offset names.
  /// - Throws: `truncated`, `malformed`.
  static func root(of bytes: Bytes, name: String) throws(ObverseError) -> FlatTableView {
    try FlatTableView(bytes, at: follow(bytes, from: 0, name: name), name: name)
  }

  private init(_ bytes: Bytes, at position: Int, name: String) throws(ObverseError) {
    let back = Int(try Self.load(Int32.self, bytes, at: position, name))
    let vtable = position - back
    guard vtable >= 0, vtable % 2 == 0 else {
      throw .malformed(what: name, why: "its vtable cannot be at byte \(vtable)")
    }
    let vtableSize = Int(try Self.load(UInt16.self, bytes, at: vtable, name))
    let inlineSize = Int(try Self.load(UInt16.self, bytes, at: vtable + 2, name))
    guard vtableSize >= 4, vtableSize % 2 == 0 else {
      throw .malformed(what: name, why: "its vtable cannot have \(vtableSize) bytes")
    }
    guard inlineSize >= 4 else {
      throw .malformed(what: name, why: "it cannot have \(inlineSize) bytes")
    }
    try Self.check(bytes, at: vtable, count: vtableSize, name)
    try Self.check(bytes, at: position, count: inlineSize, name)
    self.bytes = bytes
    self.name = name
    self.position = position
    self.vtable = vtable
    self.slotCount = (vtableSize - 4) / 2
    self.inlineSize = inlineSize
  }

  /// A byte, or `preset` where the file leaves it out.
  func byte<S: Slots>(_ slot: S, preset: UInt8 = 0) throws(ObverseError) -> UInt8 {
    guard let field = try field(Slot(slot), size: 1) else { return preset }
    return try Self.load(UInt8.self, bytes, at: field, name)
  }

  /// An unsigned number, or 0 where the file leaves it out.
  func uint<S: Slots>(_ slot: S) throws(ObverseError) -> Int {
    guard let field = try field(Slot(slot), size: 4) else { return 0 }
    return Int(try Self.load(UInt32.self, bytes, at: field, name))
  }

  /// A number, or `preset` where the file leaves it out.
  func float<S: Slots>(_ slot: S, preset: Float) throws(ObverseError) -> Float {
    guard let field = try field(Slot(slot), size: 4) else { return preset }
    return Float(bitPattern: try Self.load(UInt32.self, bytes, at: field, name))
  }

  /// A table, or nil where the file leaves it out.
  func table<S: Slots>(_ slot: S, _ name: String) throws(ObverseError) -> FlatTableView? {
    guard let field = try field(Slot(slot), size: 4) else { return nil }
    return try FlatTableView(bytes, at: Self.follow(bytes, from: field, name: name), name: name)
  }

  /// A table that must be there.
  func required<S: Slots>(_ slot: S, _ name: String) throws(ObverseError) -> FlatTableView {
    guard let table = try table(slot, name) else { throw missing(slot) }
    return table
  }

  /// A vector of tables, empty where the file leaves it out.
  func tables<S: Slots>(
    _ slot: S, limit: Int, _ elementName: (Int) -> String
  ) throws(ObverseError) -> [FlatTableView] {
    guard let vector = try vector(Slot(slot), elementSize: 4) else { return [] }
    guard vector.count <= limit else {
      throw .tooLarge(
        what: "the number of \(slot) of \(name)", found: UInt64(vector.count),
        limit: UInt64(limit))
    }
    var tables: [FlatTableView] = []
    for i in 0..<vector.count {
      let name = elementName(i)
      let target = try Self.follow(bytes, from: vector.start + 4 * i, name: name)
      tables.append(try FlatTableView(bytes, at: target, name: name))
    }
    return tables
  }

  /// A vector of unsigned numbers, nil where the file leaves it out.
  func uints<S: Slots>(_ slot: S, limit: Int) throws(ObverseError) -> [Int]? {
    guard let vector = try vector(Slot(slot), elementSize: 4) else { return nil }
    try expect(vector.count, atMost: limit, Slot(slot))
    var numbers: [Int] = []
    for i in 0..<vector.count {
      numbers.append(Int(try Self.load(UInt32.self, bytes, at: vector.start + 4 * i, name)))
    }
    return numbers
  }

  /// A vector of single-precision numbers, borrowed from the file; nil where the file leaves it out.
  func floats<S: Slots>(_ slot: S, limit: Int) throws(ObverseError) -> Bytes? {
    guard let vector = try vector(Slot(slot), elementSize: 4) else { return nil }
    try expect(vector.count, atMost: limit, Slot(slot))
    return bytes.slice(at: vector.start, count: 4 * vector.count)
  }

  /// A vector of bytes, borrowed from the file; nil where the file leaves it out.
  func blob<S: Slots>(_ slot: S) throws(ObverseError) -> Bytes? {
    guard let vector = try vector(Slot(slot), elementSize: 1) else { return nil }
    return bytes.slice(at: vector.start, count: vector.count)
  }

  /// A text, empty where the file leaves it out.
  func string<S: Slots>(_ slot: S, limit: Int) throws(ObverseError) -> String {
    guard let vector = try vector(Slot(slot), elementSize: 1) else { return "" }
    try expect(vector.count, atMost: limit, Slot(slot))
    // Swift's to allocate; short ones are among `small`.
    if vector.count > 4096 { try Memory.expectRoom(for: 2 * vector.count) }
    guard bytes[vector.start + vector.count] == 0 else {
      throw .malformed(what: name, why: "its text \(slot) does not end with a zero byte")
    }
    do {
      return try bytes.slice(at: vector.start, count: vector.count)?.readText() ?? ""
    } catch {
      throw .malformed(what: name, why: "its text \(slot) \(error.why)")
    }
  }

  private func expect(
    _ count: Int, atMost limit: Int, _ slot: Slot
  ) throws(ObverseError) {
    guard count <= limit else {
      throw .tooLarge(
        what: "the length of \(slot) of \(name)", found: UInt64(count), limit: UInt64(limit))
    }
  }

  /// The error for a field that must be there.
  func missing<S: Slots>(_ slot: S) -> ObverseError {
    .malformed(what: name, why: "it has no \(slot)")
  }

  /// Where a field lies, nil where the file leaves it out.
  private func field(_ slot: Slot, size: Int) throws(ObverseError) -> Int? {
    guard slot.number < slotCount else { return nil }
    let at = vtable + 4 + 2 * slot.number
    let offset = Int(try Self.load(UInt16.self, bytes, at: at, name))
    guard offset != 0 else { return nil }
    guard offset >= 4, offset + size <= inlineSize, (position + offset) % size == 0 else {
      throw .malformed(what: name, why: "its \(slot) cannot be at byte \(offset) of the table")
    }
    return position + offset
  }

  /// First element and length of a vector whose elements are all inside of the file.
  private func vector(
    _ slot: Slot, elementSize: Int
  ) throws(ObverseError) -> (start: Int, count: Int)? {
    guard let field = try field(slot, size: 4) else { return nil }
    let name = "\(name).\(slot)"
    let target = try Self.follow(bytes, from: field, name: name)
    // At most 2^32 elements of 4 bytes: the product cannot overflow.
    let count = Int(try Self.load(UInt32.self, bytes, at: target, name))
    try Self.check(bytes, at: target + 4, count: count * elementSize, name)
    return (target + 4, count)
  }

  /// The position that an offset field points to: behind the field, at a multiple of 4.
  private static func follow(
    _ bytes: Bytes, from field: Int, name: String
  ) throws(ObverseError) -> Int {
    let distance = Int(try load(UInt32.self, bytes, at: field, name))
    guard distance >= 4, (field + distance) % 4 == 0 else {
      throw .malformed(what: name, why: "it cannot be \(distance) bytes behind byte \(field)")
    }
    return field + distance
  }

  private static func load<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type, _ bytes: Bytes, at position: Int, _ name: String
  ) throws(ObverseError) -> T {
    guard let value = bytes.load(T.self, at: position) else {
      throw beyond(bytes, at: position, count: MemoryLayout<T>.size, name)
    }
    return value
  }

  private static func check(
    _ bytes: Bytes, at position: Int, count: Int, _ name: String
  ) throws(ObverseError) {
    guard position >= 0, position <= bytes.count, count <= bytes.count - position else {
      throw beyond(bytes, at: position, count: count, name)
    }
  }

  private static func beyond(
    _ bytes: Bytes, at position: Int, count: Int, _ name: String
  ) -> ObverseError {
    .truncated(
      what: name, needs: UInt64(clamping: position) + UInt64(clamping: count),
      fileHas: UInt64(bytes.count))
  }
}
