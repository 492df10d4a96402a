// FlatBuffers' wire format, from the writing side. It knows tables, not what they mean.
// https://flatbuffers.dev/internals

import Core

/// A table to be written.
package struct FlatTable {
  enum Value {
    case byte(UInt8)
    case uint(UInt32)
    case float(Float)
    case string(String)
    case uints([UInt32])
    case floats([Float])
    case blob(Bytes)
    case table(FlatTable)
    case tables([FlatTable])

    /// Bytes inside of the table; everything but scalars is an offset there.
    var inlineSize: Int {
      if case .byte = self { 1 } else { 4 }
    }
  }

  private(set) var fields: [(slot: Int, value: Value)] = []

  /// Adds a field; fields come in the schema's order.
  mutating func set<S: Slots>(_ slot: S, _ value: Value?) {
    guard let value else { return }
    precondition(fields.last.map { $0.slot < slot.number } ?? true)
    fields.append((slot.number, value))
  }
}

/// A file laid out: everything but the weights, and where each of those goes.
struct FlatFile {
  /// All tables, vectors and strings.
  let head: [UInt8]
  /// Positions of vectors (of their length, which precedes the bytes), ascending, behind `head`.
  let blobs: [(position: Int, bytes: Bytes)]
  let count: Int

  /// Hands out the file piece by piece, from its beginning to its end.
  func forEachPiece<E: Error>(_ body: (RawSpan) throws(E) -> Void) throws(E) {
    try unsafe body(head.span.bytes)
    var end = head.count
    for (position, bytes) in blobs {
      var front = [UInt8](repeating: 0, count: position - end)
      front.append(contentsOf: littleEndian(UInt32(bytes.count)))
      try unsafe body(front.span.bytes)
      try bytes.withSpan(body)
      end = position + 4 + bytes.count
    }
  }
}

/// The bytes of an integer, lowest first.
func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> T(8 * $0)) }
}

/// Lays tables out front to back, each before what it refers to, weights last and in order.
struct FlatBufferWriter {
  private var head: [UInt8] = []
  /// Positions of vtables already written: equal ones are written once.
  private var vtables: [[UInt8]: Int] = [:]
  private var references: [(position: Int, bytes: Bytes)] = []

  /// Lays out a file.
  /// - Throws: `tooLarge`.
  static func file(
    root: FlatTable, identifier: StaticString, alignment: Int, maximumBytes: Int
  ) throws(ObverseError) -> FlatFile {
    var writer = FlatBufferWriter()
    writer.head = [0, 0, 0, 0] + Array("\(identifier)".utf8)
    let at = writer.append(root)
    writer.refer(from: 0, to: at)

    var end = writer.head.count
    var blobs: [(position: Int, bytes: Bytes)] = []
    for (_, bytes) in writer.references {
      let start = (end + 4 + alignment - 1) / alignment * alignment
      blobs.append((start - 4, bytes))
      end = start + bytes.count
    }
    guard end <= maximumBytes else {
      throw .tooLarge(
        what: "the model file's size", found: UInt64(end), limit: UInt64(maximumBytes))
    }
    for (reference, blob) in zip(writer.references, blobs) {
      writer.refer(from: reference.position, to: blob.position)
    }
    return FlatFile(head: writer.head, blobs: blobs, count: end)
  }

  /// Writes a table and all that it refers to; gives its position.
  private mutating func append(_ table: FlatTable) -> Int {
    var offsets = [Int](repeating: 0, count: (table.fields.last?.slot ?? -1) + 1)
    var size = 4  // the way back to the vtable
    for (slot, value) in table.fields {
      size = (size + value.inlineSize - 1) / value.inlineSize * value.inlineSize
      offsets[slot] = size
      size += value.inlineSize
    }
    let numbers = [4 + 2 * offsets.count, size] + offsets
    let vtable = append(vtable: numbers.flatMap { littleEndian(UInt16($0)) })
    align(4)
    let start = head.count
    head.append(contentsOf: littleEndian(Int32(start - vtable)))
    head.append(contentsOf: [UInt8](repeating: 0, count: size - 4))
    for (slot, value) in table.fields {
      let field = start + offsets[slot]
      switch value {
      case .byte(let byte): head[field] = byte
      case .uint(let number): put(number, at: field)
      case .float(let number): put(number.bitPattern, at: field)
      case .string(let text):
        refer(from: field, to: append(vectorOf: text.utf8.count))
        head.append(contentsOf: text.utf8)
        head.append(0)
      case .uints(let numbers):
        refer(from: field, to: append(vectorOf: numbers.count))
        for number in numbers { head.append(contentsOf: littleEndian(number)) }
      case .floats(let numbers):
        refer(from: field, to: append(vectorOf: numbers.count))
        for number in numbers { head.append(contentsOf: littleEndian(number.bitPattern)) }
      case .blob(let bytes): references.append((field, bytes))
      case .table(let child): refer(from: field, to: append(child))
      case .tables(let children):
        let vector = append(vectorOf: children.count)
        refer(from: field, to: vector)
        head.append(contentsOf: [UInt8](repeating: 0, count: 4 * children.count))
        for (i, child) in children.enumerated() {
          refer(from: vector + 4 + 4 * i, to: append(child))
        }
      }
    }
    return start
  }

  private mutating func append(vtable: [UInt8]) -> Int {
    if let known = vtables[vtable] { return known }
    align(2)
    let position = head.count
    head.append(contentsOf: vtable)
    vtables[vtable] = position
    return position
  }

  /// Writes a vector's length; gives its position.
  private mutating func append(vectorOf count: Int) -> Int {
    align(4)
    let position = head.count
    head.append(contentsOf: littleEndian(UInt32(count)))
    return position
  }

  private mutating func align(_ boundary: Int) {
    while head.count % boundary != 0 { head.append(0) }
  }

  /// Writes the distance to a later object into an offset field.
  private mutating func refer(from field: Int, to target: Int) {
    put(UInt32(target - field), at: field)
  }

  private mutating func put(_ number: UInt32, at position: Int) {
    for (i, byte) in littleEndian(number).enumerated() { head[position + i] = byte }
  }
}
