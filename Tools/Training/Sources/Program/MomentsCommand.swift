import Core
import Torch
import Training

/// `obverse-train moments`.
enum MomentsCommand: Command {
  static let name = "moments"
  static let summary = "takes DiME's moments of very many of a teacher's images"
  static let usage = "--teacher FILE --efficientnet FILE --out FILE [options]"
  static let options =
    [
      Option("teacher", "FILE", "checkpoint with the generator"),
      Option("out", "FILE", "the moments, .safetensors"),
    ] + KernelOptions.table + [
      Option("normalize", nil, "applies each network's own mean and deviation; off, as coded"),
      Option("count", "N", "images; 50000"),
      Option("batch", "N", "images at once; 16"),
      Option("seed", "N", "0"),
    ] + DeviceOptions.table

  static func run(_ options: Options) throws(ObverseError) {
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
    settings.seed = UInt64(try options.integer("seed", in: 0...Int.max) ?? 0)
    let say = DeviceOptions.speaker(options)
    let countdown = Countdown(of: settings.count, "images", say)
    try MomentMaker.make(
      teacher, kernels: kernels, normalizes: options.has("normalize"), settings, to: output,
      device: device, progress: countdown.reached)
    say("wrote \(output): moments of \(settings.count) images")
  }
}
