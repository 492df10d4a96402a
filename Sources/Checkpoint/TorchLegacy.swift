import Core

/// torch's container before it was a zip: five pickles back to back, then the storages.
struct TorchLegacy {
  /// The object itself, the fourth pickle.
  let object: PickleResult
  private let storages: [String: Bytes]

  /// Whether bytes begin with a pickle of torch's magic number.
  static func recognises(_ bytes: Bytes) -> Bool {
    var decoder = PickleDecoder(bytes)
    for _ in 0..<3 {  // PROTO, FRAME, the number
      guard let instruction = try? decoder.next() else { return false }
      switch (instruction.opcode, instruction.argument) {
      case (.proto, _), (.frame, _): continue
      case (.long1, .bytes(let number)): return isMagic(number)
      default: return false
      }
    }
    return false
  }

  private static func isMagic(_ number: Bytes) -> Bool {
    number.count == 10 && number.load(UInt64.self, at: 0) == 0xa86a_20f9_469c_fc6c
      && number.load(UInt16.self, at: 8) == 0x1950
  }

  /// Reads a file, or one of the blobs that NVlabs' pickles hold.
  /// - Throws: `malformed`, `truncated`, `unsupported`, `tooLarge`.
  init(_ bytes: Bytes, names: PickleNames) throws(ObverseError) {
    let number = try PickleMachine.run(bytes, names: names)
    guard case .longInteger(let magic) = number.arena[number.root], Self.isMagic(magic) else {
      throw .malformed(what: "torch legacy file", why: "its magic number is another")
    }
    let version = try PickleMachine.run(bytes, at: number.end, names: names)
    guard version.arena.integer(version.root) == 1001 else {
      throw .unsupported(
        what: "torch legacy file", why: "its protocol version is not 1001", hint: nil)
    }
    let system = try PickleMachine.run(bytes, at: version.end, names: names)
    if let order = system.arena.value("little_endian", in: system.root),
      case .bool(false) = system.arena[order]
    {
      throw .unsupported(
        what: "torch legacy file", why: "its numbers are big-endian", hint: nil)
    }
    object = try PickleMachine.run(bytes, at: system.end, names: names)
    let keys = try PickleMachine.run(bytes, at: object.end, names: names)
    guard let list = keys.arena.items(keys.root) else {
      throw .malformed(what: "torch legacy file", why: "its fifth pickle lists no storages")
    }
    // The data says how many elements there are, and only the ids say how large each one is.
    var sizes: [String: Int] = [:]
    for ref in object.persistent {
      let id = try TorchStorageID(ref, object.arena, names)
      if sizes[id.key] == nil { sizes[id.key] = id.elementSize }
    }
    var storages: [String: Bytes] = [:]
    var position = keys.end
    for ref in list {
      guard let key = keys.arena.text(ref), let size = sizes[key] else {
        throw .malformed(
          what: "torch legacy file", why: "it lists a storage that no tensor asks for")
      }
      let what = "torch storage '\(key)'"
      guard size > 0 else {
        throw .unsupported(
          what: what, why: "its elements are of a type whose size is not known here",
          hint: "save the file again without it, or with the zip format of torch 1.6 and later")
      }
      guard let declared = bytes.load(Int64.self, at: position) else {
        throw .truncated(
          what: what, needs: UInt64(position + 8), fileHas: UInt64(bytes.count))
      }
      position += 8
      guard let count = Int(exactly: declared), count >= 0 else {
        throw .malformed(what: what, why: "its number of elements is \(declared)")
      }
      let (length, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow, let storage = bytes.slice(at: position, count: length) else {
        let (end, tooFar) = position.addingReportingOverflow(length)
        throw .truncated(
          what: what, needs: overflow || tooFar ? .max : UInt64(end),
          fileHas: UInt64(bytes.count))
      }
      storages[key] = storage
      position += length
    }
    self.storages = storages
  }

  /// The bytes of a storage.
  func bytes(_ key: String) -> Bytes? {
    storages[key]
  }

  /// The one storage of a blob whose object is nothing but its id.
  /// - Throws: `malformed`, `truncated`.
  func soleStorage(_ names: PickleNames) throws(ObverseError) -> TorchStorage {
    guard case .persistent = object.arena[object.root] else {
      throw .malformed(what: "torch legacy blob", why: "it holds something else than a storage")
    }
    let id = try TorchStorageID(object.root, object.arena, names)
    guard let bytes = storages[id.key] else {
      throw .malformed(what: "torch storage '\(id.key)'", why: "it is not in the blob")
    }
    return try id.storage(StorageBytes(bytes: bytes))
  }
}
