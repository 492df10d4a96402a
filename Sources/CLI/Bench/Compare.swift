import ModelFile
import Obverse
import Options
import Page

/// `obverse compare`: two models, the same seeds, the differences of their pixels.
struct Compare: Command {
  static let name = "compare"
  static let table = CommandTable(
    name: name, purpose: "Draws the same seeds with two models and compares the pixels.",
    usage: "A B [--seeds LIST] [OPTIONS]",
    examples: [
      "obverse compare face.obv face-i8.obv --psnr 38",
      "obverse compare a.obv b.obv --seeds 0-3 --max-diff 1 --format json",
    ],
    operands: 2...2,
    groups: [
      OptionGroup(
        "what to draw",
        [
          Option("seeds", "LIST", "0,1,4-6 in this order", preset: "0-15"), CommonOptions.trunc,
          CommonOptions.truncCutoff, CommonOptions.noiseMode, CommonOptions.noiseSeed,
          CommonOptions.label, CommonOptions.threads,
          Option(
            "precision", "KIND", "of B: float32 or bf16", preset: "float32", rare: true,
            detail: "A is drawn in float32 always, so that the same model twice shows what bf16"
              + " changes.", takes: .choices(Precision.self)),
        ]),
      OptionGroup(
        "limits for every image; exit code 1 where one is passed",
        [
          Option("max-diff", "N", "most that two samples may differ, of 255"),
          Option("mean-diff", "X", "most that samples may differ on average"),
          Option("psnr", "X", "least PSNR, in dB"),
        ]),
      OptionGroup(
        "what to print",
        [
          Option(
            "format", "F", "md, csv or json", preset: "md", takes: .choices(Report.self)),
          Option("output", "FILE", "write there", preset: "standard output", short: "o"),
          Option("json", nil, "the same as --format json", rare: true),
        ]),
    ],
    notes: [
      "Differences are those of 8-bit samples. PSNR is 10 log10(255^2 / mean square) of an image,"
        + " infinite (null in JSON) where the images are equal. The last line takes all images"
        + " together; the limits hold for each of them. The table is written before the exit code"
        + " is decided."
    ], takes: .files(["obv"]))

  private let models: [String]
  private let seeds: [UInt32]
  private let look: GivenLook
  private let threads: Int
  private let maxDiff: Int?
  private let meanDiff: Float?
  private let psnr: Float?
  private let format: Report
  private let output: String?
  private let environment: Environment

  private enum Report: String, CaseIterable {
    case md, csv, json
  }

  init(_ parsed: ParsedOptions, _ environment: Environment) throws(ObverseError) {
    models = parsed.operands
    seeds = try SeedList.parse(parsed.text("seeds") ?? "0-15")
    look = try GivenLook(parsed)
    threads = try environment.threads(parsed)
    maxDiff = try parsed.integer("max-diff", in: 0...255)
    meanDiff = try parsed.number("mean-diff")
    psnr = try parsed.number("psnr")
    format = parsed.has("json") ? .json : try parsed.choice("format") ?? .md
    output = parsed.text("output").flatMap { $0 == "-" ? nil : $0 }
    self.environment = environment
    guard output?.isEmpty != true else { throw .usage("an output needs a name", hint: nil) }
  }

  /// One of the two models, ready to draw.
  private struct Side {
    let path: String
    let generator: Generator
    var pixels: [UInt8] = []

    var model: Model { generator.model }

    mutating func draw(_ seed: UInt32, _ look: Look) throws(ObverseError) {
      let subject = Subjects.subject(seed)
      try generator.synthesize(
        ws: look.ws(subject, generator), noise: look.noiseMode(subject), into: &pixels)
    }

    var json: JSON {
      .object([("path", .text(path)), ("sha256", .text(model.weightsSHA256))])
    }
  }

