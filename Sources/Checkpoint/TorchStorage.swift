import Core

/// A torch storage: raw elements that tensors are views of.
struct TorchStorage {
  /// nil where the elements are of a type that we do not read, or where the tensor says it.
  let type: ElementType?
  /// The name of the storage's class.
  let typeName: String
  let isUntyped: Bool
  let bytes: Bytes
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

  /// Bytes of one element.
  var elementSize: Int {
    switch meaning {
    case .storage(let type): type.byteCount
    case .foreignStorage(let size): size
    default: 1
    }
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
  func storage(_ bytes: Bytes) throws(ObverseError) -> TorchStorage {
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
    switch meaning {
    case .storage(let type):
      return TorchStorage(type: type, typeName: typeName, isUntyped: false, bytes: part)
    case .untypedStorage:
      return TorchStorage(type: nil, typeName: typeName, isUntyped: true, bytes: part)
    default: return TorchStorage(type: nil, typeName: typeName, isUntyped: false, bytes: part)
    }
  }
}
