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

  private static func run(_ words: ArraySlice<String>) throws(ObverseError) {
    switch words.first {
    case nil, "help", "-h", "--help": line(help, to: 1)
    case "--version": line("obverse-train \(Version.number)", to: 1)
    case "teacher":
      let rest = words.dropFirst()
      if rest.contains("--help") || rest.contains("-h") { return line(help, to: 1) }
      try TeacherCommand.run(Options(rest, TeacherCommand.options))
    case let word?: throw .usage("unknown command '\(word)'", hint: "obverse-train help")
    }
  }

  private static var help: String {
    let rows = TeacherCommand.options.map { option in
      let words = "--\(option.name)" + (option.value.map { " \($0)" } ?? "")
      return "  \(words)\(String(repeating: " ", count: max(24 - words.count, 1)))\(option.help)"
    }
    return """
      usage: obverse-train teacher --data PATH --size N --out DIR [options]
             obverse-train teacher --resume DIR [--kimg N]

      Trains a StyleGAN2 generator on a folder or zip of pictures. The run's folder holds settings,
      log, state, snapshots for 'obverse convert', and sheets of faces.

      \(rows.joined(separator: "\n"))
      """
  }

  /// A line for people, on standard error.
  static func say(_ text: String) { line("obverse-train: \(text)", to: 2) }

  private static func line(_ text: String, to descriptor: Int32) {
    let bytes = Array((text + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
  }
}
