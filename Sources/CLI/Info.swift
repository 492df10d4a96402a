import Obverse
import Options
import Page

/// `obverse info`: what this build and this machine are.
struct Info: Command {
  static let name = "info"
  static let table = CommandTable(
    name: name, purpose: "Shows what would be used here, and why: kernels, threads, model.",
    usage: "[--json]", examples: ["obverse info", "obverse info --json"], operands: 0...0,
    groups: [
      OptionGroup("how", [Option("json", nil, "one JSON object on standard output")])
    ])

  private let isJSON: Bool
  private let environment: Environment

  init(_ parsed: ParsedOptions, _ environment: Environment) throws(ObverseError) {
    isJSON = parsed.has("json")
    self.environment = environment
  }

  func run(_ console: Console) throws(ObverseError) {
    let facts = try Facts(environment)
    if isJSON { return try console.line(facts.json.line) }
    for line in facts.lines { try console.line(line) }
  }
}

/// What would be used here, and why.
private struct Facts {
  private let environment: Environment
  private let instructionSet: InstructionSet
  private let threads: Int
  private let path: String?

  init(_ environment: Environment) throws(ObverseError) {
    self.environment = environment
    instructionSet = try Self.instructionSet(environment)
    threads = try environment.threads() ?? 0
    path = try? environment.modelPath(nil)
  }

  private var available: [String] { InstructionSet.available.map(\.rawValue) }
  private var cpu: String { Machine.processor ?? "unknown" }

  var lines: [String] {
    var lines = [
      "version   \(Version.program) \(Version.number)",
      "cpu       \(cpu), \(Format.count(Machine.allowedProcessors, "processor")) allowed",
      "kernels   \(instructionSet.rawValue), "
        + (environment["OBVERSE_ISA"] == nil
          ? "the best of " : "as OBVERSE_ISA says; this processor has ")
        + available.joined(separator: ", "),
      "threads   " + threadsText,
      "model     \(environment.modelName()) "
        + (environment["OBVERSE_MODEL"] == nil ? "(the default)" : "(OBVERSE_MODEL)")
        + ": " + (path ?? "not found"),
    ]
    for (i, folder) in environment.modelFolders.enumerated() {
      lines.append((i == 0 ? "searched  " : "          ") + folder)
    }
    return lines
  }

  private var threadsText: String {
    guard threads == 0 else { return "\(threads), as OBVERSE_THREADS says" }
    let cores = "\(Format.count(ProcessorCount.cores, "physical core")) in the affinity mask"
    let quota =
      ProcessorCount.quota.map { "the cgroup pays for \(Format.significant($0))" }
      ?? "no cgroup quota"
    return "\(ProcessorCount.automatic): \(cores), \(quota)"
  }

  var json: JSON {
    .object([
      ("schema", .text("obverse.info/1")), ("version", .text(Version.number)), ("cpu", .text(cpu)),
      ("isa", .text(instructionSet.rawValue)),
      ("isa_source", .text(environment["OBVERSE_ISA"] == nil ? "best" : "OBVERSE_ISA")),
      ("isa_available", .list(available.map { .text($0) })),
      ("cores_allowed", .integer(Machine.allowedProcessors)),
      ("threads", .integer(threads > 0 ? threads : ProcessorCount.automatic)),
      ("threads_source", .text(threads > 0 ? "OBVERSE_THREADS" : "automatic")),
      ("physical_cores", .integer(ProcessorCount.cores)),
      ("cgroup_quota", ProcessorCount.quota.map { .number($0) } ?? .null),
      ("model", .text(environment.modelName())),
      ("model_source", .text(environment["OBVERSE_MODEL"] == nil ? "default" : "OBVERSE_MODEL")),
      ("model_path", path.map { .text($0) } ?? .null),
      ("model_folders", .list(environment.modelFolders.map { .text($0) })),
    ])
  }

  private static func instructionSet(
    _ environment: Environment
  ) throws(ObverseError) -> InstructionSet {
    guard let text = environment["OBVERSE_ISA"] else { return .best }
    guard let set = InstructionSet(rawValue: text), InstructionSet.available.contains(set) else {
      throw .usage(
        "OBVERSE_ISA is '\(text)', but this processor has "
          + InstructionSet.available.map(\.rawValue).joined(separator: ", "), hint: nil)
    }
    return set
  }
}
