// Which format a file is of: content decides, names do not.

import Core
import Glibc

extension CheckpointFile {
  /// Opens a checkpoint of any format that is read here, and runs none of its code.
  ///
  /// What lies plainly in the file is borrowed from it: the file is mapped, and large tensors cost
  /// no memory until they are used.
  ///
  /// - Parameter path: A file, or the unpacked folder of an OpenVINO package.
  /// - Returns: What the file holds.
  /// - Throws: `missing`, `unreadable`, `empty`; `inFile` with what is wrong inside.
  public static func open(_ path: String) throws(ObverseError) -> CheckpointFile {
    var status = stat()
    if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      return try OpenVINO.read(path: path)
    }
    let bytes = try Bytes(mapping: path)
    do throws(ObverseError) {
      return try read(bytes, path: path)
    } catch {
      throw error.inFile(path)
    }
  }

  /// Reads a file that is in memory; `path` is what it is called.
  ///
  /// - Throws: What is wrong inside, without `inFile`.
  package static func read(_ bytes: Bytes, path: String) throws(ObverseError) -> CheckpointFile {
    switch FileKind(bytes) {
    case .zip:
      let archive = try ZipArchive(bytes)
      if let pickle = TorchZip.pickle(of: archive) {
        let names = PickleNames()
        let zip = try TorchZip(archive, pickle: pickle, names: names)
        return try CheckpointFile(
          path, zip.isScript ? .torchScript : .torchZip, zip.object, names
        ) {
          (key) throws(ObverseError) in try zip.bytes(key)
        }
      }
      if NumPy.matches(archive) { return try NumPy.readFile(archive, path: path) }
      if OpenVINO.matches(archive) { return try OpenVINO.read(archive: archive, path: path) }
      throw .unsupported(
        what: "not a checkpoint",
        why: "a zip archive without torch's data.pkl, NumPy arrays or random-face's networks",
        hint: nil)
    case .torchLegacy:
      let names = PickleNames()
      let legacy = try TorchLegacy(bytes, names: names)
      return try CheckpointFile(path, .torchLegacy, legacy.object, names) { legacy.bytes($0) }
    case .pickle:
      let names = PickleNames()
      let object = try PickleMachine.run(bytes, names: names)
      return try CheckpointFile(path, .pickle, object, names) { _ in nil }
    case .safetensors: return try Safetensors.read(bytes, path: path)
    case .npy: return try NumPy.readFile(bytes, path: path)
    case .xml: return try OpenVINO.read(path: path)
    case .other(let refusal): throw refusal
    }
  }

  private init(
    _ path: String, _ container: Container, _ object: PickleResult, _ names: PickleNames,
    bytes: @escaping (String) throws(ObverseError) -> Bytes?
  ) throws(ObverseError) {
    let source = PickleTensors(arena: object.arena, names: names, bytes: bytes)
    let flat = try PickleFlattening(object.root, source)
    let detail =
      container == .pickle ? "pickle protocol \(object.protocolNumber)" : container.rawValue
    self.init(
      path: path, container: container, containerDetail: detail, tensors: flat.tensors,
      attributes: flat.attributes, modules: flat.modules, placeholders: flat.placeholders,
      pickleNames: names.list)
  }
}

/// A file's format by its first bytes.
enum FileKind {
  case zip
  case torchLegacy
  case pickle
  case safetensors
  case npy
  case xml
  /// None that is read here, with the sentence that says so.
  case other(ObverseError)

  init(_ bytes: Bytes) {
    if bytes.has("PK\u{3}\u{4}") || bytes.has("PK\u{5}\u{6}") {
      self = .zip
    } else if TorchLegacy.recognises(bytes) {
      self = .torchLegacy
    } else if Safetensors.matches(bytes) {
      // Before pickles: one header in 32 has a length that begins with their first byte, 0x80.
      self = .safetensors
    } else if Self.isPickle(bytes) {
      self = .pickle
    } else if bytes.has("OBV1", at: 4) {
      self = .other(
        .unsupported(
          what: Self.no, why: "it is an .obv model file already", hint: nil))
    } else if NumPy.matches(bytes) {
      self = .npy
    } else if bytes.has("<?xml") || bytes.has("<net") {
      self = .xml
    } else {
      self = .other(
        .unsupported(what: Self.no, why: Self.guess(bytes), hint: nil))
    }
  }

  private static let no = "not a checkpoint"

  /// Whether bytes begin as a pickle does.
  ///
  /// Protocols 2 and later say what they are. Older ones begin with any opcode: the ways in which
  /// a dict, a list or an object begins must do, together with the STOP at the end.
  private static func isPickle(_ bytes: Bytes) -> Bool {
    if bytes[0] == PickleOpcode.proto.rawValue, let version = bytes[1], version >= 2 {
      return true
    }
    let starts: [StaticString] = ["(d", "(l", "}q", "]q", "ccollections\n", "ctorch", "(i"]
    return bytes[bytes.count - 1] == PickleOpcode.stop.rawValue
      && starts.contains { bytes.has($0) }
  }

  private static func guess(_ bytes: Bytes) -> String {
    if bytes.has("PNG", at: 1) || bytes[0] == 0xff && bytes[1] == 0xd8 { return "it is a picture" }
    if bytes[0] == 0x1f, bytes[1] == 0x8b { return "it is compressed by gzip" }
    if bytes.has("HDF", at: 1) { return "it is HDF5" }
    if bytes.has("GGUF") { return "it is GGUF" }
    if bytes.has("ustar", at: 257) { return "it is a tar archive" }
    let head = bytes.slice(at: 0, count: min(bytes.count, 256))?.array ?? []
    let isText = head.allSatisfy { $0 >= 0x20 && $0 != 0x7f || (9...13).contains($0) }
    return isText ? "it is text" : "its format is unknown"
  }
}
