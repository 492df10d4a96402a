import Core
import Glibc

/// A command made from words: parsing touches nothing, running does the work.
protocol Command: SendableMetatype {
  static var table: CommandTable { get }

  /// Turns words into a request.
  init(_ parsed: ParsedOptions, _ environment: Environment) throws(ObverseError)

  /// Does the work, telling `console` what is done.
  func run(_ console: Console) throws(ObverseError)
}

/// What `main` of C calls with what the system gave it; the exit code.
@c(obverse_main)
public func start(
  _ count: Int32, _ words: UnsafePointer<UnsafePointer<CChar>?>
) -> Int32 {
  Stream.occupyStandardDescriptors()
  Interrupt.turnFailedWritesIntoErrors()
  Interrupt.endsOnLostFiles()
  let words = (0..<Int(count)).compactMap { i in
    unsafe words[i].map { unsafe String(fileName: $0) }
  }
  let environment = Environment.process(calledAs: words.first)
  let console = Console(
    output: Stream(descriptor: 1), errors: Stream(descriptor: 2), environment: environment)
  return Program.run(Array(words.dropFirst()), console, environment)
}

/// The program as a function from words to lines and an exit code.
package enum Program {
  static let commands: [any Command.Type] = [
    Generate.self, Mix.self, Walking.self, Convert.self, Inspect.self, Compare.self, Bench.self,
    Info.self, Completion.self, Help.self,
  ]

  /// Tables of all commands, in the order of the overview.
  package static var tables: [CommandTable] { commands.map { $0.table } }

  /// Runs one command line, the program's name not among `words`, and gives the exit code.
  package static func run(
    _ words: [String], _ console: Console, _ environment: Environment
  ) -> Int32 {
    do throws(ObverseError) {
      try start(words, console, environment)
      return 0
    } catch {
      console.erase()
      console.report(error)
      return error.exitCode
    }
  }

  private static func start(
    _ words: [String], _ console: Console, _ environment: Environment
  ) throws(ObverseError) {
    guard let first = words.first else { return try console.line(HelpText.overview) }
    switch first {
    case "-h", "--help": return try console.line(HelpText.overview)
    case "--help-all": return try console.line(HelpText.overviewOfAll)
    case "--version": return try console.line("\(Version.program) \(Version.number)")
    default: break
    }
    guard let command = commands.first(where: { $0.table.name == first }) else {
      if first.hasPrefix("-") {
        throw .usage(
          "options come after a command, as in '\(Version.program) generate \(first)'",
          hint: "\(Version.program) help")
      }
      throw .usage(
        "unknown command '\(first)'",
        hint: Nearest.of(first, among: tables.map(\.name)).map { "did you mean '\($0)'?" }
          ?? "\(Version.program) help")
    }
    let parsed = try ParsedOptions(Array(words.dropFirst()), for: command.table)
    if parsed.has("help") { return try console.line(HelpText.short(command.table)) }
    if parsed.has("help-all") { return try console.line(HelpText.full(command.table)) }
    if parsed.has("version") {
      return try console.line("\(Version.program) \(Version.number)")
    }
    try console.configure(parsed)
    try parsed.checkOperands(command.table)
    try command.init(parsed, environment).run(console)
  }
}
