import Core
import Options
import Torch
import Training

/// `obverse-train mapping`.
enum MappingCommand: Command {
  static let name = "mapping"
  static let table = CommandTable(
    name: name, purpose: "Fits a mapping network to known pairs of z and w.",
    usage: "--latents FILE.npz --out FILE.npz [OPTIONS]",
    examples: ["obverse-train mapping --latents latents.npz --out mapping.npz"],
    operands: 0...0,
    groups: [
      OptionGroup(
        "what is fitted",
        [
          Option("latents", "FILE", ".npz with z and w, a row for each picture"),
          Option("out", "FILE", "the mapping, .npz, for 'teacher --pairs-mapping'"),
          Option("layers", "N", "layers from z to w", preset: "8"),
        ]),
      OptionGroup(
        "how",
        [
          Option("steps", "N", "steps of Adam", preset: "40000"),
          SharedOptions.seed,
        ]), DeviceOptions.group,
    ])

  static func run(_ options: ParsedOptions) throws(ObverseError) {
    let device = try DeviceOptions.device(options)
    guard let latents = options.text("latents"), let output = options.text("out") else {
      throw .usage("a mapping needs --latents and --out", hint: "obverse-train help mapping")
    }
    try AtomicFile.check(output)
    var fit = MappingFit()
    fit.layers = try options.integer("layers", in: 1...32) ?? fit.layers
    fit.steps = try options.integer("steps", in: 1...100_000_000) ?? fit.steps
    fit.seed = try options.seed
    let say = DeviceOptions.speaker(options)
    let countdown = Countdown(of: fit.steps, "steps", say)
    let share = try fit.fit(latents, to: output, on: device, progress: countdown.reached)
    say("wrote \(output): it finds \((share * 1000).rounded() / 10) % of w's variance")
  }
}
