import Core
import Glibc

/// A value that a checkpoint holds beside its tensors.
public enum Attribute: Sendable, Equatable {
  case none
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case list([Attribute])
}

/// A name that a pickle asked for.
public struct PickleName: Sendable, Equatable {
  /// `module.name`.
  public let name: String
  /// Whether it stands on the list of names that have a meaning here; all others build nothing.
  public let isKnown: Bool
  /// How often it was asked for.
  public let count: Int

  public init(name: String, isKnown: Bool, count: Int) {
    self.name = name
    self.isKnown = isKnown
    self.count = count
  }
}

/// What an open checkpoint holds, whatever its container: names, tensors, attributes.
///
/// Opening runs no code of the file, and copies no tensor that lies plainly in it.
public struct CheckpointFile: Sendable {
  public enum Container: String, Sendable, CaseIterable {
    case torchZip = "torch zip"
    case torchScript = "TorchScript"
    case torchFolder = "unpacked torch zip"
    case torchLegacy = "torch legacy"
    case pickle = "pickle"
    case safetensors = "safetensors"
    case npz = "npz"
    case npy = "npy"
    case openVINO = "OpenVINO IR"
  }

  public let path: String
  public let container: Container
  /// Such as `pickle protocol 4`; equals the container's name where there is no more to say.
  public let containerDetail: String
  /// Dotted paths in file order: `g_ema.style.1.weight`, `G_ema.synthesis.b4.const`, `latent_avg`.
  public let tensors: [(name: String, tensor: StoredTensor)]
  /// Numbers, texts and lists by dotted path, such as `G_ema.synthesis.b8.conv0.conv_clamp`;
  /// safetensors' `__metadata__` entries as `__metadata__.KEY`.
  public let attributes: [String: Attribute]
  /// Class names of pickled modules by dotted path: `G_ema.synthesis.input` -> `SynthesisInput`;
  /// `tensorFlowNetwork` for networks of dnnlib's TensorFlow.
  public let modules: [String: String]
  /// Dotted paths whose value would have been made by code that was not run, with the code's name.
  public let placeholders: [String: String]
  /// Every global that the pickles named, in order of first use.
  public let pickleNames: [PickleName]
  /// The graphs of an OpenVINO package by network name: `MappingNetwork`, `SynthesisNetwork`.
  public let graphs: [String: IRGraph]

  /// Bytes of the file itself, once it is unpacked; nil where it is none.
  public private(set) var byteCount: Int?
  /// Constants of a TorchScript program's code that are tensors.
  public private(set) var constantCount = 0

  /// What `modules` calls a network of dnnlib's TensorFlow.
  public static let tensorFlowNetwork = "tflib.network.Network"

  public init(
    path: String, container: Container, containerDetail: String,
    tensors: [(name: String, tensor: StoredTensor)], attributes: [String: Attribute] = [:],
    modules: [String: String] = [:], placeholders: [String: String] = [:],
    pickleNames: [PickleName] = [], graphs: [String: IRGraph] = [:]
  ) {
    self.path = path
    self.container = container
    self.containerDetail = containerDetail
    self.tensors = tensors
    self.attributes = attributes
    self.modules = modules
    self.placeholders = placeholders
    self.pickleNames = pickleNames
    self.graphs = graphs
  }
}

extension CheckpointFile {
  /// The same with the size of what it was read from.
  func sized(_ byteCount: Int) -> CheckpointFile {
    var file = self
    file.byteCount = byteCount
    return file
  }

  /// The same with the tensors that a program's code holds.
  func withConstants(_ count: Int) -> CheckpointFile {
    var file = self
    file.constantCount = count
    return file
  }
}

// Which format a file is of: content decides, names do not.

