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

/// What a command is called, what it takes and how its help reads.
public struct CommandTable: Sendable {
  /// The program that it belongs to, once it does.
  internal(set) public var program = ""
  public let name: String
  /// One line, a sentence.
  public let purpose: String
  /// What follows the name in the line under USAGE.
  public let usage: String
  /// Commands that can be pasted.
  public let examples: [String]
  /// How many words beside options it takes.
  public let operands: ClosedRange<Int>
  internal(set) public var groups: [OptionGroup]
  /// Paragraphs for the man page.
  public let notes: [String]
  /// What a shell completes words beside options with.
  public let takes: Completed

  public init(
    name: String, purpose: String, usage: String, examples: [String], operands: ClosedRange<Int>,
    groups: [OptionGroup], notes: [String] = [], takes: Completed = .nothing
  ) {
    self.name = name
    self.purpose = purpose
    self.usage = usage
    self.examples = examples
    self.operands = operands
    self.groups = groups
    self.notes = notes
    self.takes = takes
  }

  /// The command as it is called: `obverse generate`.
  public var call: String { "\(program) \(name)" }

  public var options: [Option] { groups.flatMap(\.options) }

  /// The option with this long name or alias.
  public func option(named name: String) -> Option? {
    options.first { $0.name == name || $0.aliases.contains(name) }
  }
}
