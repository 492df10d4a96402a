import Core
import Torch
import Training

/// What teachers and students have in common: a run's folder, its length and its optimiser.
enum RunOptions {
  static let table =
    DataOptions.table + [
      Option("out", "DIR", "the run's folder, made if absent"),
      Option("resume", "DIR", "goes on with a run, with its own settings"),
      Option("recipe", "NAME", "auto (NVlabs' for one GPU; teachers) or paper256 (students)"),
      Option("kimg", "N", "length in thousands of real images; 25000"),
      Option("minutes", "N", "stops after that time, and saves"),
      Option("batch", "N", "images of one step; by recipe"),
      Option("group", "N", "images that a discriminator compares; by recipe"),
      Option("rate", "X", "Adam's learning rate; 0.0025"),
      Option("gamma", "X", "weight of R1; by recipe"),
      Option("path-weight", "X", "weight of the path length penalty, 0 for none; 2"),
      Option("mixing", "X", "share of batches with mixed styles; 0.9"),
      Option("ema-kimg", "X", "half-life of the averaged generator; by recipe"),
      Option("ada", "X", "adaptive augmentation; the mean sign of real scores, NVlabs' is 0.6"),
      Option("no-mirror", nil, "shows no image mirrored"),
      Option("seed", "N", "0"),
      Option("tick", "KIMG", "thousands of images between lines of the log; 4"),
      Option("snapshot", "TICKS", "ticks between snapshots; 50"),
      Option("light", nil, "also saves networks alone in 16 bits, in parts below 16 MB"),
      Option("bf16", nil, "bfloat16 factors where no gradient is differentiated"),
    ]

  /// What may be given beside `--resume`; everything else was settled when the run began.
  private static let free: Set<String> = [
    "resume", "kimg", "minutes", "light", "bf16", "device", "threads", "no-tf32", "quiet",
  ]

  /// Changes what both kinds of run have.
  static func apply(
    _ options: Options, to settings: inout RunSettings, recipe preset: String
  ) throws(ObverseError) {
    let batch = try options.integer("batch", in: 2...4096)
    switch options.text("recipe") ?? preset {
    case "auto": if let batch { settings.takeBatch(batch) }
    case "paper256":
      settings.takePaper256()
      if let batch {
        settings.batch = batch
        settings.groupSize = min(settings.groupSize, batch)
      }
    case let name:
      throw .usage("option '--recipe' is one of auto, paper256, not '\(name)'", hint: nil)
    }
    settings.kimg = try options.number("kimg") ?? settings.kimg
    settings.groupSize = try options.integer("group", in: 1...4096) ?? settings.groupSize
    settings.rate = try options.number("rate") ?? settings.rate
    settings.gamma = try options.number("gamma") ?? settings.gamma
    settings.pathWeight = try options.number("path-weight") ?? settings.pathWeight
    settings.mixing = try options.number("mixing") ?? settings.mixing
    settings.emaKimg = try options.number("ema-kimg") ?? settings.emaKimg
    settings.augmentTarget = try options.number("ada")
    if options.has("no-mirror") { settings.mirror = false }
    settings.skip = try options.integer("skip", in: 0...1_000_000_000)
    settings.take = try options.integer("take", in: 1...1_000_000_000)
    settings.seed = UInt64(try options.integer("seed", in: 0...Int.max) ?? 0)
    settings.tickKimg = try options.number("tick") ?? settings.tickKimg
    settings.snapshotTicks =
      try options.integer("snapshot", in: 1...1_000_000) ?? settings.snapshotTicks
  }

  /// Starts or resumes a run, and trains it to its end.
  static func run(
    _ options: Options, settings: (Options) throws(ObverseError) -> RunSettings
  ) throws(ObverseError) {
    let device = try DeviceOptions.device(options)
    let processes = try ProcessVariables.read()?.join(device, DeviceOptions.speaker(options))
    do throws(ObverseError) {
      try run(options, device, processes, settings: settings)
    } catch {
      processes?.leave(isDone: error == .cancelled)
      throw error
    }
    processes?.leave(isDone: true)
  }

  private static func run(
    _ options: Options, _ device: Device, _ processes: Processes?,
    settings: (Options) throws(ObverseError) -> RunSettings
  ) throws(ObverseError) {
    let say = processes?.rank ?? 0 == 0 ? DeviceOptions.speaker(options) : { _ in }
    say("LibTorch \(Torch.version) on \(device.rawValue), \(Torch.threads) CPU threads")
    let minutes = try options.number("minutes")
    let run: Run
    if let folder = options.text("resume") {
      if let name = options.given.first(where: { !free.contains($0) }) {
        throw .usage("option '--\(name)' cannot change with --resume", hint: nil)
      }
      run = try .resume(
        folder, kimg: try options.number("kimg"), device: device, processes: processes, report: say)
    } else {
      guard let folder = options.text("out") else {
        throw .usage("a run needs a folder: --out DIR", hint: nil)
      }
      run = try .start(
        try settings(options), in: folder, device: device, processes: processes, report: say)
    }
    run.savesLightly = options.has("light")
    run.trainer.usesBFloat16 = options.has("bf16")
    try run.noteOrigin(device: device)
    Interrupt.listen()
    let start = ContinuousClock.now
    let isDone = try run.train {
      guard !Interrupt.isRequested else { return true }
      guard let minutes else { return false }
      return ContinuousClock.now - start >= .seconds(minutes * 60)
    }
    // Time that was asked for and is up is no interruption.
    if !isDone, Interrupt.isRequested { throw .cancelled }
  }
}