extension CheckpointFile {
  /// Opens a checkpoint of any format that is read here, and runs none of its code.
  ///
  /// What lies plainly in the file is borrowed from it: the file is mapped, and large tensors cost
  /// no memory until they are used. A file that gzip has compressed is inflated in memory.
  ///
  /// - Parameter path: A file, or the unpacked folder of a torch zip or an OpenVINO package.
  /// - Returns: What the file holds.
  /// - Throws: `missing`, `unreadable`, `empty`; `inFile` with what is wrong inside.
  public static func open(_ path: String) throws(ObverseError) -> CheckpointFile {
    var status = stat()
    if unsafe path.withFileName({ unsafe stat($0, &status) }) == 0,
      status.st_mode & S_IFMT == S_IFDIR
    {
      return try open(folder: path)
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
    let file = try Zlib.isGzip(bytes) ? inflated(bytes) : bytes
    return try readPlain(file, path: path).sized(file.count)
  }

  /// The content of a gzip file: weights hardly shrink, so what grows much is no checkpoint.
  private static func inflated(_ bytes: Bytes) throws(ObverseError) -> Bytes {
    let file: Bytes
    do throws(ObverseError) {
      file = try Zlib.gunzip(bytes, most: 3 * bytes.count + 8 << 20)
    } catch .tooLarge(let what, let found, let limit) {
      throw .unsupported(
        what: notCheckpoint,
        why: "\(what) is \(found) or more, and \(limit) are read of so small a file",
        hint: "gunzip it first")
    }
    guard file.count > 0 else {
      throw .unsupported(what: notCheckpoint, why: "it is empty behind gzip", hint: nil)
    }
    guard !Zlib.isGzip(file) else {
      throw .unsupported(
        what: notCheckpoint, why: "it is compressed by gzip twice", hint: "gunzip it first")
    }
    return file
  }

  private static func readPlain(
    _ bytes: Bytes, path: String
  ) throws(ObverseError) -> CheckpointFile {
    switch FileKind(bytes) {
    case .zip: return try read(try ZipArchive(bytes), path: path)
    case .torchLegacy:
      let names = PickleNames()
      let legacy = try TorchLegacy(bytes, names: names)
      return try CheckpointFile(path, .torchLegacy, legacy.object, names) { (key) in
        legacy.bytes(key).map { StorageBytes(bytes: $0) }
      }
    case .pickle:
      let names = PickleNames()
      let object = try PickleMachine.run(bytes, names: names)
      // A plain pickle has no persistent ids: these storages are members of an archive.
      if !object.persistent.isEmpty {
        if let folder = TorchFolder.around(path) { return try folder.read(path: path) }
        throw .unsupported(
          what: "data.pkl",
          why: "it is one part of a .pt archive: the list of its tensors, without their numbers",
          hint: "give the whole .pt, or its unpacked folder with data.pkl and data/ in it")
      }
      return try CheckpointFile(path, .pickle, object, names) { _ in nil }
    case .safetensors: return try Safetensors.read(bytes, path: path)
    case .npy: return try NumPy.readFile(bytes, path: path)
    case .xml: return try OpenVINO.read(path: path)
    case .other(let found):
      throw .unsupported(what: notCheckpoint, why: "it is \(found.name)", hint: found.hint)
    }
  }

  private static func read(
    _ archive: ZipArchive, path: String
  ) throws(ObverseError) -> CheckpointFile {
    if let pickle = TorchZip.pickle(of: archive) {
      let names = PickleNames()
      let zip = try TorchZip(archive, pickle: pickle, names: names)
      return try CheckpointFile(
        path, zip.isScript ? .torchScript : .torchZip, zip.object, names
      ) {
        (key) throws(ObverseError) in try zip.bytes(key)
      }.withConstants(zip.constantCount)
    }
    if NumPy.matches(archive) { return try NumPy.readFile(archive, path: path) }
    if OpenVINO.matches(archive) { return try OpenVINO.read(archive: archive, path: path) }
    if archive.members.contains(where: { $0.name.hasSuffix("/archive_format") }) {
      throw .unsupported(
        what: notCheckpoint, why: "a program of torch.export (.pt2), whose weights have no names",
        hint: "torch.save(model.state_dict(), 'net.pt') saves what can be read")
    }
    let inside = archive.members.filter { member in
      CheckpointFolder.suffixes.contains { member.name.hasSuffix($0) }
    }
    throw .unsupported(
      what: notCheckpoint,
      why: "a zip archive without torch's data.pkl, NumPy arrays or random-face's networks",
      hint: inside.first.map { "unzip it, then give \(String($0.name.suffix(200)).printable)" })
  }

  private static let notCheckpoint = "not a checkpoint"

  init(
    _ path: String, _ container: Container, _ object: PickleResult, _ names: PickleNames,
    bytes: @escaping (String) throws(ObverseError) -> StorageBytes?
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
  /// None that is read here, and what it is.
  case other(ForeignFile)

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
      self = .other(ForeignFile("an .obv model file already"))
    } else if NumPy.matches(bytes) {
      self = .npy
    } else if Self.isNetwork(bytes) {
      self = .xml
    } else {
      self = .other(ForeignFile(bytes))
    }
  }

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

  /// Whether bytes begin as OpenVINO's XML does: `<net`, with a declaration before it or without.
  private static func isNetwork(_ bytes: Bytes) -> Bool {
    if bytes.has("<net") { return true }
    guard bytes.has("<?xml"), let head = bytes.slice(at: 0, count: min(bytes.count, 1024)) else {
      return false
    }
    var at = 5
    while at < head.count, !(head[at] == 0x3c && head[at + 1] != 0x21) { at += 1 }
    return head.has("<net", at: at)
  }
}
