import Core
import Glibc
import Options

/// A command made from words: parsing touches nothing, running does the work.
protocol Command: ListedCommand {
  /// Turns words into a request.
  init(_ parsed: ParsedOptions, _ environment: Environment) throws(ObverseError)

  /// Does the work, telling `console` what is done.
  func run(_ console: Console) throws(ObverseError)
}

/// What `main` of C calls with what the system gave it; the exit code.
@c(obverse_main)
public func start(
  _ count: Int32, _ words: UnsafePointer<UnsafePointer<CChar>?>, _ path: UnsafePointer<CChar>?
) -> Int32 {
  Stream.occupyStandardDescriptors()
  Interrupt.turnFailedWritesIntoErrors()
  Interrupt.endsOnLostFiles()
  let words = (0..<Int(count)).compactMap { i in
    unsafe words[i].map { unsafe String(fileName: $0) }
  }
  let environment = Environment.process(path: unsafe path.map { unsafe String(fileName: $0) })
  let console = Console(
    output: Stream(descriptor: 1), errors: Stream(descriptor: 2), environment: environment)
  return Program.run(Array(words.dropFirst()), console, environment)
}

/// The program as a function from words to lines and an exit code.
package enum Program {
  private static let commands: [any Command.Type] = [
    Generate.self, Mix.self, Walking.self, Convert.self, Inspect.self, Compare.self, Bench.self,
    Info.self,
  ]

  /// What the program and its commands say of themselves.
  package static let table = ProgramTable(
    name: Version.program, title: Version.name, version: Version.number,
    does: "draws faces with compressed StyleGAN2 generators on the CPU.",
    purpose: "draw faces with compressed StyleGAN2 generators",
    description: [
      "Draws images with StyleGAN2 generators, compressed or not, on the processor alone.",
      "Standard output carries what was asked for, standard error carries talk.",
      "The program opens no network connection, and runs no code of the files it reads.",
    ],
    examples: [
      "obverse generate --seeds 0-7 --trunc 0.7 --grid 4x2",
      "obverse convert my-network.pkl -o mine.obv", "obverse inspect mine.obv",
    ],
    commands: commands, common: CommonOptions.talk,
    environment: Environment.variables,
    ownExitCodes: [
      (1, "a limit of 'compare' was passed"), (141, "standard output was closed by its reader"),
    ])

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
    switch try table.request(words) {
    case .answer(let text): try console.line(text)
    case .command(let name, let parsed):
      try console.configure(parsed)
      try parsed.checkOperands()
      if let text = try table.answer(name, parsed) { return try console.line(text) }
      // What Swift allocates for words, lines and tables, or ends the process.
      try Memory.expectRoom(for: Memory.small)
      for command in commands where command.name == name {
        try command.init(parsed, environment).run(console)
      }
    }
  }
}
