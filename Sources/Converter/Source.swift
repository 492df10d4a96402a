import Checkpoint
import Core
import Glibc

/// The checkpoint as a file: what it is, its hash, and what it says about itself.
struct Source {
  let file: CheckpointFile

  init(_ file: CheckpointFile) { self.file = file }

  /// A word for the provenance.
  var kind: String {
    switch file.container {
    case .torchZip: "torch-zip"
    case .torchFolder: "torch-folder"
    case .torchScript: "torchscript"
    case .torchLegacy: "torch-legacy"
    case .pickle:
      file.modules.values.contains(CheckpointFile.tensorFlowNetwork)
        ? "tensorflow-pickle" : "nvlabs-pickle"
    case .safetensors: "safetensors"
    case .npz, .npy: "numpy"
    case .openVINO: "random-face"
    }
  }

  /// What the file says about its licence, if anything; known for random-face.
  var license: String {
    if let text = text("__metadata__.license") ?? text("__metadata__.licence") { return text }
    guard file.container == .openVINO else { return "" }
    return "package random-face: Apache-2.0; trained on FFHQ, whose terms are non-commercial"
  }

  /// Training facts: safetensors' metadata, and what pickled modules of pruned networks say.
  func facts(key: String) -> [(name: String, value: String)] {
    var facts: [(name: String, value: String)] = []
    let metadata = "__metadata__."
    for path in file.attributes.keys.sorted() where path.hasPrefix(metadata) {
      let name = String(path.dropFirst(metadata.count))
      guard !["license", "licence", "format"].contains(name), facts.count < 64,
        name.utf8.count <= 256, let value = text(path), value.utf8.count <= 4096
      else { continue }
      facts.append((name, value))
    }
    for path in ["\(key)._init_kwargs.pruning_ratio", "\(key).pruning_ratio"] {
      guard let value = file.attributes[path], value != .none else { continue }
      facts.append(("pruning_ratio", value.words))
      break
    }
    return facts
  }

  /// The clamp of a state dict: the given one, else what safetensors metadata say, if anything.
  func clamp(_ given: Float?) throws(ObverseError) -> Float? {
    if let given {
      guard given > 0, given.isFinite else {
        throw .usage("a clamp of \(given): it must be above 0", hint: nil)
      }
      return given
    }
    guard let text = text("__metadata__.conv_clamp"), text != "None", text != "null" else {
      return nil
    }
    guard let value = Float(text), value > 0, value.isFinite else {
      throw .malformed(
        what: "metadata conv_clamp", why: "it is '\(text.prefix(64))', no number above 0")
    }
    return value
  }

  private func text(_ path: String) -> String? {
    guard case .text(let text) = file.attributes[path] else { return nil }
    return text
  }

  /// Bytes that the generator's weights may take as float32.
  ///
  /// Those of 16-bit weights take twice their place in the file. More than three times means that
  /// tensors share storages, by which a small file could stand for any amount. The fixed part is
  /// copied a few times on the way to a model.
  var memoryLimit: Int {
    guard let size = file.byteCount ?? statedSize else { return 1 << 34 }
    return 3 * min(size, 1 << 40) + 8 << 20
  }

  private var statedSize: Int? {
    var status = stat()
    guard unsafe file.path.withFileName({ unsafe stat($0, &status) }) == 0,
      status.st_mode & S_IFMT == S_IFREG
    else { return nil }
    return Int(exactly: status.st_size)
  }

  /// SHA-256 of the file; of both networks' `.xml` and `.bin`, in that order, for a folder of
  /// random-face; empty for other folders, and for a checkpoint that is no file.
  func sha256() throws(ObverseError) -> String {
    var status = stat()
    guard unsafe file.path.withFileName({ unsafe stat($0, &status) }) == 0 else { return "" }
    let isFolder = status.st_mode & S_IFMT == S_IFDIR
    guard file.container != .torchFolder else { return "" }
    guard isFolder || file.container == .openVINO && file.path.hasSuffix(".xml") else {
      return try Bytes(mapping: file.path).withSpan { SHA256.hex($0) }
    }
    var folder = file.path
    if !isFolder {
      folder = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? "."
    }
    let folders = [folder, "\(folder)/data", "\(folder)/random_face/data"]
    let data = folders.first {
      unsafe "\($0)/MappingNetwork.xml".withFileName { unsafe access($0, F_OK) } == 0
    }
    guard let data else { return "" }
    var hash = SHA256()
    for name in ["MappingNetwork", "SynthesisNetwork"] {
      for suffix in ["xml", "bin"] {
        try Bytes(mapping: "\(data)/\(name).\(suffix)").withSpan { hash.update($0) }
      }
    }
    return hash.finish()
  }
}

/// What a pickled module says about itself beside its tensors; state dicts say nothing.
///
/// Paths are dotted names without the generator's prefix, such as `synthesis.b8.conv0.conv_clamp`.
struct ModuleAttributes {
  let file: CheckpointFile
  let prefix: String
  /// What the user or the file's metadata says in place of absent `conv_clamp` attributes.
  let clampOfStateDicts: Float?
  /// What the learning rate of the mapping network is multiplied with, by which its weights are scaled.
  var mappingRate = 0.01

  subscript(path: String) -> Attribute? { file.attributes[prefix + path] }

  /// Whether the modules say themselves what they clamp.
  var knowsClamps: Bool {
    file.attributes.keys.contains { $0.hasPrefix(prefix) && $0.hasSuffix(".conv_clamp") }
  }

  /// A finite number, or nil where the module says nothing.
  func number(_ path: String) throws(ObverseError) -> Double? {
    let value: Double
    switch self[path] {
    case .integer(let number): value = Double(number)
    case .number(let number): value = number
    case nil, .some(.none): return nil
    default: throw .malformed(what: prefix + path, why: "it is no number")
    }
    guard value.isFinite else { throw .malformed(what: prefix + path, why: "it is not finite") }
    return value
  }

  /// The text of an attribute; nil where it is absent or of another kind.
  func text(_ path: String) -> String? {
    guard case .text(let text) = self[path] else { return nil }
    return text
  }

  /// The clamp of a layer: what its module says, else what the user says.
  func clamp(_ layer: String) throws(ObverseError) -> Float? {
    let path = "\(layer).conv_clamp"
    guard let attribute = self[path] else { return clampOfStateDicts }
    if attribute == .none { return nil }
    guard let value = try number(path), value > 0 else {
      throw .malformed(what: prefix + path, why: "a clamp is above 0")
    }
    return Float(value)
  }

  /// Refuses a module that says otherwise than what the runtime does.
  func demand(_ path: String, _ expected: Attribute) throws(ObverseError) {
    guard let found = self[path], found != expected else { return }
    if case .integer(let a) = expected, case .number(let b) = found, Double(a) == b { return }
    throw .unsupported(
      what: prefix + path, why: "it is \(found.words); only \(expected.words) is supported",
      hint: nil)
  }
}

extension Attribute {
  /// The value as a person would write it.
  var words: String {
    switch self {
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .text(let value): "'\(value.prefix(64))'"
    case .list(let values): "[\(values.prefix(16).map(\.words).joined(separator: ", "))]"
    }
  }
}
