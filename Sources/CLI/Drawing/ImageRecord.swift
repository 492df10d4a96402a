import Checkpoint
import ImageFile
import Obverse

/// What we write into a picture about itself, and read back for `--params-from`.
///
/// No paths, no user, no time: equal runs give equal files.
struct ImageRecord: Sendable {
  /// The PNG text chunk's key.
  static let key = "obverse"

  let model: String
  let seed: UInt32?
  let psi: Float?
  let cutoff: Int?
  let noise: NoiseKind?
  let noiseSeed: UInt32?
  let label: Int?
  let precision: Precision?

  /// The text chunks of an image of one subject.
  static func chunks(
    _ model: Model, _ subject: Subject, _ look: Look
  ) -> [(key: String, value: String)] {
    chunks(model, [(subject.key, .integer(subject.number))] + look.members(subject))
  }

  /// The text chunks of a contact sheet.
  static func chunks(
    _ model: Model, _ subjects: [Subject], _ look: Look, _ grid: Grid
  ) -> [(key: String, value: String)] {
    let key = (subjects.first?.key ?? "seed") + "s"
    var members: [(String, JSON)] = [("grid", .text("\(grid.columns)x\(grid.rows)"))]
    members.append((key, .list(subjects.map { .integer($0.number) })))
    let classes = subjects.compactMap(\.label)
    if !classes.isEmpty { members.append(("classes", .list(classes.map { .integer($0) }))) }
    return chunks(model, members + look.members(subjects.count == 1 ? subjects[0] : nil))
  }

  /// The text chunks of an image that `members` describe.
  static func chunks(
    _ model: Model, _ members: [(String, JSON)]
  ) -> [(key: String, value: String)] {
    let record = JSON.object(
      [("schema", .text("obverse.image/1")), ("model", .text(model.weightsSHA256))] + members)
    return [("Software", "\(Version.name) \(Version.number)"), (key, record.line)]
  }

  /// Reads the record of an image.
  ///
  /// - Throws: What the file breaks, `unsupported` for an image without a record, in its file.
  init(path: String) throws(ObverseError) {
    let file = try Bytes(mapping: path)
    do throws(ObverseError) {
      guard PNG.matches(file) else {
        throw .unsupported(
          what: "the image", why: "it is no PNG; only those carry their settings", hint: nil)
      }
      guard let text = try PNG.text(file).first(where: { $0.key == Self.key })?.value else {
        throw .unsupported(
          what: "the image", why: "it has no text chunk 'obverse' to take settings from", hint: nil)
      }
      try self.init(text: text)
    } catch {
      throw error.inFile(path)
    }
  }

  private init(text: String) throws(ObverseError) {
    let what = "text chunk 'obverse'"
    let record = try ParsedJSON(parsing: Bytes(Array(text.utf8)), what: what)
    func broken(_ key: String) -> ObverseError {
      .malformed(what: what, why: "its \(key) is of another kind")
    }
    func whole(_ key: String, _ limit: Int) throws(ObverseError) -> Int? {
      switch record[key] {
      case nil: return nil
      case .integer(let value) where (0...limit).contains(value): return value
      default: throw broken(key)
      }
    }
    guard case .text(let schema) = record["schema"], schema == "obverse.image/1",
      case .text(let model) = record["model"]
    else { throw .malformed(what: what, why: "it is no obverse.image/1 with a model") }
    self.model = model
    seed = try whole("seed", Int(UInt32.max)).map { UInt32($0) }
    switch record["trunc"] {
    case nil: psi = nil
    case .integer(let value): psi = Float(value)
    case .number(let value) where Float(value).isFinite: psi = Float(value)
    default: throw broken("trunc")
    }
    cutoff = try whole("cutoff", 1_000_000)
    func word<Word: RawRepresentable<String>>(_ key: String) throws(ObverseError) -> Word? {
      switch record[key] {
      case nil: return nil
      case .text(let text):
        guard let word = Word(rawValue: text) else { throw broken(key) }
        return word
      default: throw broken(key)
      }
    }
    noise = try word("noise")
    precision = try word("precision")
    noiseSeed = try whole("noise_seed", Int(UInt32.max)).map { UInt32($0) }
    label = try whole("class", Int(Int32.max))
  }
}
