import Core
import Options
import Torch
import Training

/// `obverse-train judge`.
enum JudgeCommand: Command {
  static let name = "judge"
  static let table = CommandTable(
    name: name, purpose: "Trains the small network that 'evaluate' measures with.",
    usage: "--data PATH --size N --out FILE [OPTIONS]",
    examples: [
      "obverse-train judge --data faces.zip --size 64 --out judge.safetensors",
      "obverse-train judge --data faces.zip --size 64 --minutes 20 --out j.safetensors",
    ],
    operands: 0...0,
    groups: [
      OptionGroup("the pictures", DataOptions.options),
      OptionGroup(
        "the network",
        [
          Option("out", "FILE", "the network, .safetensors"),
          Option("steps", "N", "steps of Adam", preset: "2000"),
          Option("batch", "N", "pictures of a step", preset: "64"),
          Option("minutes", "N", "stops after that time"), SharedOptions.seed,
          SharedOptions.json,
        ]), DeviceOptions.group,
    ], notes: ["It sees pictures alone, and no loss sees it."])

  static func run(_ options: ParsedOptions) throws(ObverseError) {
    let device = try DeviceOptions.device(options)
    let say = DeviceOptions.speaker(options)
    let (data, output) = try DataOptions.data(options, say, needs: "a judge")
    var trainer = JudgeTrainer(size: data.size)
    trainer.steps = try options.integer("steps", in: 1...10_000_000) ?? trainer.steps
    trainer.batch = try options.integer("batch", in: 2...4096) ?? trainer.batch
    trainer.seed = try options.seed
    let minutes = try options.amount("minutes") ?? 1e6
    let start = ContinuousClock.now
    let countdown = Countdown(of: trainer.steps, "steps", say)
    let report = try trainer.train(data, to: output, on: device) { step, _ in
      countdown.reached(step)
    } shouldStop: {
      ContinuousClock.now - start >= .seconds(minutes * 60)
    }
    say("wrote \(output), loss \((report.loss * 1000).rounded() / 1000)")
    if options.has("json") {
      Program.answer(try report.json(output, data: options.text("data") ?? ""))
    }
  }
}
