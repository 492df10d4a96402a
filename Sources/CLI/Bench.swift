import Obverse

/// `obverse bench`: how fast a model draws on this machine.
struct Bench: Command {
  static let table = CommandTable(
    name: "bench", purpose: "Measures loading and drawing, for one or more thread counts.",
    usage: "[-m FILE] [-t 1,2,4] [OPTIONS]",
    examples: [
      "obverse bench", "obverse bench -m faces256.obv -t 1,2,4 --format json -o here.json",
    ],
    operands: 0...0,
    groups: [
      OptionGroup(
        "what to measure",
        [
          CommonOptions.model,
          Option(
            "threads", "LIST", "thread counts, such as 1,2,4; 0 is automatic", preset: "0",
            short: "t"),
          Option("repeat", "N", "faces timed for each", preset: "20", short: "r"),
          Option("warmup", "N", "faces drawn before, untimed", preset: "3"),
        ]),
      OptionGroup(
        "what to print",
        [
          Option("format", "F", "md, csv, json or jsonl", preset: "md"),
          Option("output", "FILE", "write there", preset: "standard output", short: "o"),
          Option("json", nil, "the same as --format json", rare: true),
        ]),
      CommonOptions.talk,
    ],
    notes: [
      "Times are of drawing alone, from the seed to the bytes of the image; nothing is encoded."
        + " The first face of a generator is its own column. Peak memory is that of the program."
    ])

  private let model: String
  private let threads: [Int]
  private let repeats: Int
  private let warmup: Int
  private let format: Report
  private let output: String?
  private let environment: Environment

  private enum Report: String, CaseIterable {
    case md, csv, json, jsonl
  }

  init(_ parsed: ParsedOptions, _ environment: Environment) throws(ObverseError) {
    model = environment.modelName(parsed)
    repeats = try parsed.integer("repeat", in: 1...100_000) ?? 20
    warmup = try parsed.integer("warmup", in: 0...100_000) ?? 3
    format = parsed.has("json") ? .json : try parsed.choice("format") ?? .md
    output = parsed.text("output").flatMap { $0 == "-" ? nil : $0 }
    self.environment = environment
    guard let list = parsed.text("threads") else {
      threads = [try environment.threads(parsed)]
      return
    }
    threads = try list.split(separator: ",", omittingEmptySubsequences: false).map {
      (part) throws(ObverseError) in
      guard let count = Int(part), (0...Environment.threadLimit).contains(count) else {
        throw .usage(
          "option '--threads' needs whole numbers from 0 to \(Environment.threadLimit), not"
            + " '\(part)'", hint: "--threads 1,2,4")
      }
      return count
    }
  }

  func run(_ console: Console) throws(ObverseError) {
    let path = try environment.modelPath(model)
    Interrupt.listen()
    var runs: [BenchRun] = []
    for count in threads {
      runs.append(
        try BenchRun(path, threads: count, repeats: repeats, warmup: warmup, console))
    }
    let text = try report(runs, path: path) + "\n"
    guard let output else { return try console.data(Array(text.utf8)) }
    try OutputFile.write(Array(text.utf8), to: output)
    try console.line(output)
  }

  private func report(_ runs: [BenchRun], path: String) throws(ObverseError) -> String {
    switch format {
    case .md: return table(runs, path).markdown.joined(separator: "\n")
    case .csv: return table(runs, path).csv.joined(separator: "\n")
    case .json:
      return JSON.object(facts(runs, path) + [("runs", .list(runs.map { .object($0.members) }))])
        .line
    case .jsonl:
      return runs.map { JSON.object(facts(runs, path) + $0.members).line }.joined(separator: "\n")
    }
  }

  private func table(_ runs: [BenchRun], _ path: String) -> TextTable {
    let numbers = [
      "params", "GMAC", "threads", "load ms", "first ms", "median ms", "p95 ms", "min ms",
      "faces/s", "peak MB",
    ]
    var table = TextTable(
      [.init("model"), .init("type")] + numbers.map { .init($0, number: true) })
    for run in runs {
      func milliseconds(_ time: UInt64) -> String { Format.fixed(Double(time) / 1e6, 2) }
      table.add([
        Path.stem(path), run.network.type, run.network.parameters,
        Format.significant(Double(run.network.shape.macs()) / 1e9), "\(run.threads)",
        Format.fixed(Double(run.load) / 1e6, 1), Format.fixed(Double(run.first) / 1e6, 1),
        milliseconds(run.median), milliseconds(run.quantile95), milliseconds(run.least),
        Format.fixed(run.facesPerSecond, 1), Format.fixed(Double(run.peakBytes) / 1e6, 0),
      ])
    }
    return table
  }

  private func facts(_ runs: [BenchRun], _ path: String) -> [(String, JSON)] {
    guard let run = runs.first else { return [] }
    var facts: [(String, JSON)] = [
      ("schema", .text("obverse.bench/1")),
      (
        "model",
        .object([
          ("path", .text(path)), ("sha256", .text(run.modelSHA256)), ("network", run.network.json),
        ])
      ),
      ("version", .text(Version.number)), ("isa", .text(run.instructionSet)),
      ("cpu", Machine.processor.map { .text($0) } ?? .null),
      ("processors", .integer(Machine.allowedProcessors)),
    ]
    if let governor = Machine.governor { facts.append(("governor", .text(governor))) }
    return facts + [("repeat", .integer(repeats)), ("warmup", .integer(warmup))]
  }
}