  func run(_ console: Console) throws(ObverseError) {
    Interrupt.listen()
    let look = Look(self.look, record: nil)
    var a = try side(models[0], look, .float32)
    var b = try side(models[1], look, look.precision)
    try check(a.model, b.model)
    for side in [a, b] {
      // A difference to what is no number says nothing.
      guard let description = try? ModelFile.read(path: side.path) else { continue }
      Listing.warn(Findings.warnings(description).map { "'\(side.path)': \($0)" }, console)
    }
    let progress = Progress(console, total: seeds.count, noun: "pairs", now: Clock.now)
    var rows: [(seed: UInt32, difference: Difference)] = []
    for seed in seeds {
      let start = Clock.now
      Interrupt.stops(a.generator)
      if Interrupt.isRequested { throw .cancelled }
      try a.draw(seed, look)
      Interrupt.stops(b.generator)
      if Interrupt.isRequested { throw .cancelled }
      try b.draw(seed, look)
      rows.append((seed, Difference(a.pixels, b.pixels)))
      progress.finished(Clock.now - start, now: Clock.now)
    }
    progress.end()
    let text = report(rows, a, b, look) + "\n"
    if let output {
      try OutputFile.write(Array(text.utf8), to: output)
      try console.path(output)
    } else {
      try console.data(Array(text.utf8))
    }
    for row in rows { try judge(row.difference, row.seed) }
  }

  private func side(
    _ name: String, _ look: Look, _ precision: Precision
  ) throws(ObverseError) -> Side {
    let path = try environment.modelFile(name)
    let model = try Model(path: path, precision: precision)
    try look.check(model, mapsLatents: true)
    return Side(path: path, generator: try Generator(model, threads: threads))
  }

  /// Refuses models whose images or latents cannot be compared.
  private func check(_ a: Model, _ b: Model) throws(ObverseError) {
    func differ(_ what: String, _ first: Int, _ second: Int) throws(ObverseError) {
      guard first != second else { return }
      throw .request(
        "'\(models[0])' and '\(models[1])' have \(first) and \(second) \(what)", hint: nil)
    }
    try differ("pixels a side", a.resolution, b.resolution)
    try differ("image channels", a.imageChannels, b.imageChannels)
    try differ("numbers in z", a.zDim, b.zDim)
    try differ("classes", a.classes, b.classes)
  }

  private func judge(_ difference: Difference, _ seed: UInt32) throws(ObverseError) {
    if let maxDiff, difference.largest > maxDiff {
      throw .limitPassed(
        "seed \(seed): samples differ by \(difference.largest), more than --max-diff \(maxDiff)")
    }
    if let meanDiff, difference.mean > Double(meanDiff) {
      throw .limitPassed(
        "seed \(seed): samples differ by \(Format.significant(difference.mean)) on average, more"
          + " than --mean-diff \(meanDiff)")
    }
    if let psnr, difference.psnr < Double(psnr) {
      throw .limitPassed(
        "seed \(seed): PSNR is \(Format.fixed(difference.psnr, 2)) dB, less than --psnr \(psnr)")
    }
  }

  private func report(
    _ rows: [(seed: UInt32, difference: Difference)], _ a: Side, _ b: Side, _ look: Look
  ) -> String {
    var all = Difference()
    for row in rows { all.add(row.difference) }
    if format == .json {
      func members(_ difference: Difference) -> [(String, JSON)] {
        [
          ("max", .integer(difference.largest)), ("mean", .number(difference.mean)),
          ("psnr_db", .number(difference.psnr)),
        ]
      }
      let images = rows.map { row in
        JSON.object([("seed", .integer(Int(row.seed)))] + members(row.difference))
      }
      return JSON.object(
        [("schema", .text("obverse.compare/1")), ("a", a.json), ("b", b.json)]
          + look.members(nil) + [("images", .list(images)), ("all", .object(members(all)))]
      ).line
    }
    var table = TextTable(
      [.init("seed", number: true)]
        + ["max", "mean", "PSNR dB"].map { .init($0, number: true) })
    for (name, difference) in rows.map({ ("\($0.seed)", $0.difference) }) + [("all", all)] {
      table.add([
        name, "\(difference.largest)", Format.fixed(difference.mean, 4),
        Format.fixed(difference.psnr, 2),
      ])
    }
    return (format == .md ? table.markdown : table.csv).joined(separator: "\n")
  }
}
