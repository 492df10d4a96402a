import Core

/// Where pictures go: into files of their own, or one after the other into one.
enum Destination: Sendable {
  /// `seed0085.png` and so on in a folder.
  case folder
  /// A file for each number.
  case pattern(Pattern)
  /// One file for everything.
  case file(String)
  case standardOutput

  /// What `-o` names: `-`, a pattern with a number, or a file.
  init(_ path: String) throws(ObverseError) {
    let pattern = try Pattern(path)
    self =
      path == "-" ? .standardOutput : pattern.hasNumber ? .pattern(pattern) : .file(pattern.name(0))
  }

  var isStandardOutput: Bool {
    if case .standardOutput = self { true } else { false }
  }

  /// The one file of everything, where that has a name.
  var file: String? {
    if case .file(let path) = self { path } else { nil }
  }

  /// Whether all pictures share one file or standard output.
  var isOneFile: Bool {
    switch self {
    case .file, .standardOutput: true
    case .folder, .pattern: false
    }
  }
}
