import Obverse

/// `obverse info`: what this build and this machine are.
struct Info: Command {
  static let table = CommandTable(
    name: "info", purpose: "Shows version, processor, threads and where models are searched.",
    usage: "[--json]", examples: ["obverse info", "obverse info --json"], operands: 0...0,
    groups: [
      OptionGroup("how", [Option("json", nil, "one JSON object on standard output")]),
      CommonOptions.talk,
    ])

  private let isJSON: Bool
  private let environment: Environment

  init(_ parsed: ParsedOptions, _ environment: Environment) throws(ObverseError) {
    isJSON = parsed.has("json")
    self.environment = environment
  }

  func run(_ console: Console) throws(ObverseError) {
    let chosen = try chosenInstructionSet()
    let available = InstructionSet.available.map(\.rawValue)
    let cpu = Machine.processor ?? "unknown"
    let threads = environment["OBVERSE_THREADS"]
    let model = environment["OBVERSE_MODEL"] ?? "faces"
    let path = try? environment.modelPath(model)
    if isJSON {
      return try console.line(
        JSON.object([
          ("schema", .text("obverse.info/1")),
          ("version", .text(Version.number)),
          ("cpu", .text(cpu)),
          ("isa", .text(chosen.rawValue)),
          ("isa_available", .list(available.map { .text($0) })),
          ("cores_allowed", .integer(Machine.allowedProcessors)),
          ("model", .text(model)),
          ("model_path", path.map { .text($0) } ?? .null),
          ("model_folders", .list(environment.modelFolders.map { .text($0) })),
        ]).line)
    }
    try console.line("version   \(Version.program) \(Version.number)")
    try console.line(
      "cpu       \(cpu), \(Format.count(Machine.allowedProcessors, "processor")) allowed")
    try console.line(
      "kernels   \(chosen.rawValue) of \(available.joined(separator: ", "))"
        + (environment["OBVERSE_ISA"] == nil ? "" : " (OBVERSE_ISA)"))
    try console.line(
      "threads   " + (threads.map { "\($0) (OBVERSE_THREADS)" } ?? "physical cores allowed"))
    try console.line("model     \(model): " + (path.map { $0 } ?? "not found"))
    for (i, folder) in environment.modelFolders.enumerated() {
      try console.line((i == 0 ? "searched  " : "          ") + folder)
    }
  }

  private func chosenInstructionSet() throws(ObverseError) -> InstructionSet {
    guard let text = environment["OBVERSE_ISA"] else { return .best }
    guard let set = InstructionSet(rawValue: text), InstructionSet.available.contains(set) else {
      throw .usage(
        "OBVERSE_ISA is '\(text)', but this processor has "
          + InstructionSet.available.map(\.rawValue).joined(separator: ", "), hint: nil)
    }
    return set
  }
}
