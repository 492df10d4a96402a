import Core
import Glibc
import Options

/// The variables that the program listens to.
package struct Environment: Sendable {
  /// Name and meaning, as `--help-all` and the man page list them.
  package static let variables: [(name: String, meaning: String)] = [
    ("OBVERSE_MODEL", "the default model, else 'faces', else 'avatars'"),
    ("OBVERSE_MODEL_PATH", "folders searched for a bare model name, with colons between"),
    ("OBVERSE_THREADS", "worker threads where --threads is not given"),
    ("OBVERSE_ISA", "baseline, avx2, avx512 or neon; one this processor lacks is an error"),
    ("OBVERSE_LOG", "error, warn, info or debug"),
    ("XDG_DATA_HOME", "its folder 'obverse' is searched for models too"),
    ("NO_COLOR, TERM, COLUMNS", "as usual"),
  ]

  private let values: [String: String]
  /// The folder that the program's file is in.
  package let binaryFolder: String?

  package init(_ values: [String: String], binaryFolder: String? = nil) {
    self.values = values
    self.binaryFolder = binaryFolder
  }

  /// The environment of this process, which is the program that the system found at `path`.
  package static func process(path: String?) -> Environment {
    var values: [String: String] = [:]
    let names = variables.flatMap { $0.name.split(separator: ", ").map(String.init) }
    for name in names + ["HOME"] {
      if let value = unsafe getenv(name) { values[name] = unsafe String(fileName: value) }
    }
    // Where there is no /proc, that path is still as good as the folder has not been left.
    let path = Path.resolved("/proc/self/exe") ?? path.flatMap { Path.resolved($0) }
    return Environment(values, binaryFolder: path.map { Path.folder($0) })
  }

  /// The value of a variable that is set and not empty.
  package subscript(name: String) -> String? {
    values[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  package func logLevel() throws(ObverseError) -> Console.Level? {
    switch self["OBVERSE_LOG"] {
    case nil: nil
    case "error": .error
    case "warn": .warn
    case "info": .info
    case "debug": .debug
    case .some(let other):
      throw .usage("OBVERSE_LOG is one of error, warn, info, debug, not '\(other)'", hint: nil)
    }
  }

  /// Most threads that anyone may ask for.
  package static let threadLimit = 1024

  /// Worker threads from the option, else from `OBVERSE_THREADS`, else 0 for automatic.
  package func threads(_ parsed: ParsedOptions) throws(ObverseError) -> Int {
    if let given = try parsed.integer("threads", in: 0...Self.threadLimit) { return given }
    return try threads() ?? 0
  }

  /// Worker threads from `OBVERSE_THREADS`; nil where it is silent.
  func threads() throws(ObverseError) -> Int? {
    guard let text = self["OBVERSE_THREADS"] else { return nil }
    guard let threads = Int(text), (0...Self.threadLimit).contains(threads) else {
      throw .usage(
        "OBVERSE_THREADS needs a whole number from 0 to \(Self.threadLimit), not '\(text)'",
        hint: nil)
    }
    return threads
  }

  /// Bare names, first to last, of what is drawn with where nobody names a model: some who install this
  /// have no use for faces that are for research only.
  private static let presets = ["faces", "avatars"]

  /// The model where no option names one: of `OBVERSE_MODEL`, else the first of the presets that is there.
  func modelName() -> String {
    self["OBVERSE_MODEL"] ?? Self.presets.first { installed($0) != nil } ?? Self.presets[0]
  }

  /// Folders searched for a bare model name, first to last; never the working folder, which may be
  /// anybody's.
  package var modelFolders: [String] {
    var folders = (self["OBVERSE_MODEL_PATH"] ?? "").split(separator: ":").map(String.init)
    if let data = self["XDG_DATA_HOME"] ?? self["HOME"].map({ $0 + "/.local/share" }) {
      folders.append(data + "/obverse")
    }
    if let binaryFolder {
      folders.append(Path.folder(binaryFolder) + "/share/obverse")
      if let clone = Self.clone(of: binaryFolder) { folders.append(clone + "/Models") }
    }
    return folders
  }

  /// The clone that a program was built in: what holds the `.build` above its folder.
  private static func clone(of folder: String) -> String? {
    var folder = folder
    while Path.name(folder) != ".build" {
      let above = Path.folder(folder)
      guard above != folder, above != "." else { return nil }
      folder = above
    }
    return Path.folder(folder)
  }

  /// The file of a bare name in `modelFolders`: NAME or NAME.obv.
  private func installed(_ name: String) -> String? {
    for folder in modelFolders {
      for candidate in ["\(folder)/\(name)", "\(folder)/\(name).obv"] where Path.isFile(candidate) {
        return candidate
      }
    }
    return nil
  }

  /// The file of the model that was asked for by name, or of the default one where none was: the
  /// file of that name where somebody named one, else the one that is installed.
  ///
  /// - Throws: `missing`.
  package func modelPath(_ given: String?) throws(ObverseError) -> String {
    let given = given ?? self["OBVERSE_MODEL"]
    let name = given ?? modelName()
    let isPath = name.utf8.contains(UInt8(ascii: "/"))
    if given != nil, isPath || Path.isFile(name) { return name }
    if let path = installed(name) { return path }
    // What is there and is no file, such as a folder, gets its own sentence when it is opened.
    if given != nil, Path.exists(name) { return name }
    throw .missing(path: name)
  }

  /// The same for whoever draws, which no folder can be used for: `inspect` reads checkpoints' folders.
  ///
  /// - Throws: `missing`; `unsupported` for folders.
  package func modelFile(_ given: String?) throws(ObverseError) -> String {
    let path = try modelPath(given)
    guard Path.isFolder(path) else { return path }
    throw .unsupported(
      what: "'\(path)'", why: "it is a folder, and a model is one file that is made of it",
      hint: "obverse convert \(path) -o face.obv")
  }
}
