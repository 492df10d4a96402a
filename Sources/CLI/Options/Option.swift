/// One option of a command: the line that parsing, both helps and the man page are made from.
package struct Option: Sendable {
  /// Without the two hyphens, such as `trunc-cutoff`.
  package let name: String
  package let short: Character?
  /// What the value is called in help, such as `PSI`; nil for a flag.
  package let value: String?
  package let meaning: String
  /// The default, as help shows it.
  package let preset: String?
  /// Other long names that mean the same.
  package let aliases: [String]
  /// Whether only `--help-all` and the man page show it.
  package let isRare: Bool
  /// More words for the man page.
  package let detail: String?
  /// What a shell completes the value with.
  package let takes: Completed

  package init(
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

  /// `-m, --model FILE`, as help shows it.
  package var spelling: String {
    (short.map { "-\($0), " } ?? "    ") + "--\(name)" + (value.map { " \($0)" } ?? "")
  }
}

/// What a shell may put where a word is missing.
package enum Completed: Sendable, Equatable {
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
    case "FILE": self = .files([])
    case "DIR": self = .folders
    default: self = .nothing
    }
  }

  /// The words of an enumeration.
  static func choices<T: RawRepresentable<String> & CaseIterable>(_: T.Type) -> Completed {
    .words(T.allCases.map(\.rawValue))
  }
}

/// Options under one heading of the help.
package struct OptionGroup: Sendable {
  package let title: String
  package let options: [Option]

  package init(_ title: String, _ options: [Option]) {
    self.title = title
    self.options = options
  }
}

/// What a command is called, what it takes and how its help reads.
package struct CommandTable: Sendable {
  package let name: String
  /// One line, a sentence.
  package let purpose: String
  /// What follows the name in the line under USAGE.
  package let usage: String
  /// Two commands that can be pasted.
  package let examples: [String]
  /// How many words beside options it takes.
  package let operands: ClosedRange<Int>
  package let groups: [OptionGroup]
  /// Paragraphs for the man page.
  package let notes: [String]
  /// What a shell completes words beside options with.
  package let takes: Completed

  package init(
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

  package var options: [Option] { groups.flatMap(\.options) }

  /// The option with this long name or alias.
  package func option(named name: String) -> Option? {
    options.first { $0.name == name || $0.aliases.contains(name) }
  }
}

/// Options that many commands share.
enum CommonOptions {
  static let model = Option(
    "model", "FILE", "model file, or the bare name of one", preset: "faces", short: "m",
    aliases: ["network"],
    detail: "A bare name is searched for in the folders that 'obverse info' lists.",
    takes: .files(["obv"]))
  static let threads = Option(
    "threads", "N", "worker threads; 0 takes the physical cores", preset: "0", short: "t")
  static let json = Option("json", nil, "one JSON object on standard output", rare: true)

  /// What every command takes.
  static let talk = OptionGroup(
    "talk",
    [
      Option("quiet", nil, "print errors only", short: "q", rare: true),
      Option("verbose", nil, "say more on standard error", short: "v", rare: true),
      Option(
        "progress", "KIND", "auto, bar, plain, json or none", preset: "auto", rare: true,
        detail:
          "json writes events to standard error, one object a line, errors and warnings included.",
        takes: .choices(Console.ProgressKind.self)),
      Option(
        "color", "WHEN", "auto, always or never", preset: "auto", aliases: ["colour"], rare: true,
        takes: .choices(Console.Color.self)),
      Option("help", nil, "a short help", short: "h", rare: true),
      Option("help-all", nil, "every option, environment and exit codes", rare: true),
      Option("version", nil, "the version", rare: true),
    ])
}
