import Core
import Torch
import Training

/// `obverse-train prune`.
enum PruneCommand: Command {
  static let name = "prune"
  static let summary = "makes a narrower generator of a teacher's strongest channels"
  static let usage = "--teacher FILE --ratio P --out FILE [options]"
  static let options =
    [
      Option("teacher", "FILE", "checkpoint with the generator: a run's state, a .pkl"),
      Option("ratio", "P", "share of each layer's channels that go, such as 0.7"),
      Option("out", "FILE", "the student, .safetensors for 'distil' and 'obverse convert'"),
      Option(
        "score", "NAME",
        "content (CAGC), style (GAN Slimming), diversity (DCP-GAN), weight, incoming, activation,"
          + " deviation or random; content"),
      Option("budget", "NAME", "uniform (of each layer) or global (one ranking of all); uniform"),
      Option("parser", "FILE", "content: BiSeNet's 79999_iter.pth says what is face; the image"),
      Option("samples", "N", "pictures that the score looks at; 400, diversity 5000"),
      Option("batch", "N", "pictures at once; 8, diversity 5"),
      Option("compensate", nil, "scales toRGB for the lost channels, which the paper does not"),
      Option("multiple", "N", "rounds widths up to a multiple, such as 8; 1"),
      Option("seed", "N", "0"),
      Option("json", nil, "prints what was made as JSON"),
    ] + DeviceOptions.table

  static func run(_ options: Options) throws(ObverseError) {
    let device = try DeviceOptions.device(options)
    guard let teacher = options.text("teacher"), let output = options.text("out"),
      let ratio = try options.number("ratio")
    else {
      throw .usage("pruning needs --teacher, --ratio and --out", hint: "obverse-train help prune")
    }
    let perMille = Int((min(ratio, 2) * 1000).rounded())
    guard (1...999).contains(perMille), Double(perMille) / 1000 == ratio else {
      throw .usage(
        "option '--ratio' lies between 0 and 1 and has at most three decimals, unlike"
          + " \(options.text("ratio") ?? "")", hint: nil)
    }
    try AtomicFile.check(output)
    var settings = PruneSettings(
      perMille: perMille, score: try options.choice("score") ?? .content)
    settings.budget = try options.choice("budget") ?? settings.budget
    settings.parser = options.text("parser")
    settings.samples = try options.integer("samples", in: 1...1_000_000) ?? settings.samples
    settings.batch = try options.integer("batch", in: 1...4096) ?? settings.batch
    settings.multiple = try options.integer("multiple", in: 1...1024) ?? settings.multiple
    settings.seed = UInt64(try options.integer("seed", in: 0...Int.max) ?? 0)
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
}
