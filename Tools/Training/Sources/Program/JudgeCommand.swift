import Core
import Torch
import Training

/// `obverse-train judge`.
enum JudgeCommand: Command {
  static let name = "judge"
  static let summary = "trains the small network that 'evaluate' measures with, on pictures alone"
  static let usage = "--data PATH --size N --out FILE [options]"
  static let options =
    DataOptions.table + [
      Option("out", "FILE", "the network, .safetensors"),
      Option("steps", "N", "2000"),
      Option("batch", "N", "64"),
      Option("minutes", "N", "stops after that time"),
      Option("seed", "N", "0"),
      Option("json", nil, "prints what was made as JSON"),
    ] + DeviceOptions.table

  static func run(_ options: Options) throws(ObverseError) {
    let device = try DeviceOptions.device(options)
    let say = DeviceOptions.speaker(options)
    let (data, output) = try DataOptions.data(options, say, needs: "a judge")
    var trainer = JudgeTrainer(size: data.size)
    trainer.steps = try options.integer("steps", in: 1...10_000_000) ?? trainer.steps
    trainer.batch = try options.integer("batch", in: 2...4096) ?? trainer.batch
    trainer.seed = UInt64(try options.integer("seed", in: 0...Int.max) ?? 0)
    let minutes = try options.number("minutes") ?? 1e6
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
