import Core
import Training

/// `obverse-train report`.
enum ReportCommand: Command {
  static let name = "report"
  static let summary = "draws runs and measures as one page that needs nothing from elsewhere"
  static let usage = "RUN [RUN ...] --out FILE [--evaluation FILE ...]"
  static let takesWords = true
  static let options = [
    Option("out", "FILE", "the page, HTML"),
    Option("evaluation", "FILE ...", "what 'evaluate' wrote of snapshots of these runs, or others"),
    Option("quiet", nil, "says errors only"),
  ]

  static func run(_ options: Options) throws(ObverseError) {
    guard !options.words.isEmpty, let output = options.text("out") else {
      throw .usage(
        "a report needs the folder of a run and --out", hint: "obverse-train help report")
    }
    let say = DeviceOptions.speaker(options)
    let page = try ReportPage(runs: options.words, evaluations: options.texts("evaluation"))
    for problem in page.problems { say(problem) }
    try page.write(to: output)
    say("wrote \(output)")
  }
}
