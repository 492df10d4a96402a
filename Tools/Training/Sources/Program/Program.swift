import Core
import Glibc

/// The program `obverse-train`.
@main
enum Program {
  static func main() {
    let words = CommandLine.arguments.dropFirst()
    do throws(ObverseError) {
      try run(words)
    } catch {
      say("error: \(error)")
      if let hint = error.hint { line("hint: \(hint)", to: 2) }
      exit(error.exitCode)
    }
  }

  /// In the order of a student's life.
  private static var commands: [any Command.Type] {
    [
      PicturesCommand.self, TeacherCommand.self, CutCommand.self, PruneCommand.self,
      MomentsCommand.self, DistilCommand.self, JudgeCommand.self, EvaluateCommand.self,
      NeighboursCommand.self, ReportCommand.self, SelfTestCommand.self,
    ]
  }

  private static func run(_ words: ArraySlice<String>) throws(ObverseError) {
    guard let word = words.first else { return line(help, to: 1) }
    let rest = words.dropFirst()
    switch word {
    case "help", "-h", "--help":
      guard let name = rest.first else { return line(help, to: 1) }
      line(try command(name).help, to: 1)
    case "--version": line("obverse-train \(Version.number)", to: 1)
    default:
      let command = try command(word)
      if rest.contains("--help") || rest.contains("-h") { return line(command.help, to: 1) }
      try command.run(Options(rest, command.options, takesWords: command.takesWords))
    }
  }

  private static func command(_ name: String) throws(ObverseError) -> any Command.Type {
    guard let command = commands.first(where: { $0.name == name }) else {
      throw .usage("unknown command '\(name)'", hint: "obverse-train help")
    }
    return command
  }

  private static var help: String {
    let rows = commands.map { command in
      "  \(command.name)\(String(repeating: " ", count: 10 - command.name.count))\(command.summary)"
    }
    return """
      usage: obverse-train COMMAND [options]

      \(rows.joined(separator: "\n"))

      obverse-train help COMMAND lists a command's options.
      """
  }

  /// A line for people, on standard error.
  static func say(_ text: String) { line("obverse-train: \(text)", to: 2) }

  /// What a script asked for, on standard output.
  static func answer(_ text: String) { line(text, to: 1) }

  private static func line(_ text: String, to descriptor: Int32) {
    let bytes = Array((text + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
  }
}
