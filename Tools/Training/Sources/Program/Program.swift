import Core
import Glibc
import Options

/// The program `obverse-train`.
@main
enum Program {
  /// In the order of a student's life.
  private static let commands: [any Command.Type] = [
    PicturesCommand.self, MappingCommand.self, TeacherCommand.self, CutCommand.self,
    PruneCommand.self,
    MomentsCommand.self, DistilCommand.self, JudgeCommand.self, EvaluateCommand.self,
    NeighboursCommand.self, ReportCommand.self, SelfTestCommand.self,
  ]

  static let table = ProgramTable(
    name: "obverse-train", title: "obverse-train", version: Version.number,
    does: "trains StyleGAN2 generators and compresses them.",
    purpose: "train and compress StyleGAN2 generators",
    description: [
      "Trains teachers, prunes and cuts generators, distils students, and measures all of them.",
      "A run is a folder from which it goes on. Standard error carries talk.",
    ],
    notes: [
      "A word @FILE stands for the options in FILE: on each line one with its value, which is all"
        + " that follows; # begins a comment. What is given later counts."
    ],
    examples: [
      "obverse-train teacher --data faces.zip --size 64 --out teacher",
      "obverse-train prune --teacher teacher --ratio 0.7 --out pruned.obv",
    ],
    commands: commands, common: SharedOptions.common,
    environment: [
      ("RANK, LOCAL_RANK", "this process among many, as torchrun sets them"),
      ("WORLD_SIZE", "how many processes train together"),
      ("MASTER_ADDR", "the host where they meet"), ("MASTER_PORT", "the port where they meet"),
    ])

  static func main() {
    do throws(ObverseError) {
      try run(Array(CommandLine.arguments.dropFirst()))
    } catch {
      say("error: \(error)")
      if let hint = error.hint { line("hint: \(hint)", to: 2) }
      exit(error.exitCode)
    }
  }

  private static func run(_ words: [String]) throws(ObverseError) {
    switch try table.request(try OptionFile.expanded(words)) {
    case .answer(let text): line(text, to: 1)
    case .command(let name, let parsed):
      try parsed.checkOperands()
      if let text = try table.answer(name, parsed) { return line(text, to: 1) }
      for command in commands where command.name == name { try command.run(parsed) }
    }
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
