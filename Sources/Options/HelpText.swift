import Core

/// Help as text of 80 columns, made from a program's tables.
public struct HelpText {
  private let program: ProgramTable

  /// The help of a program.
  public init(_ program: ProgramTable) { self.program = program }

  private static let columns = 80
  /// Where the words about an option start.
  private static let indent = 26

  /// What the program prints without any words: twelve lines or so, the commands' names in one.
  public var brief: String {
    let names = program.names.joined(separator: " ")
    let head = "COMMANDS  "
    return outline(
      Self.wrap(names, Self.columns - head.count).enumerated().map { i, line in
        (i == 0 ? head : Self.pad("", head.count)) + line
      })
  }

  /// The same with a line for each command.
  public var overview: String {
    let width = 4 + (program.names.map(\.count).max() ?? 0)
    let lines = program.commands.flatMap { table in
      Self.wrap(table.purpose, Self.columns - width).enumerated().map { i, line in
        Self.pad(i == 0 ? "  " + table.name : "", width) + line
      }
    }
    return outline(["COMMANDS"] + lines)
  }

  private func outline(_ commands: [String]) -> String {
    var lines = Self.wrap(
      "\(program.title) \(program.version) \(program.does)", Self.columns)
    lines += ["", "USAGE  \(program.name) COMMAND [OPTIONS]", "", "EXAMPLES"]
    lines += examples(program.examples) + [""] + commands
    let more = Self.wrap(
      "See '\(program.name) COMMAND --help', '\(program.name) --help-all' and"
        + " '\(program.name) help --man'.", Self.columns)
    return (lines + [""] + more).joined(separator: "\n")
  }

  /// The overview with the environment and the exit codes.
  public var overviewOfAll: String {
    ([overview, ""] + notes + surroundings).joined(separator: "\n")
  }

  /// At most 25 lines: purpose, usage, examples, the usual options.
  public func short(_ table: CommandTable) -> String {
    let groups = table.groups.compactMap { group -> OptionGroup? in
      let usual = group.options.filter { !$0.isRare }
      return usual.isEmpty ? nil : OptionGroup(group.title, usual)
    }
    return text(table, groups) + "\n\nAll options: --help-all. See '\(program.name) help --man'."
  }

  /// Every option, the environment and the exit codes.
  public func full(_ table: CommandTable) -> String {
    text(table, table.groups) + "\n\n" + surroundings.joined(separator: "\n")
      + "\n\nSee '\(program.name) help --man'."
  }

  private func text(_ table: CommandTable, _ groups: [OptionGroup]) -> String {
    var lines = [table.purpose, ""] + usage(table) + ["", "EXAMPLES"]
    lines += examples(table.examples)
    if !groups.isEmpty { lines.append("") }
    for group in groups {
      lines.append("OPTIONS (\(group.title))")
      for option in group.options { lines += self.lines(of: option) }
    }
    return lines.joined(separator: "\n")
  }

  /// Examples that can be pasted; a long one goes on behind a backslash.
  private func examples(_ examples: [String]) -> [String] {
    examples.flatMap { example in
      let fits = example.count <= Self.columns - 2
      let wrapped = fits ? [example] : Self.wrap(example, Self.columns - 8)
      return wrapped.enumerated().map { i, line in
        (i == 0 ? "  " : "      ") + line + (i == wrapped.count - 1 ? "" : " \\")
      }
    }
  }

  /// What follows the command's name goes on below itself where it is long.
  private func usage(_ table: CommandTable) -> [String] {
    let head = "USAGE  \(table.call) "
    let wrapped = Self.wrap(table.usage, Self.columns - head.count)
    return wrapped.enumerated().map { i, line in (i == 0 ? head : Self.pad("", head.count)) + line }
  }

  private func lines(of option: Option) -> [String] {
    var wrapped = Self.wrap(option.shown, Self.columns - Self.indent)
    let head = "  " + option.spelling
    var lines: [String] = []
    if head.count <= Self.indent - 2 {
      lines.append(Self.pad(head, Self.indent) + wrapped.removeFirst())
    } else {
      lines.append(head)
    }
    return lines + wrapped.map { Self.pad("", Self.indent) + $0 }
  }

  private var notes: [String] {
    program.notes.flatMap { Self.wrap($0, Self.columns) + [""] }
  }

  private var surroundings: [String] {
    var lines: [String] = []
    if !program.environment.isEmpty { lines.append("ENVIRONMENT") }
    for (name, meaning) in program.environment {
      for (i, line) in Self.wrap(meaning, Self.columns - Self.indent).enumerated() {
        lines.append("  " + Self.pad(i == 0 ? name : "", Self.indent - 2) + line)
      }
    }
    if !lines.isEmpty { lines.append("") }
    lines.append("EXIT CODES")
    for (code, meaning) in program.exitCodes {
      lines.append("  " + Self.pad("\(code)", 5) + meaning)
    }
    return lines
  }

  /// Breaks text at spaces.
  public static func wrap(_ text: String, _ width: Int) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ") {
      let last = lines[lines.count - 1]
      if last.isEmpty {
        lines[lines.count - 1] = String(word)
      } else if last.count + 1 + word.count <= width {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }

  private static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(width - text.count, 0))
  }
}
