import Core

/// `obverse help`: the overview, a command's help, or the man page.
struct Help: Command {
  static let table = CommandTable(
    name: "help", purpose: "Explains the program, or one command.", usage: "[COMMAND] [--man]",
    examples: ["obverse help generate", "obverse help --man | man -l -"], operands: 0...1,
    groups: [
      OptionGroup(
        "what to print",
        [Option("man", nil, "write the man page, in roff")]),
      CommonOptions.talk,
    ], takes: .commands)

  private let text: String

  init(_ parsed: ParsedOptions, _ environment: Environment) throws(ObverseError) {
    if parsed.has("man") {
      text = Manual.page
      return
    }
    guard let name = parsed.operands.first else {
      text = HelpText.overview
      return
    }
    guard let table = Program.tables.first(where: { $0.name == name }) else {
      throw .usage(
        "unknown command '\(name)'",
        hint: Nearest.of(name, among: Program.tables.map(\.name)).map { "obverse help \($0)" }
          ?? "obverse help")
    }
    text = HelpText.short(table)
  }

  func run(_ console: Console) throws(ObverseError) { try console.line(text) }
}
