import Core

/// Turns what a pickle says of tensors into `StoredTensor`s.
///
/// Storages are found once each, however many tensors share them.
struct PickleTensors {
  /// What became of a tensor's description.
  enum Found {
    case tensor(StoredTensor)
    /// It hangs on something that was not run, or on a type that we do not read, of this name.
    case placeholder(String)
  }

  private enum FoundStorage {
    case storage(TorchStorage)
    case placeholder(String)
  }

  let arena: PickleArena
  let names: PickleNames
  /// Looks a storage's bytes up in the container; nil where there is no such storage.
  let bytes: (String) throws(ObverseError) -> StorageBytes?
  private var storages: [PickleRef: FoundStorage] = [:]
  /// By their arguments: a tensor of many names is made once.
  private var made: [PickleRef: StoredTensor] = [:]
  private var byKey: [String: StorageBytes] = [:]
  /// Elements of NumPy arrays by the value that holds them, so that none is worked out twice.
  private var buffers: [PickleRef: Bytes] = [:]

  /// More axes than any tensor of a network has.
  private static let mostAxes = 16

  init(
    arena: PickleArena, names: PickleNames,
    bytes: @escaping (String) throws(ObverseError) -> StorageBytes?
  ) {
    self.arena = arena
    self.names = names
    self.bytes = bytes
  }

  /// The tensor that `_rebuild_tensor_v2` would make of these arguments.
  /// - Throws: `malformed`, `truncated` with the tensor's name; what the container throws.
  mutating func tensor(_ arguments: PickleRef, name: String) throws(ObverseError) -> Found {
    if let known = made[arguments] { return .tensor(known) }
    guard let items = arena.items(arguments), items.count >= 4,
      let offset = arena.integer(items[1]),
      let shape = integers(items[2]), let strides = integers(items[3])
    else {
      throw .malformed(
        what: "tensor \(name)", why: "its storage, offset, shape and strides are not as torch's")
    }
    let storage: TorchStorage
    switch try foundStorage(items[0], name: name) {
    case .placeholder(let name): return .placeholder(name)
    case .storage(let found): storage = found
    }
    var type = storage.type
    if storage.isUntyped {
      guard items.count >= 7, case .global(let dtype) = arena[items[6]] else {
        throw .malformed(what: "tensor \(name)", why: "nothing says what type it is of")
      }
      guard case .dtype(let element) = names[dtype].meaning else {
        return .placeholder(names[dtype].name)
      }
      type = element
    }
    guard let type else { return .placeholder(storage.typeName) }
    let tensor = try StoredTensor(
      name: name, type: type, shape: shape, strides: strides, offset: offset,
      storage: storage.bytes, isNegated: isNegated(items.last), checksum: storage.checksum)
    made[arguments] = tensor
    return .tensor(tensor)
  }

  /// Whether the last argument of a tensor's maker is the dict that says `neg`.
  ///
  /// It says `conj` too, which changes nothing where numbers are real, as all are that are read.
  private func isNegated(_ metadata: PickleRef?) -> Bool {
    // Torch writes two keys at most; a large dict that tensors share would cost a walk for each.
    guard let metadata, arena.items(ofDict: metadata).count <= 64,
      let neg = arena.value("neg", in: metadata)
    else { return false }
    return arena.integer(neg) == 1
  }

  /// The array that NumPy would make of the state of an `ndarray`, or of the arguments of
  /// `_frombuffer`.
  /// - Throws: `malformed`, `truncated` with the array's name.
  mutating func array(
    _ arguments: PickleRef, isBuffer: Bool, name: String
  ) throws(ObverseError) -> Found {
    let bad = ObverseError.malformed(
      what: "array \(name)", why: "its shape, type, order and bytes are not as NumPy's")
    guard var items = arena.items(arguments) else { throw bad }
    // `(version, shape, dtype, is column-major, bytes)`; `(bytes, dtype, shape, 'C' or 'F')`.
    if !isBuffer, items.count == 5 { items.removeFirst() }
    guard items.count == 4 else { throw bad }
    let (shapeRef, typeRef, dataRef) =
      isBuffer ? (items[2], items[1], items[0]) : (items[0], items[1], items[3])
    let columnMajor = isBuffer ? arena.text(items[3]) == "F" : arena.integer(items[2]) == 1
    guard let shape = integers(shapeRef) else { throw bad }
    // Records and their like have types that are made in other ways.
    guard case .numpyType(let code, let bigEndian) = arena[typeRef] else {
      return .placeholder("numpy.dtype")
    }
    guard !bigEndian, code.count <= 8, let type = NumPy.element(code.text ?? "") else {
      let name = code.count <= 16 ? code.text ?? "?" : "?"
      return .placeholder("numpy.dtype('\(bigEndian ? ">" : "")\(name)')")
    }
    guard let data = buffer(dataRef) else { throw bad }
    return .tensor(
      try StoredTensor(
        name: name, type: type, shape: shape, filling: data, columnMajor: columnMajor))
  }

  private mutating func buffer(_ ref: PickleRef) -> Bytes? {
    let key = if case .latin1(let text) = arena[ref] { text } else { ref }
    if let known = buffers[key] { return known }
    let bytes = arena.bytes(ref)
    buffers[key] = bytes
    return bytes
  }

  private func integers(_ ref: PickleRef) -> [Int]? {
    guard let items = arena.items(ref), items.count <= Self.mostAxes else { return nil }
    var result: [Int] = []
    for item in items {
      guard case .integer(let value) = arena[item] else { return nil }
      result.append(value)
    }
    return result
  }

  private mutating func foundStorage(
    _ ref: PickleRef, name: String
  ) throws(ObverseError) -> FoundStorage {
    // Two look-ups of one blob must not read it twice: the number of its bytes is the key, that of
    // the text where protocol 2 writes bytes as one.
    var key = if case .storageBlob(let blob) = arena[ref] { blob } else { ref }
    if case .latin1(let text) = arena[key] { key = text }
    if let known = storages[key] { return known }
    let found: FoundStorage
    switch arena[ref] {
    case .persistent:
      let id = try TorchStorageID(ref, arena, names)
      let bytes: StorageBytes
      if let known = byKey[id.key] {
        bytes = known
      } else if let read = try self.bytes(id.key) {
        bytes = read
        byKey[id.key] = read
      } else {
        throw .malformed(
          what: "tensor \(name)", why: "its storage '\(id.key)' is not in the file")
      }
      found = .storage(try id.storage(bytes))
    case .storageBlob(let blob):
      guard let bytes = arena.bytes(blob) else {
        throw .malformed(what: "tensor \(name)", why: "its storage is made of what are no bytes")
      }
      found = .storage(try TorchLegacy(bytes, names: names).soleStorage(names))
    case .placeholder(let index), .global(let index):
      found = .placeholder(names[index].name)
    default:
      throw .malformed(what: "tensor \(name)", why: "its storage is no storage")
    }
    storages[key] = found
    return found
  }
}
