import Core

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

/// A command that a program lists: its name is known before its table is made.
public protocol ListedCommand: SendableMetatype {
  static var name: String { get }
  static var table: CommandTable { get }
}

/// A program as a value: its commands, and what its helps, man pages and completions say of it.
public struct ProgramTable: Sendable {
  /// The word that calls it, such as `obverse`.
  public let name: String
  public let version: String
  /// What the first line of help says behind the title and the version.
  public let does: String
  /// The name that this line begins with.
  public let title: String
  /// The line of the man page's name, a phrase.
  public let purpose: String
  /// The man page's description, a line each.
  public let description: [String]
  /// Paragraphs for `--help-all` and the man page.
  public let notes: [String]
  /// Commands that can be pasted.
  public let examples: [String]
  private let own: [any ListedCommand.Type]
  /// What every command takes.
  public let common: OptionGroup
  /// Variables that it listens to.
  public let environment: [(name: String, meaning: String)]
  public let exitCodes: [(code: Int, meaning: String)]

  /// A program of some commands, to which `completion` and `help` are added; `ownExitCodes` are those
  /// beside `ObverseError`'s usual ones.
  public init(
    name: String, title: String, version: String, does: String, purpose: String,
    description: [String], notes: [String] = [], examples: [String],
    commands: [any ListedCommand.Type],
    common: OptionGroup, environment: [(name: String, meaning: String)],
    ownExitCodes: [(code: Int, meaning: String)] = []
  ) {
    self.name = name
    self.title = title
    self.version = version
    self.does = does
    self.purpose = purpose
    self.description = description
    self.notes = notes
    self.examples = examples
    self.common = common
    self.environment = environment
    exitCodes = (Self.usualExitCodes + ownExitCodes).sorted { $0.code < $1.code }
    own = commands
  }

  /// Names of all commands; `completion` and `help` are the last.
  public var names: [String] { own.map { $0.name } + ["completion", "help"] }

  /// All commands, with what they have in common.
  public var commands: [CommandTable] { names.compactMap(command) }

  /// The command of a name; no other one's table is made.
  public func command(_ name: String) -> CommandTable? {
    var table: CommandTable
    switch name {
    case "completion": table = Shell.table(self.name)
    case "help": table = Self.help(self.name, example: names[0])
    default:
      guard let command = own.first(where: { $0.name == name }) else { return nil }
      table = command.table
    }
    table.program = self.name
    table.groups.append(common)
    return table
  }

  /// What `ObverseError.exitCode` means.
  private static let usualExitCodes = [
    (0, "done"),
    (64, "usage: a bad option or value"),
    (65, "an input file is malformed, unsupported or refused"),
    (66, "an input file is missing or unreadable"),
    (70, "a bug of ours"),
    (71, "out of memory or threads"),
    (73, "the output cannot be created"),
    (74, "read or write error, disk full"),
    (130, "interrupted"),
  ]

  /// What some words ask for.
  public enum Request {
    /// Text for standard output.
    case answer(String)
    /// A command's name, and its words.
    case command(String, ParsedOptions)
  }

  /// Understands a command line, the program's own name not among `words`.
  ///
  /// Operands are not counted yet: `checkOperands` does so.
  ///
  /// - Throws: `usage`.
  public func request(_ words: [String]) throws(ObverseError) -> Request {
    guard let first = words.first else { return .answer(HelpText(self).brief) }
    switch first {
    case "-h", "--help": return .answer(HelpText(self).overview)
    case "--help-all": return .answer(HelpText(self).overviewOfAll)
    case "--version": return .answer("\(name) \(version)")
    default: break
    }
    guard let table = command(first) else {
      if first.hasPrefix("-") {
        throw .usage(
          "options come after a command, as in '\(name) \(names[0]) \(first)'",
          hint: "\(name) help")
      }
      throw unknown(first) { "did you mean '\($0)'?" }
    }
    let parsed = try ParsedOptions(Array(words.dropFirst()), for: table)
    if parsed.has("help") { return .answer(HelpText(self).short(table)) }
    if parsed.has("help-all") { return .answer(HelpText(self).full(table)) }
    if parsed.has("version") { return .answer("\(name) \(version)") }
    return .command(first, parsed)
  }

  /// What `help` and `completion` print; nil for commands that are the program's own.
  ///
  /// - Throws: `usage`.
  public func answer(_ command: String, _ parsed: ParsedOptions) throws(ObverseError) -> String? {
    switch command {
    case "completion": try Shell(parsed.operands.first ?? "", of: name).script(for: self)
    case "help": try help(parsed)
    default: nil
    }
  }

  private static func help(_ program: String, example: String) -> CommandTable {
    CommandTable(
      name: "help", purpose: "Explains the program, or one command.", usage: "[COMMAND] [--man]",
      examples: ["\(program) help \(example)", "\(program) help --man | man -l -"], operands: 0...1,
      groups: [
        OptionGroup("what to print", [Option("man", nil, "write the man page, in roff")])
      ], takes: .commands)
  }

  private func help(_ parsed: ParsedOptions) throws(ObverseError) -> String {
    let isManual = parsed.has("man")
    guard let first = parsed.operands.first else {
      return isManual ? Manual(self).page : HelpText(self).overview
    }
    guard let table = command(first) else {
      throw unknown(first) { "\(name) help \($0)" }
    }
    return isManual ? Manual(self).page(of: table) : HelpText(self).short(table)
  }

  /// The error of a word that is no command; `hint` makes one of the nearest that is.
  private func unknown(_ word: String, hint: (String) -> String) -> ObverseError {
    .usage(
      "unknown command '\(word)'",
      hint: Nearest.of(word, among: names).map(hint) ?? "\(name) help")
  }
}
