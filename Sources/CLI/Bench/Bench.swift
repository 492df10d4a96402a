import ModelFile
import Obverse
import Options
import Page

/// `obverse bench`: how fast models draw on this machine, and where the time goes.
struct Bench: Command {
  static let name = "bench"
  static let table = CommandTable(
    name: name, purpose: "Measures loading and drawing, as wholes or step by step.",
    usage: "[-m FILE] [-t 1,2,4] [OPTIONS]",
    examples: [
      "obverse bench -m faces256.obv -t 1,2,4 --format json -o here.json",
      "obverse bench -t 1 --layers --html report.html",
    ],
    operands: 0...0,
    groups: [
      OptionGroup(
        "what to measure",
        [
          Option(
            "model", "FILE", "model file or bare name; again for more", preset: "faces",
            short: "m", aliases: ["network"],
            detail: "Given several times, each model is measured with each thread count.",
            takes: .files(["obv"])),
          Option(
            "threads", "LIST", "thread counts, such as 1,2,4; 0 is automatic", preset: "0",
            short: "t"),
          Option("repeat", "N", "faces timed for each", preset: "20", short: "r"),
          Option("warmup", "N", "faces drawn before, untimed", preset: "3"),
          Option(
            "batch", "N", "N faces at once, a thread for each", preset: "1",
            detail: "Times are those of a batch then; faces/s counts its faces. With more faces"
              + " than threads, whoever is free takes the next."),
          Option(
            "encode", "KIND", "png times encoding too, in its own column", preset: "none",
            takes: .choices(Encoder.self)),
          Option(
            "layers", nil, "a row for each step of a face, against the roof",
            detail: "Measures the machine too. Not with --batch."),
          Option(
            "machine", nil, "measure peak arithmetic and memory bandwidth",
            detail: "With as many threads as the run, in the instruction set of the kernels: the"
              + " best of some loops of multiply-adds on registers, and of a triad over arrays of"
              + " 256 MB at most."),
          Option(
            "algorithm", "NAME", "for all 3x3 convolutions that can take it",
            preset: "what the plan chooses", rare: true,
            detail: "direct, winograd or planar: to see beside --layers what the choice is worth.",
            takes: .choices(ConvAlgorithm.self)),
          CommonOptions.precision,
          Option(
            "count", "RULE", "size at which up-convs count: in, out or fit", preset: "in",
            rare: true, takes: .words(CountRule.allCases.map(\.rawValue))),
        ]),
      OptionGroup(
        "what to print",
        [
          Option(
            "format", "F", "md, csv, json or jsonl", preset: "md",
            takes: .choices(BenchReport.Kind.self)),
          Option("output", "FILE", "write there", preset: "standard output", short: "o"),
          Option(
            "html", "FILE", "also one page: roofline, steps, histogram, faces",
            detail: "Nothing in it is loaded from elsewhere. It implies --layers, or --machine for"
              + " batches.", takes: .files(["html"])),
          Option(
            "baseline", "FILE", "earlier --format json: adds ratios, now / then",
            takes: .files(["json"])),
          Option("json", nil, "the same as --format json", rare: true),
        ]),
    ],
    notes: [
      "Times are of drawing alone, from the seed to the bytes of the image; nothing is encoded. The"
        + " first face of a generator is its own column. Peak memory is that of the program.",
      "With --layers each row is a step of the plan; a fused step lists its layers. Times are means"
        + " over the middle half of the faces, so that the steps add up to the total. MMAC are the"
        + " multiply-adds that 'obverse inspect' counts, so their totals agree; filters, noise and"
        + " activations count in MB moved and ms only. MB moved are what a step must read and write"
        + " at least: weights in the form of its algorithm, biases, styles, noise planes, maps and"
        + " images, each number once and as 4 bytes; padding, scratch and repeated reads do not"
        + " count. % roof is the time that the measured machine would need at least for both, over"
        + " the time taken; above 100 are maps that never leave a cache, and Winograd, which needs"
        + " fewer multiply-adds than are counted, and bf16, since the roof is that of float32.",
      "Where the system lends hardware counters, --layers and --machine report instructions, cycles"
        + " and cache misses a face.",
    ])

