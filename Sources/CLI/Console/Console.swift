import Converter
import Core
import Options
import Page

/// Standard output for data, standard error for talk.
package final class Console {
  /// How much is said on standard error.
  package enum Level: Int, Sendable {
    case error, warn, info, debug
  }

  package enum ProgressKind: String, Sendable, CaseIterable {
    case auto, bar, plain, json, none
  }

  package enum Color: String, Sendable, CaseIterable {
    case auto, always, never
  }

  package let output: Stream
  package let errors: Stream
  package var level = Level.info
  package var progress = ProgressKind.auto
  package var color = Color.auto
  private let environment: Environment
  private var bar = ""

  package init(output: Stream, errors: Stream, environment: Environment) {
    self.output = output
    self.errors = errors
    self.environment = environment
  }

  /// Takes the options on talk; what is not given comes from the environment.
  package func configure(_ parsed: ParsedOptions) throws(ObverseError) {
    level = try environment.logLevel() ?? .info
    if parsed.has("verbose") { level = .debug }
    if parsed.has("quiet") { level = .error }
    progress = try parsed.choice("progress") ?? .auto
    color = try parsed.choice("color") ?? .auto
  }

  /// Writes one line of what was asked for.
  package func line(_ text: String) throws(ObverseError) {
    erase()
    try output.write(text.showingFileNameBytes + "\n")
  }

  /// Writes the name of a file on a line, byte for byte: what reads it opens that file.
  package func path(_ path: String) throws(ObverseError) {
    erase()
    try output.write(path.fileNameBytes + [UInt8(ascii: "\n")])
  }

  /// Writes bytes that were asked for.
  package func data(_ bytes: [UInt8]) throws(ObverseError) {
    erase()
    try output.write(bytes)
  }

  /// Says what was done.
  package func note(_ text: String) {
    if level.rawValue >= Level.info.rawValue, progress != .json { say(text.printable) }
  }

  /// Says what only the curious want to know.
  package func detail(_ text: String) {
    if level == .debug, progress != .json { say(text.printable) }
  }

  package func warn(_ text: String) {
    guard level.rawValue >= Level.warn.rawValue else { return }
    if progress == .json {
      event("warning", [("message", .text(text))])
    } else {
      say("\(Version.program): \(painted("warning:", "33")) \(text.printable)")
    }
  }

  /// Prints an error's sentence and its hint; nothing for a closed pipe, which is no news.
  package func report(_ error: ObverseError) {
    if case .closedPipe = error { return }
    if progress == .json {
      var members: [(String, JSON)] = [
        ("code", .text(error.word)), ("message", .text(error.description)),
      ]
      if let hint = hint(for: error) { members.append(("hint", .text(hint))) }
      event("error", members + [("exit", .integer(Int(error.exitCode)))])
      return
    }
    // Names in it may come from a file; none of them may speak to the terminal.
    say("\(Version.program): \(painted("error:", "31")) \("\(error)".printable)")
    if let hint = hint(for: error) { say("\(painted("hint:", "36")) \(hint.printable)") }
  }

  /// One JSON object on standard error, for `--progress json`.
  package func event(_ name: String, _ members: [(String, JSON)]) {
    try? errors.write(JSON.object([("event", .text(name))] + members).line + "\n")
  }

  /// A line on standard error, whatever the level.
  package func say(_ text: String) {
    erase()
    // Nobody is left to be told when standard error itself is gone.
    try? errors.write(text + "\n")
  }

  /// Whether a bar may be drawn.
  package var drawsBar: Bool {
    switch progress {
    case .bar: level != .error
    case .auto: level != .error && errors.isTerminal && environment["TERM"] != "dumb"
    default: false
    }
  }

  /// Draws `text` as the bar, in place of the one before.
  package func draw(bar text: String) {
    let columns = environment["COLUMNS"].flatMap { Int($0) } ?? errors.columns
    let cut = String(text.prefix(max(columns - 1, 1)))
    try? errors.write("\r" + Format.pad(cut, bar.count))
    bar = cut
  }

  /// Takes the bar away.
  package func erase() {
    guard !bar.isEmpty else { return }
    try? errors.write("\r" + String(repeating: " ", count: bar.count) + "\r")
    bar = ""
  }

  private func painted(_ text: String, _ code: String) -> String {
    let paints =
      switch color {
      case .always: true
      case .never: false
      case .auto:
        errors.isTerminal && environment["TERM"] != "dumb" && environment["NO_COLOR"] == nil
      }
    return paints ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
  }

  private func hint(for error: ObverseError) -> String? {
    if let hint = error.hint { return NextStep(rawValue: hint)?.hint ?? hint }
    if case .missing(let path) = error, !path.utf8.contains(UInt8(ascii: "/")),
      !path.utf8.contains(UInt8(ascii: "."))
    {
      return "'\(Version.program) info' lists the folders searched for a bare name"
    }
    return nil
  }
}

extension NextStep {
  /// The same with the options of `convert`.
  fileprivate var hint: String {
    switch self {
    case .giveWAverage: "--w-avg FILE.npy gives the one to take"
    case .takeTheAverage: "leave --key out to take the one that is the average by its name"
    }
  }
}
