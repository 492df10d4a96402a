import Checkpoint
import Converter
import ModelFile
import Obverse
import Page

/// A file that holds a generator: a model of ours or a checkpoint of others.
enum GeneratorFile {
  case model(ModelDescription)
  case checkpoint(CheckpointFile)

  /// Opens a file by its content; names decide nothing.
  static func open(_ path: String) throws(ObverseError) -> GeneratorFile {
    if Path.isFile(path), try Bytes(mapping: path).has("OBV", at: 4) {
      return .model(try ModelFile.read(path: path))
    }
    return .checkpoint(try CheckpointFile.open(path))
  }

  /// The generator inside.
  func convert(_ request: ConversionRequest) throws(ObverseError) -> Conversion {
    switch self {
    case .model(let description): try Converter.convert(description, request)
    case .checkpoint(let file): try Converter.convert(file, request)
    }
  }
}

/// How much of what a file holds is shown: whoever made the file must not choose the screen's worth.
package enum Listing {
  /// Tensors in a list; the largest checkpoints that we know have some 2,000.
  static let tensors = 4096
  /// Lines of a pickle's opcodes; a generator's has some 20,000.
  static let opcodes = 30_000
  /// Names of a pickle's globals; real files have some twenty.
  static let names = 256
  package static let facts = 64
  static let warnings = 20
  /// Bytes of a tensor's name, or of a fact.
  static let name = 200
  package static let fact = 1024
  /// Bytes of a licence or a note.
  static let text = 4096

  /// The line behind a list that was cut, nil where nothing is left out.
  package static func rest(_ count: Int, of limit: Int, _ noun: String) -> String? {
    count > limit ? "and \(Format.count(count - limit, "more " + noun))" : nil
  }

  /// A tensor's name for a terminal.
  static func shown(_ name: String) -> String { name.cut(to: Self.name).printable }

  /// The first few of many warnings.
  static func warn(_ warnings: [String], _ console: Console) {
    for warning in warnings.prefix(Self.warnings) { console.warn(warning) }
    if let rest = rest(warnings.count, of: Self.warnings, "warning") { console.warn(rest) }
  }

  /// An object of facts: those of one name become a list, since a key may stand there once.
  package static func facts(_ facts: [(name: String, value: String)]) -> JSON {
    var keys: [String] = []
    var values: [FileName: [JSON]] = [:]
    for fact in facts.prefix(Self.facts) {
      let key = fact.name.cut(to: Listing.name)
      if values[FileName(key)] == nil { keys.append(key) }
      values[FileName(key), default: []].append(.text(fact.value.cut(to: Listing.fact)))
    }
    return .object(
      keys.map { key in
        let found = values[FileName(key)] ?? []
        return (key, found.count == 1 ? found[0] : .list(found))
      })
  }
}
