import Checkpoint
import ImageFile
import Obverse
import Page

/// Puts pictures where they were asked for, lists them, and keeps count of what became of them.
final class PictureWriter {
  private let console: Console
  private let destination: Destination
  /// Whether files that are there stay, as `--no-clobber` asks.
  private let keepsFiles: Bool
  private let isJSON: Bool
  /// Pictures that lie under their name.
  private(set) var finished = 0
  /// Files that were there and stay.
  private(set) var kept: [String] = []
  /// What the summary says of each picture; nothing where nobody asked for it.
  private(set) var records: [JSON] = []

  init(_ destination: Destination, keepsFiles: Bool, isJSON: Bool, _ console: Console) {
    self.destination = destination
    self.keepsFiles = keepsFiles
    self.isJSON = isJSON
    self.console = console
  }

  /// Whether a file is there and stays; counts it.
  func keeps(_ path: String) -> Bool {
    guard path != "-", keepsFiles, Path.exists(path) else { return false }
    kept.append(path)
    return true
  }

  /// Writes a whole file, or to standard output.
  func write(_ file: [UInt8], to path: String) throws(ObverseError) {
    guard path != "-" else { return try console.data(file) }
    try Path.makeFolder(Path.folder(path))
    try OutputFile.write(file, to: path)
    try list(path)
  }

  /// Begins the one file of all pictures.
  func stream() throws(ObverseError) -> ImageStream { try ImageStream(destination.file, console) }

  /// Names the file of a stream that is finished.
  func listStream() throws(ObverseError) {
    if let path = destination.file { try list(path) }
  }

  /// Counts pictures that lie under their name now.
  func finish(_ count: Int) { finished += count }

  /// Keeps what the summary says of a picture.
  ///
  /// - Throws: `resources`, by the thousand: a record and its part of the summary take less than 4 KiB.
  func record(_ members: @autoclosure () -> [(String, JSON)]) throws(ObverseError) {
    guard isJSON else { return }
    if records.count.isMultiple(of: 1024) {
      try Memory.expectRoom(for: (records.count + 1024) << 12)
    }
    records.append(.object(members()))
  }

  /// Runs `draw`, takes the bar away, and says after Ctrl-C how far it came: so many `nouns`.
  func run(
    _ progress: Progress, of total: Int?, _ nouns: String, _ draw: () throws(ObverseError) -> Void
  ) throws(ObverseError) {
    do throws(ObverseError) {
      try draw()
      progress.end()
    } catch {
      progress.end()
      if case .cancelled = error {
        let total = total.map { " of \($0)" } ?? ""
        console.note("\(finished)\(total) \(nouns) were finished")
      }
      throw error
    }
  }

  /// Ends a run: the summary where it was asked for, then the talk, of files that stayed first.
  func conclude(_ summary: @autoclosure () -> JSON, _ total: String) throws(ObverseError) {
    if isJSON { try console.line(summary().line) }
    if !kept.isEmpty {
      let was = kept.count == 1 ? "it was" : "they were"
      console.note("\(Format.count(kept.count, "file")) kept as \(was)")
    }
    console.note(total)
  }

  /// Lists a file that was written.
  private func list(_ path: String) throws(ObverseError) {
    if !isJSON, !destination.isStandardOutput { try console.path(path) }
  }
}

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
