import Core
import Options
import Torch
import Training

/// `obverse-train moments`.
enum MomentsCommand: Command {
  static let name = "moments"
  static let table = CommandTable(
    name: name, purpose: "Takes DiME's moments of very many of a teacher's images.",
    usage: "--teacher FILE --efficientnet FILE --out FILE [OPTIONS]",
    examples: [
      "obverse-train moments --teacher run --efficientnet e.pth --out m.safetensors"
    ],
    operands: 0...0,
    groups: [
      OptionGroup(
        "what is looked at",
        [
          Option("teacher", "FILE", "checkpoint with the generator"),
          Option("count", "N", "images", preset: "50000"),
          Option("batch", "N", "images at once", preset: "16", rare: true), SharedOptions.seed,
          Option("out", "FILE", "the moments, .safetensors"),
        ]), OptionGroup("frozen networks", KernelOptions.options),
      OptionGroup(
        "how",
        [
          Option(
            "normalize", nil, "applies each network's own mean and deviation; off, as coded",
            rare: true)
        ]), DeviceOptions.group,
    ])

  static func run(_ options: ParsedOptions) throws(ObverseError) {
    let device = try DeviceOptions.device(options)
    let kernels = KernelOptions.kernels(options)
    guard let teacher = options.text("teacher"), let output = options.text("out"), !kernels.isEmpty
    else {
      throw .usage(
        "moments need --teacher, --out and a network, such as --efficientnet",
        hint: "obverse-train help moments")
    }
    try AtomicFile.check(output)
    var settings = MomentMaker.Settings()
    settings.count = try options.integer("count", in: 2...10_000_000) ?? settings.count
    settings.batch = try options.integer("batch", in: 1...4096) ?? settings.batch
    settings.seed = try options.seed
    let say = DeviceOptions.speaker(options)
    let countdown = Countdown(of: settings.count, "images", say)
    try MomentMaker.make(
      teacher, kernels: kernels, normalizes: options.has("normalize"), settings, to: output,
      device: device, progress: countdown.reached)
    say("wrote \(output): moments of \(settings.count) images")
  }
}
