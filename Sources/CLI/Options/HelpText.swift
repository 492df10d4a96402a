import Core
import Page

/// Help as text of 80 columns, made from the commands' tables.
package enum HelpText {
  static let columns = 80
  /// Where the words about an option start.
  private static let indent = 26

  /// What `obverse` alone prints.
  package static var overview: String {
    """
    \(Version.name) \(Version.number) draws faces with compressed StyleGAN2 generators on the CPU.

    USAGE  \(Version.program) COMMAND [OPTIONS]

    EXAMPLES
      obverse generate --seeds 0-7 --trunc 0.7 --grid 4x2
      obverse convert my-network.pkl -o mine.obv
      obverse inspect mine.obv

    COMMANDS  \(Program.tables.map(\.name).joined(separator: " "))

    See 'obverse COMMAND --help', 'obverse --help-all' and 'obverse help --man'.
    """
  }

  /// The overview with a line a command, the environment and the exit codes.
  package static var overviewOfAll: String {
    var lines = [overview, "", "COMMANDS"]
    for table in Program.tables {
      lines.append("  " + Format.pad(table.name, 10) + table.purpose)
    }
    return (lines + [""] + surroundings).joined(separator: "\n")
  }

  /// At most 25 lines: purpose, usage, two examples, the usual options.
  package static func short(_ table: CommandTable) -> String {
    let groups = table.groups.compactMap { group -> OptionGroup? in
      let usual = group.options.filter { !$0.isRare }
      return usual.isEmpty ? nil : OptionGroup(group.title, usual)
    }
    return text(table, groups) + "\n\nAll options: --help-all. See 'obverse help --man'."
  }

  /// Every option, the environment and the exit codes.
  package static func full(_ table: CommandTable) -> String {
    text(table, table.groups) + "\n\n" + surroundings.joined(separator: "\n")
      + "\n\nSee 'obverse help --man'."
  }

  private static func text(_ table: CommandTable, _ groups: [OptionGroup]) -> String {
    var lines = [table.purpose, "", "USAGE  obverse \(table.name) \(table.usage)", "", "EXAMPLES"]
    lines += table.examples.map { "  \($0)" }
    if !groups.isEmpty { lines.append("") }
    for group in groups {
      lines.append("OPTIONS (\(group.title))")
      for option in group.options { lines += self.lines(of: option) }
    }
    return lines.joined(separator: "\n")
  }

  private static func lines(of option: Option) -> [String] {
    let meaning = option.meaning + (option.preset.map { " [\($0)]" } ?? "")
    var wrapped = wrap(meaning, columns - indent)
    let head = "  " + option.spelling
    var lines: [String] = []
    if head.count <= indent - 2 {
      lines.append(Format.pad(head, indent) + wrapped.removeFirst())
    } else {
      lines.append(head)
    }
    return lines + wrapped.map { String(repeating: " ", count: indent) + $0 }
  }

  private static var surroundings: [String] {
    var lines = ["ENVIRONMENT"]
    for (name, meaning) in Environment.variables {
      let wrapped = wrap(meaning, columns - indent)
      for (i, line) in wrapped.enumerated() {
        lines.append("  " + Format.pad(i == 0 ? name : "", indent - 2) + line)
      }
    }
    lines += ["", "EXIT CODES"]
    for (code, meaning) in ExitCodes.all {
      lines.append("  " + Format.pad("\(code)", 5) + meaning)
    }
    return lines
  }

  /// Breaks text at spaces.
  package static func wrap(_ text: String, _ width: Int) -> [String] {
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
}

/// What the exit codes mean; the codes themselves belong to `ObverseError`.
enum ExitCodes {
  static let all: [(code: Int, meaning: String)] = [
    (0, "done"),
    (1, "a limit of 'compare' was passed"),
    (64, "usage: a bad option or value"),
    (65, "an input file is malformed, unsupported or refused"),
    (66, "an input file is missing or unreadable"),
    (70, "a bug of ours"),
    (71, "out of memory or threads"),
    (73, "the output cannot be created"),
    (74, "read or write error, disk full"),
    (130, "interrupted"),
    (141, "standard output was closed by its reader"),
  ]
}
