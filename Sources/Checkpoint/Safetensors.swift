import Core

/// The safetensors format: a length, a JSON header, and the tensors' bytes without gaps.
package enum Safetensors {
  /// The limit that the format itself sets.
  static let mostHeaderBytes: UInt64 = 100_000_000
  /// Entries of metadata that are read; files have some ten.
  static let mostMetadata = 65_536

  private static let what = "safetensors header"

  /// Whether a file may be one: nothing but the header's length and its brace marks the format.
  package static func matches(_ bytes: Bytes) -> Bool {
    guard let length = bytes.load(UInt64.self, at: 0) else { return false }
    return length >= 2 && length <= mostHeaderBytes && bytes[8] == UInt8(ascii: "{")
  }

  /// Reads the header; the tensors borrow the file's bytes.
  ///
  /// - Throws: `truncated`, `tooLarge`, `malformed` where offsets do not fit the shape, overlap or
  ///   leave gaps.
  package static func read(_ bytes: Bytes, path: String) throws(ObverseError) -> CheckpointFile {
    guard let length = bytes.load(UInt64.self, at: 0) else {
      throw .truncated(what: what, needs: 8, fileHas: UInt64(bytes.count))
    }
    guard length <= mostHeaderBytes else {
      throw .tooLarge(what: "the length of the \(what)", found: length, limit: mostHeaderBytes)
    }
    let start = 8 + Int(length)
    guard let header = bytes.slice(at: 8, count: Int(length)),
      let data = bytes.slice(at: start, count: bytes.count - start)
    else { throw .truncated(what: what, needs: UInt64(start), fileHas: UInt64(bytes.count)) }
    guard header[0] == UInt8(ascii: "{"),
      case .object(let members) = try ParsedJSON(parsing: header, what: what)
    else { throw .malformed(what: what, why: "it is no JSON object") }

    var tensors: [(name: String, tensor: StoredTensor)] = []
    tensors.reserveCapacity(members.count)
    var extents: [Extent] = []
    extents.reserveCapacity(members.count)
    var attributes: [String: Attribute] = [:]
    var placeholders: [String: String] = [:]
    for (key, value) in members.lazy.map({ ($0.key, $0.value) }) {
      if key == "__metadata__" {
        attributes = try metadata(value)
        continue
      }
      let (entry, extent) = try read(key, value, data)
      switch entry {
      case .tensor(let tensor): tensors.append((key, tensor))
      case .unread(let type): placeholders[key] = type
      }
      extents.append(extent)
    }
    try checkCover(extents, data.count)
    return CheckpointFile(
      path: path, container: .safetensors,
      containerDetail: CheckpointFile.Container.safetensors.rawValue, tensors: tensors,
      attributes: attributes, placeholders: placeholders)
  }

  private enum Entry {
    case tensor(StoredTensor)
    /// Of an element type that is not read, by its name: nothing is wrong until somebody needs it.
    case unread(String)
  }

  private struct Extent {
    let name: String
    let start: Int
    let end: Int
  }

  /// One entry: `{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]}`.
  private static func read(
    _ name: String, _ entry: ParsedJSON, _ data: Bytes
  ) throws(ObverseError) -> (Entry, Extent) {
    guard case .text(let typeName)? = entry["dtype"], let shape = integers(entry["shape"]),
      let offsets = integers(entry["data_offsets"]), offsets.count == 2
    else {
      throw .malformed(
        what: "tensor \(name)", why: "its entry lacks a dtype, a shape or two data_offsets")
    }
    guard offsets[0] <= offsets[1] else {
      throw .malformed(
        what: "tensor \(name)", why: "it ends at \(offsets[1]), before its start \(offsets[0])")
    }
    guard let bytes = data.slice(at: offsets[0], count: offsets[1] - offsets[0]) else {
      throw .truncated(
        what: "tensor \(name)", needs: UInt64(offsets[1]), fileHas: UInt64(data.count))
    }
    let extent = Extent(name: name, start: offsets[0], end: offsets[1])
    guard let type = type(typeName) else { return (.unread(String(typeName.prefix(32))), extent) }
    let tensor = try StoredTensor(name: name, type: type, shape: shape, filling: bytes)
    return (.tensor(tensor), extent)
  }

  /// Bytes that no tensor owns could carry anything, bytes that two own are a mistake.
  private static func checkCover(_ extents: [Extent], _ count: Int) throws(ObverseError) {
    var covered = 0
    for extent in extents.sorted(by: { ($0.start, $0.end) < ($1.start, $1.end) }) {
      guard extent.start >= covered else {
        throw .malformed(what: "tensor \(extent.name)", why: "its bytes overlap another tensor's")
      }
      guard extent.start == covered else {
        throw .malformed(
          what: "tensor \(extent.name)", why: "\(extent.start - covered) unused bytes precede it")
      }
      covered = extent.end
    }
    guard covered == count else {
      throw .malformed(
        what: "safetensors file", why: "\(count - covered) bytes at its end belong to no tensor")
    }
  }

  private static func metadata(_ value: ParsedJSON) throws(ObverseError) -> [String: Attribute] {
    guard case .object(let members) = value else {
      throw .malformed(what: what, why: "its __metadata__ is no object")
    }
    guard members.count <= mostMetadata else {
      throw .tooLarge(
        what: "the number of entries of its __metadata__", found: UInt64(members.count),
        limit: UInt64(mostMetadata))
    }
    var attributes: [String: Attribute] = [:]
    for member in members {
      guard case .text(let text) = member.value else {
        throw .malformed(what: what, why: "its __metadata__ entry '\(member.key)' is no string")
      }
      attributes["__metadata__.\(member.key)"] = .text(text)
    }
    return attributes
  }

  /// A list of integers from 0, or nil for anything else.
  private static func integers(_ value: ParsedJSON?) -> [Int]? {
    guard case .list(let items)? = value else { return nil }
    var numbers: [Int] = []
    numbers.reserveCapacity(items.count)
    for item in items {
      guard case .integer(let number) = item, number >= 0 else { return nil }
      numbers.append(number)
    }
    return numbers
  }

  private static func type(_ name: String) -> ElementType? {
    switch name {
    case "F64": .float64
    case "F32": .float32
    case "F16": .float16
    case "BF16": .bfloat16
    case "I64": .int64
    case "I32": .int32
    case "I16": .int16
    case "I8": .int8
    case "U8": .uint8
    case "BOOL": .bool
    default: nil
    }
  }
}
