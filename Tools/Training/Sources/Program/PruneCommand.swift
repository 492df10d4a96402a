import Core
import Options
import Torch
import Training

/// `obverse-train prune`.
enum PruneCommand: Command {
  static let name = "prune"
  static let table = CommandTable(
    name: name, purpose: "Makes a narrower generator of a teacher's strongest channels.",
    usage: "--teacher FILE --ratio P (or --macs N) --out FILE [OPTIONS]",
    examples: [
      "obverse-train prune --teacher teacher --ratio 0.7 --out pruned.obv",
      "obverse-train prune --teacher faces.obv --macs 1.38G --refit 96 --out r91.obv",
    ],
    operands: 0...0,
    groups: [
      OptionGroup(
        "what is pruned",
        [
          Option(
            "teacher", "FILE", "the generator: .obv, a run, what 'obverse convert' reads"),
          Option(
            "ratio", "P",
            "share of each layer's channels that go, such as 0.7, or one a resolution:"
              + " 32=0.5,64=0.6"),
          Option(
            "macs", "N", "finds widths for that many multiply-adds, such as 1.38G, instead"),
          Option(
            "refit", "N", "fits each layer to the teacher by least squares on N pictures",
            preset: "0"),
          Option(
            "out", "FILE", "the student: .obv, or .safetensors, with the teacher's discriminator"),
          SharedOptions.json,
        ]),
      OptionGroup(
        "what counts",
        [
          Option(
            "score", "NAME",
            "content (CAGC), style (GAN Slimming), diversity (DCP-GAN), weight, incoming,"
              + " activation, deviation, contribution or random",
            preset: "content; with --macs and for MobileStyleGAN contribution", rare: true,
            takes: .choices(PruneSettings.Score.self)),
          Option(
            "budget", "NAME", "uniform (of each layer) or global (one ranking of all)",
            preset: "uniform", rare: true, takes: .choices(PruneSettings.Budget.self)),
          Option(
            "parser", "FILE", "content: BiSeNet's 79999_iter.pth says what is face",
            preset: "the image", rare: true),
          Option(
            "samples", "N", "pictures that the score looks at",
            preset: "400, contribution 32, diversity 5000", rare: true),
          Option("batch", "N", "pictures at once", preset: "8, diversity 5", rare: true),
          Option(
            "compensate", nil, "scales toRGB for the lost channels, which the paper does not",
            rare: true),
          Option(
            "multiple", "N", "rounds widths up to a multiple, such as 8", preset: "1", rare: true),
          SharedOptions.seed,
        ]), DeviceOptions.group,
    ])

  static func run(_ options: ParsedOptions) throws(ObverseError) {
    let device = try DeviceOptions.device(options)
    guard let teacher = options.text("teacher"), let output = options.text("out"),
      options.has("ratio") != options.has("macs")
    else {
      throw .usage(
        "pruning needs --teacher, --out, and --ratio or --macs", hint: "obverse-train help prune")
    }
    try AtomicFile.check(output)
    let most = try options.text("macs").map(macs)
    let file = try GeneratorFile(teacher)
    let isMobile = try file.family() == .mobileStyleGAN
    let score: PruneSettings.Score =
      try options.choice("score") ?? (isMobile || most != nil ? .contribution : .content)
    guard most == nil || score == .contribution else {
      throw .usage("--macs ranks channels by contribution, not by \(score.rawValue)", hint: nil)
    }
    var settings = PruneSettings(perMille: 0, score: score)
    settings.mostMACs = most
    if let text = options.text("ratio") {
      if text.contains("=") {
        settings.perMilleBySide = try ratios(text)
      } else {
        settings.perMille = try perMille(text)
      }
    }
    settings.refit = try options.integer("refit", in: 0...100_000) ?? 0
    settings.budget = try options.choice("budget") ?? settings.budget
    settings.parser = options.text("parser")
    settings.samples = try options.integer("samples", in: 1...1_000_000) ?? settings.samples
    settings.batch = try options.integer("batch", in: 1...4096) ?? settings.batch
    settings.multiple = try options.integer("multiple", in: 1...1024) ?? settings.multiple
    settings.seed = try options.seed
    settings.compensatesRGB = options.has("compensate")
    let say = DeviceOptions.speaker(options)
    let samples = settings.samples
    let countdown = Countdown(of: samples, "pictures scored", say)
    let report = try Pruner.prune(teacher, settings, to: output, device: device) {
      countdown.reached($0)
    }
    report.lines.forEach(say)
    say("wrote \(output)")
    if options.has("json") { Program.answer(try report.json(teacher: teacher, output, settings)) }
  }

  /// Thousandths from a decimal number: 0.7 has no exact Double.
  private static func perMille(_ text: String) throws(ObverseError) -> Int {
    let ratio = Double(text) ?? .nan
    let perMille = Int((min(max(ratio.isNaN ? 2 : ratio, 0), 2) * 1000).rounded())
    guard (0...999).contains(perMille), Double(perMille) / 1000 == ratio else {
      throw .usage(
        "option '--ratio' lies between 0 and 1 and has at most three decimals, unlike \(text)",
        hint: nil)
    }
    return perMille
  }

  /// `SIDE=RATIO,…`.
  private static func ratios(_ text: String) throws(ObverseError) -> [Int: Int] {
    var ratios: [Int: Int] = [:]
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let sides = part.split(separator: "=", omittingEmptySubsequences: false)
      guard sides.count == 2, let side = Int(sides[0]), (4...1024).contains(side),
        side.nonzeroBitCount == 1, ratios[side] == nil
      else {
        throw .usage(
          "'\(part)' in option '--ratio' is no side with a ratio, such as 64=0.6", hint: nil)
      }
      ratios[side] = try perMille(String(sides[1]))
    }
    return ratios
  }

  /// A number of multiply-adds, with a suffix K, M or G if it has one.
  private static func macs(_ text: String) throws(ObverseError) -> Int {
    let factors: [Character: Double] = ["K": 1e3, "M": 1e6, "G": 1e9]
    let factor = text.last.flatMap { factors[$0] }
    guard let number = Double(factor == nil ? text[...] : text.dropLast()), number.isFinite,
      (1...1e15).contains(number * (factor ?? 1))
    else {
      throw .usage(
        "option '--macs' needs a number such as 1.38G, not '\(text)'", hint: nil)
    }
    return Int((number * (factor ?? 1)).rounded(.down))
  }
}
