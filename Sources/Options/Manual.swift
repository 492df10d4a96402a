import Core

/// Man pages in roff with the man macros, made from a program's tables.
public struct Manual {
  private let program: ProgramTable

  /// The man pages of a program.
  public init(_ program: ProgramTable) { self.program = program }

  /// The page of the whole program, with all its commands.
  public var page: String {
    var lines = title(program.name) + ["\(program.name) \\- \(escaped(program.purpose))"]
    lines.append(".SH SYNOPSIS")
    for table in program.commands { lines += synopsis(table) + [".br"] }
    lines += [".SH DESCRIPTION"] + program.description.map(escaped)
    for note in program.notes { lines += [".PP", escaped(note)] }
    lines.append(".SH COMMANDS")
    for table in program.commands {
      lines += [".SS \(table.call) \(escaped(table.usage))", escaped(table.purpose)]
      for note in table.notes { lines += [".PP", escaped(note)] }
      lines += ownOptions(table).flatMap(entry) + [".PP", "Examples:"] + examples(table)
    }
    return (lines + end).joined(separator: "\n")
  }

  /// The page of one command.
  public func page(of table: CommandTable) -> String {
    let name = "\(program.name)-\(table.name)"
    var lines = title(name)
    lines += ["\(escaped(name)) \\- \(escaped(table.purpose.asPhrase))", ".SH SYNOPSIS"]
    lines += synopsis(table) + [".SH DESCRIPTION", escaped(table.purpose)]
    for note in table.notes { lines += [".PP", escaped(note)] }
    if !ownOptions(table).isEmpty { lines.append(".SH OPTIONS") }
    for group in table.groups where group.title != program.common.title {
      lines += [".SS \(escaped(group.title))"] + group.options.flatMap(entry)
    }
    lines += [".SH EXAMPLES"] + examples(table) + end
    lines += [".SH SEE ALSO", ".BR \(escaped(program.name)) (1)"]
    return lines.joined(separator: "\n")
  }

  private func title(_ name: String) -> [String] {
    [
      ".TH \(escaped(name.uppercased())) 1 \"\" \"\(program.name) \(program.version)\" \"User Commands\"",
      ".SH NAME",
    ]
  }

  private func synopsis(_ table: CommandTable) -> [String] {
    [".B \(escaped(table.call))", escaped(table.usage)]
  }

  private func examples(_ table: CommandTable) -> [String] {
    [".PP", ".nf", ".RS"] + table.examples.map(escaped) + [".RE", ".fi"]
  }

  private func ownOptions(_ table: CommandTable) -> [Option] {
    table.groups.filter { $0.title != program.common.title }.flatMap(\.options)
  }

  /// What all commands share.
  private var end: [String] {
    var lines = [".SH COMMON OPTIONS", "Options may stand anywhere behind the command."]
    lines += program.common.options.flatMap(entry)
    lines += [
      ".PP", "A value follows its option as the next word or behind an equals sign; underscores",
      "in names read as hyphens; \\-\\- ends the options; of repeated options the last one counts.",
    ]
    if !program.environment.isEmpty { lines.append(".SH ENVIRONMENT") }
    for (name, meaning) in program.environment {
      lines += [".TP", ".B \(escaped(name))", escaped(meaning)]
    }
    lines.append(".SH EXIT STATUS")
    for (code, meaning) in program.exitCodes { lines += [".TP", ".B \(code)", escaped(meaning)] }
    return lines
  }

  private func entry(_ option: Option) -> [String] {
    let names =
      (option.short.map { "\\fB\\-\($0)\\fR, " } ?? "")
      + ([option.name] + option.aliases).map { "\\fB\\-\\-\(escaped($0))\\fR" }
      .joined(separator: ", ")
    let text = option.shown + (option.detail.map { ". " + $0 } ?? "")
    return [".TP", names + (option.value.map { " \\fI\($0)\\fR" } ?? ""), escaped(text)]
  }

  /// Text that roff takes for nothing else.
  private func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      default: result.append(character)
      }
    }
    return result.hasPrefix(".") || result.hasPrefix("'") ? "\\&" + result : result
  }
}

extension String {
  /// A sentence as the line of a man page's name: without its capital letter and its full stop.
  fileprivate var asPhrase: String {
    prefix(1).lowercased() + dropFirst(1).prefix(count - (hasSuffix(".") ? 2 : 1))
  }
}
