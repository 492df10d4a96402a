import Converter
import Core
import Glibc
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

/// Where lines go: a file descriptor, or memory that a test reads.
package final class Stream {
  private let descriptor: Int32?
  /// What a stream in memory received.
  package private(set) var bytes: [UInt8] = []
  package let isTerminal: Bool
  private let fixedColumns: Int?

  package init(descriptor: Int32) {
    self.descriptor = descriptor
    isTerminal = isatty(descriptor) == 1
    fixedColumns = nil
  }

  /// Fills those of the first three descriptors that the program was started without.
  ///
  /// The next file to be opened would be given such a number, and talk meant for standard error
  /// would be written into a picture. What fills it can be neither read nor written, so that
  /// standard output which is not there is still an error.
  static func occupyStandardDescriptors() {
    // O_PATH, which Swift's Glibc leaves out.
    let pathOnly: Int32 = 0o10_000_000
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number is the one that is missing.
      unsafe _ = open("/", pathOnly)
    }
  }

  /// A stream in memory.
  package init(terminal: Bool = false, columns: Int = 80) {
    descriptor = nil
    isTerminal = terminal
    fixedColumns = columns
  }

  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Columns of the terminal.
  package var columns: Int {
    if let fixedColumns { return fixedColumns }
    var size = winsize()
    guard let descriptor, unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0
    else { return 80 }
    return Int(size.ws_col)
  }

  /// Writes everything.
  ///
  /// - Throws: `closedPipe` where the reader went away, else `inputOutput`.
  package func write(_ data: [UInt8]) throws(ObverseError) {
    guard let descriptor else {
      bytes += data
      return
    }
    let failure: Int32? = unsafe data.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let count = unsafe Glibc.write(
          descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done)
        if count >= 0 {
          done += count
        } else if errno != EINTR {
          return errno
        }
      }
      return nil
    }
    guard let failure else { return }
    throw failure == EPIPE
      ? .closedPipe : .inputOutput(path: "standard output", why: ObverseError.reason(failure))
  }

  package func write(_ text: String) throws(ObverseError) {
    try write(Array(text.utf8))
  }
}

/// How far a run of many items is: a bar, a line now and then, or events, as the console is set.
package final class Progress {
  private let console: Console
  private let total: Int?
  private let noun: String
  private let start: UInt64
  private var done = 0
  private var latest: [UInt64] = []
  private var drawn: UInt64 = 0
  private var told: UInt64

  /// Counts `noun`s, a plural, up to `total` where that is known.
  package init(_ console: Console, total: Int?, noun: String, now: UInt64) {
    self.console = console
    self.total = total
    self.noun = noun
    start = now
    told = now
  }

  /// Counts one item that took `nanoseconds` and ended at `now`.
  package func finished(_ nanoseconds: UInt64, now: UInt64) {
    done += 1
    latest.append(nanoseconds)
    if latest.count > 8 { latest.removeFirst() }
    switch console.progress {
    case .json:
      var members: [(String, JSON)] = [("done", .integer(done))]
      if let total { members.append(("total", .integer(total))) }
      console.event("progress", members)
    case .plain:
      // Quiet means quiet, also off a terminal.
      guard console.level != .error, now - told >= 10_000_000_000 else { return }
      told = now
      console.say(text)
    case .auto, .bar:
      // Short runs need no bar; a redraw more often than the eye sees costs time.
      guard console.drawsBar, now - start >= 500_000_000, now - drawn >= 100_000_000 else {
        return
      }
      drawn = now
      console.draw(bar: text)
    case .none: return
    }
  }

  /// Takes the bar away.
  package func end() { console.erase() }

  private var text: String {
    let each = Samples.median(latest)
    let pace = Format.duration(each) + " each"
    guard let total else { return "\(done) \(noun), \(pace)" }
    let width = 24
    let full = width * done / max(total, 1)
    let bar = String(repeating: "#", count: full) + String(repeating: ".", count: width - full)
    let left = Format.duration(each * UInt64(max(total - done, 0)))
    return "[\(bar)] \(done)/\(total) \(noun), \(pace), \(left) left"
  }
}
