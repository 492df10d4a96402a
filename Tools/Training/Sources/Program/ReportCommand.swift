import Core
import Options
import Training

/// `obverse-train report`.
enum ReportCommand: Command {
  static let name = "report"
  static let table = CommandTable(
    name: name, purpose: "Draws runs and measures as one page that needs nothing else.",
    usage: "RUN [RUN ...] --out FILE [--evaluation FILE ...]",
    examples: [
      "obverse-train report teacher student --out report.html",
      "obverse-train report student --out report.html --evaluation measures/*.json",
    ],
    operands: 1...Int.max,
    groups: [
      OptionGroup(
        "what is shown",
        [
          Option("out", "FILE", "the page, HTML"),
          Option(
            "evaluation", "FILE ...",
            "what 'evaluate' wrote of snapshots of these runs, or others"),
        ])
    ], takes: .folders)

  static func run(_ options: ParsedOptions) throws(ObverseError) {
    guard !options.operands.isEmpty, let output = options.text("out") else {
      throw .usage(
        "a report needs the folder of a run and --out", hint: "obverse-train help report")
    }
    let say = DeviceOptions.speaker(options)
    let page = try ReportPage(runs: options.operands, evaluations: options.texts("evaluation"))
    for problem in page.problems { say(problem) }
    try page.write(to: output)
    say("wrote \(output)")
  }
}
