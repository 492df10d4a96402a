import Core

/// The man page obverse(1), made from the commands' tables.
package enum Manual {
  /// Roff with the man macros.
  package static var page: String {
    var lines = [
      ".TH OBVERSE 1 \"\" \"\(Version.program) \(Version.number)\" \"User Commands\"",
      ".SH NAME", "obverse \\- draw faces with compressed StyleGAN2 generators",
      ".SH SYNOPSIS",
    ]
    for table in Program.tables {
      lines += [".B obverse \(table.name)", escaped(table.usage), ".br"]
    }
    lines += [
      ".SH DESCRIPTION",
      "Draws images with StyleGAN2 generators, compressed or not, on the processor alone.",
      "Standard output carries what was asked for, standard error carries talk.",
      "The program opens no network connection, and runs no code of the files it reads.",
      ".SH COMMANDS",
    ]
    for table in Program.tables {
      lines += [".SS obverse \(table.name) \(escaped(table.usage))", escaped(table.purpose)]
      for note in table.notes { lines += [".PP", escaped(note)] }
      for option in table.groups.filter({ $0.title != "talk" }).flatMap(\.options) {
        lines += entry(option)
      }
      lines += [".PP", "Examples:", ".PP", ".nf", ".RS"]
      lines += table.examples.map(escaped) + [".RE", ".fi"]
    }
    lines += [".SH COMMON OPTIONS", "Options may stand anywhere behind the command."]
    for option in CommonOptions.talk.options { lines += entry(option) }
    lines += [
      ".PP", "A value follows its option as the next word or behind an equals sign; underscores",
      "in names read as hyphens; \\-\\- ends the options; of repeated options the last one counts.",
      ".SH ENVIRONMENT",
    ]
    for (name, meaning) in Environment.variables {
      lines += [".TP", ".B \(escaped(name))", escaped(meaning)]
    }
    lines.append(".SH EXIT STATUS")
    for (code, meaning) in ExitCodes.all { lines += [".TP", ".B \(code)", escaped(meaning)] }
    return lines.joined(separator: "\n")
  }

  private static func entry(_ option: Option) -> [String] {
    let names =
      (option.short.map { "\\fB\\-\($0)\\fR, " } ?? "")
      + ([option.name] + option.aliases).map { "\\fB\\-\\-\(escaped($0))\\fR" }
      .joined(separator: ", ")
    var text = option.meaning + (option.preset.map { " [\($0)]" } ?? "")
    if let detail = option.detail { text += ". " + detail }
    return [".TP", names + (option.value.map { " \\fI\($0)\\fR" } ?? ""), escaped(text)]
  }

  /// Text that roff takes for nothing else.
  private static func escaped(_ text: String) -> String {
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
