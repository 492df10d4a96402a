import Core

/// A torch storage: raw elements that tensors are views of.
struct TorchStorage {
  /// nil where the elements are of a type that we do not read, or where the tensor says it.
  let type: ElementType?
  /// The name of the storage's class.
  let typeName: String
  let isUntyped: Bool
  let bytes: Bytes
  let checksum: StorageChecksum?
}

/// What a persistent id says: `('storage', class, key, location, count[, view])`.
struct TorchStorageID {
  let meaning: PickleMeaning
  let typeName: String
  let key: String
  /// Elements; bytes for an untyped storage.
  let count: Int
  /// In old files: a part of another storage, in elements.
  let view: (offset: Int, count: Int)?

  /// Bytes of one element; 0 for types that we do not know.
  var elementSize: Int {
    switch meaning {
    case .storage(let type): type.byteCount
    case .foreignStorage(let size): size
    default: 1
    }
  }

  /// Whether a persistent id is that of a class: `('module', class, file, source)`.
  static func isClass(id: PickleRef, _ arena: PickleArena) -> Bool {
    guard let kind = arena.items(id)?.first else { return false }
    return arena.text(kind) == "module"
  }

  /// Reads an id.
  /// - Throws: `malformed`.
  init(
    _ ref: PickleRef, _ arena: PickleArena, _ names: PickleNames
  ) throws(ObverseError) {
    let bad = ObverseError.malformed(
      what: "pickle", why: "a persistent id is not a torch storage's")
    guard case .persistent(let id) = arena[ref], let items = arena.items(id), items.count >= 5,
      arena.text(items[0]) == "storage", case .global(let type) = arena[items[1]],
      let count = arena.integer(items[4]), count >= 0
    else { throw bad }
    switch names[type].meaning {
    case .storage, .foreignStorage, .untypedStorage: meaning = names[type].meaning
    default: throw bad
    }
    if let key = arena.text(items[2]) {
      self.key = key
    } else if let key = arena.integer(items[2]) {
      self.key = String(key)
    } else {
      throw bad
    }
    typeName = names[type].name
    self.count = count
    var view: (Int, Int)?
    if items.count >= 6, let parts = arena.items(items[5]) {
      guard parts.count == 3, let offset = arena.integer(parts[1]),
        let size = arena.integer(parts[2]), offset >= 0, size >= 0
      else { throw bad }
      view = (offset, size)
    }
    self.view = view
  }

  /// The storage, once its bytes have been found.
  /// - Throws: `truncated` where there are fewer than the id declares.
  func storage(_ found: StorageBytes) throws(ObverseError) -> TorchStorage {
    let bytes = found.bytes
    let what = "torch storage '\(key)'"
    let (needs, overflow) = count.multipliedReportingOverflow(by: elementSize)
    guard !overflow, needs <= bytes.count, var part = bytes.slice(at: 0, count: needs) else {
      throw .truncated(
        what: what, needs: overflow ? .max : UInt64(needs), fileHas: UInt64(bytes.count))
    }
    if let view {
      let (start, tooFar) = view.offset.multipliedReportingOverflow(by: elementSize)
      let (length, tooLong) = view.count.multipliedReportingOverflow(by: elementSize)
      guard !tooFar, !tooLong, let slice = part.slice(at: start, count: length) else {
        throw .malformed(what: what, why: "a view of it reaches outside")
      }
      part = slice
    }
    let isUntyped = if case .untypedStorage = meaning { true } else { false }
    let type: ElementType? = if case .storage(let type) = meaning { type } else { nil }
    return TorchStorage(
      type: type, typeName: typeName, isUntyped: isUntyped, bytes: part, checksum: found.checksum)
  }
}

/// The checksum that a zip archive holds for a member, compared when the member is first used.
///
/// Opening a checkpoint does not read its tensors: most of a training file is never asked for.
final class StorageChecksum: Sendable {
  private let bytes: Bytes
  private let crc32: UInt32
  /// The member in words.
  private let what: String

  init(_ bytes: Bytes, crc32: UInt32, what: String) {
    self.bytes = bytes
    self.crc32 = crc32
    self.what = what
  }

  /// - Throws: `malformed` where the bytes are not those that were written.
  func verify() throws(ObverseError) {
    guard Zlib.crc32(bytes) == crc32 else {
      throw .malformed(
        what: what, why: "its checksum (CRC-32) is wrong: the file is damaged; copy it again")
    }
  }
}

/// The bytes of a storage as its container gives them.
struct StorageBytes {
  let bytes: Bytes
  var checksum: StorageChecksum?
}
