import Checkpoint
import Core

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