  /// What `--encode` times.
  private enum Encoder: String, CaseIterable {
    case png, none
  }

  /// nil stands for the default model.
  private let models: [String?]
  private let threads: [Int]
  private let request: BenchRequest
  private let showsLayers: Bool
  private let format: BenchReport.Kind
  private let output: String?
  private let page: String?
  private let baseline: String?
  private let environment: Environment

  init(_ parsed: ParsedOptions, _ environment: Environment) throws(ObverseError) {
    let given = parsed.texts("model")
    models = given.isEmpty ? [nil] : given
    var request = BenchRequest()
    request.repeats = try parsed.integer("repeat", in: 1...100_000) ?? 20
    request.warmup = try parsed.integer("warmup", in: 0...100_000) ?? 3
    request.batch = try parsed.integer("batch", in: 1...10_000) ?? 1
    request.encodes = try parsed.choice("encode", Encoder.self) == .png
    request.rule = try parsed.choice("count") ?? .input
    request.algorithm = try parsed.choice("algorithm")
    request.precision = try parsed.choice("precision") ?? .float32
    showsLayers = parsed.has("layers")
    page = parsed.text("html")
    guard !showsLayers || request.batch == 1 else {
      throw .usage(
        "--layers and --batch exclude each other: faces of a batch are at different steps",
        hint: nil)
    }
    request.timesSteps = request.batch == 1 && (showsLayers || page != nil)
    request.measuresRoof = showsLayers || page != nil || parsed.has("machine")
    self.request = request
    format = parsed.has("json") ? .json : try parsed.choice("format") ?? .md
    output = parsed.text("output").flatMap { $0 == "-" ? nil : $0 }
    baseline = parsed.text("baseline")
    self.environment = environment
    guard output?.isEmpty != true, page?.isEmpty != true else {
      throw .usage("an output needs a name", hint: nil)
    }
    guard page != "-" else {
      throw .usage("--html needs a file: standard output carries the figures", hint: nil)
    }
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
    let paths = try models.map { (name) throws(ObverseError) in
      try environment.modelFile(name)
    }
    let earlier = try self.baseline.map { (path) throws(ObverseError) in
      try EarlierReport(path: path)
    }
    if let earlier {
      let hashes = try paths.map { (path) throws(ObverseError) in
        try ModelFile.read(path: path).weightsSHA256
      }
      try earlier.check(models: hashes)
    }
    Interrupt.listen()
    let counters = request.measuresRoof ? self.counters(console) : nil
    var runs: [BenchRun] = []
    for path in paths {
      for count in threads {
        runs.append(try BenchRun(path, threads: count, request, counters, console))
      }
    }
    let report = BenchReport(
      runs: runs, request: request, showsLayers: showsLayers, earlier: earlier)
    if let earlier { warn(earlier, runs, console) }
    let text = report.text(format) + "\n"
    if let page {
      let html = try BenchPage(report, pictures: Pictures(path: paths[0])).html
      try OutputFile.write(Array(html.utf8), to: page)
      console.note("wrote \(page)")
    }
    guard let output else { return try console.data(Array(text.utf8)) }
    try OutputFile.write(Array(text.utf8), to: output)
    try console.path(output)
  }

  private func counters(_ console: Console) -> Counters? {
    do {
      return try Counters()
    } catch {
      console.note("hardware counters are left out: \(error.why)")
      return nil
    }
  }

  /// Ratios between two machines say little of the program.
  private func warn(_ earlier: EarlierReport, _ runs: [BenchRun], _ console: Console) {
    if let then = earlier.instructionSet, let now = runs.first?.instructionSet, then != now {
      console.warn("'\(earlier.path)' was measured with \(then), this with \(now)")
    }
    if let then = earlier.processor, let now = Machine.processor, then != now {
      console.warn("'\(earlier.path)' was measured on another processor, \(then)")
    }
    for run in runs where earlier.ratios(run).isEmpty {
      console.warn(
        "'\(earlier.path)' has no run of \(Path.stem(run.path)) with"
          + " \(Format.count(run.threads, "thread")), batch \(run.batch)")
    }
  }
}
