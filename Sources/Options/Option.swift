import Core

/// One option of a command: the line that parsing, both helps and the man page are made from.
public struct Option: Sendable {
  /// Without the two hyphens, such as `trunc-cutoff`.
  public let name: String
  public let short: Character?
  /// What the value is called in help, such as `PSI`; nil for a flag, `FILE ...` for many values.
  public let value: String?
  public let meaning: String
  /// The default, as help shows it.
  public let preset: String?
  /// Other long names that mean the same.
  public let aliases: [String]
  /// Whether only `--help-all` and the man page show it.
  public let isRare: Bool
  /// More words for the man page.
  public let detail: String?
  /// What a shell completes the value with.
  public let takes: Completed

  public init(
    _ name: String, _ value: String? = nil, _ meaning: String, preset: String? = nil,
    short: Character? = nil, aliases: [String] = [], rare: Bool = false, detail: String? = nil,
    takes: Completed? = nil
  ) {
    self.name = name
    self.short = short
    self.value = value
    self.meaning = meaning
    self.preset = preset
    self.aliases = aliases
    isRare = rare
    self.detail = detail
    self.takes = takes ?? Completed(value: value)
  }

  /// The same option with other words about it.
  public func meant(_ meaning: String) -> Option {
    Option(
      name, value, meaning, preset: preset, short: short, aliases: aliases, rare: isRare,
      detail: detail, takes: takes)
  }

  /// Whether all words up to the next option are its values.
  public var takesMany: Bool { value?.hasSuffix(" ...") ?? false }

  /// `-m`, `--model`, `--network`.
  public var spellings: [String] {
    (short.map { ["-\($0)"] } ?? []) + ([name] + aliases).map { "--\($0)" }
  }

  /// The meaning with the default, as help shows it.
  var shown: String { meaning + (preset.map { " [\($0)]" } ?? "") }

  /// `-m, --model FILE`, as help shows it.
  public var spelling: String {
    (short.map { "-\($0), " } ?? "    ") + "--\(name)" + (value.map { " \($0)" } ?? "")
  }
}

extension Option {
  /// What every command of every program takes.
  public static let standing = [
    Option("help", nil, "a short help", short: "h", rare: true),
    Option("help-all", nil, "every option, environment and exit codes", rare: true),
    Option("version", nil, "the version", rare: true),
  ]
}

/// What a shell may put where a word is missing.
public enum Completed: Sendable, Equatable {
  /// Nothing that could be guessed.
  case nothing
  case words([String])
  /// Files whose names end in one of these, without the dot; any files where there are none.
  case files([String])
  case folders
  /// The names of our commands.
  case commands

  /// What the word for a value in help says of itself.
  init(value: String?) {
    switch value {
    case "FILE", "FILE ...": self = .files([])
    case "DIR": self = .folders
    default: self = .nothing
    }
  }

  /// The words of an enumeration.
  public static func choices<T: RawRepresentable<String> & CaseIterable>(_: T.Type) -> Completed {
    .words(T.allCases.map(\.rawValue))
  }
}

/// Options under one heading of the help.
public struct OptionGroup: Sendable {
  public let title: String
  public let options: [Option]

  public init(_ title: String, _ options: [Option]) {
    self.title = title
    self.options = options
  }
}
