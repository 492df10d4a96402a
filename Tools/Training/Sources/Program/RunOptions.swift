import Core
import Options
import Torch
import Training

/// What teachers and students have in common: a run's folder, its length and its optimiser.
enum RunOptions {
  static let groups = [
    OptionGroup(
      "the run",
      DataOptions.options + [
        Option("out", "DIR", "the run's folder, made if absent"),
        Option("resume", "DIR", "goes on with a run, with its own settings", rare: true),
        Option("go-on", nil, "begins the run in --out, or goes on with it"),
        Option(
          "kimg", "N", "length in thousands of real images", preset: "25000",
          detail: "A run that goes on takes a new length."),
        Option("minutes", "N", "stops after that time, and saves", rare: true),
        Option(
          "recipe", "NAME", "auto (NVlabs' for one GPU; teachers) or paper256 (students)",
          rare: true, takes: .words(["auto", "paper256"])),
        Option("batch", "N", "images of one step", preset: "by recipe", rare: true),
        Option(
          "group", "N", "images that a discriminator compares", preset: "by recipe", rare: true),
        Option("rate", "X", "Adam's learning rate", preset: "0.0025", rare: true),
        Option("gamma", "X", "weight of R1", preset: "by recipe", rare: true),
        Option(
          "path-weight", "X", "weight of the path length penalty, 0 for none", preset: "2",
          rare: true),
        Option("mixing", "X", "share of batches with mixed styles", preset: "0.9", rare: true),
        Option(
          "ema-kimg", "X", "half-life of the averaged generator", preset: "by recipe", rare: true),
        Option(
          "ada", "X", "adaptive augmentation; the mean sign of real scores, NVlabs' is 0.6",
          rare: true),
        Option("no-mirror", nil, "shows no image mirrored", rare: true), SharedOptions.seed,
        Option(
          "tick", "KIMG", "thousands of images between lines of the log", preset: "4", rare: true),
        Option("snapshot", "TICKS", "ticks between snapshots", preset: "50", rare: true),
        Option(
          "light", nil, "also saves networks alone in 16 bits, in parts below 16 MB", rare: true),
        Option("bf16", nil, "bfloat16 factors where no gradient is differentiated", rare: true),
      ])
  ]

  /// What may be given beside `--resume`; everything else was settled when the run began.
  private static let free: Set<String> = [
    "resume", "kimg", "minutes", "light", "bf16", "device", "threads", "no-tf32", "quiet",
  ]

  /// Changes what both kinds of run have.
  static func apply(
    _ options: ParsedOptions, to settings: inout RunSettings, recipe preset: String
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
    settings.kimg = try options.amount("kimg") ?? settings.kimg
    settings.groupSize = try options.integer("group", in: 1...4096) ?? settings.groupSize
    settings.rate = try options.amount("rate") ?? settings.rate
    settings.gamma = try options.amount("gamma") ?? settings.gamma
    settings.pathWeight = try options.amount("path-weight") ?? settings.pathWeight
    settings.mixing = try options.amount("mixing") ?? settings.mixing
    settings.emaKimg = try options.amount("ema-kimg") ?? settings.emaKimg
    settings.augmentTarget = try options.amount("ada")
    if options.has("no-mirror") { settings.mirror = false }
    settings.skip = try options.integer("skip", in: 0...1_000_000_000)
    settings.take = try options.integer("take", in: 1...1_000_000_000)
    settings.seed = try options.seed
    settings.tickKimg = try options.amount("tick") ?? settings.tickKimg
    settings.snapshotTicks =
      try options.integer("snapshot", in: 1...1_000_000) ?? settings.snapshotTicks
  }

  /// Starts or resumes a run, and trains it to its end.
  ///
  /// - Parameters:
  ///   - options: Given words.
  ///   - settings: Makes settings of them, and nothing else.
  ///   - prepare: Makes what a new run begins with.
  /// - Throws: What all of these say.
  static func run(
    _ options: ParsedOptions,
    settings: (ParsedOptions) throws(ObverseError) -> RunSettings,
    prepare: (ParsedOptions, RunSettings) throws(ObverseError) -> Void = { _, _ in }
  ) throws(ObverseError) {
    let device = try DeviceOptions.device(options)
    let processes = try ProcessVariables.read()?.join(device, DeviceOptions.speaker(options))
    do throws(ObverseError) {
      let isFirst = processes?.rank ?? 0 == 0
      let say = isFirst ? DeviceOptions.speaker(options) : { _ in }
      say("LibTorch \(Torch.version) on \(device.rawValue), \(Torch.threads) CPU threads")
      let run: Run
      if let folder = try resumed(options, settings) {
        run = try .resume(
          folder, kimg: try options.amount("kimg"), device: device, processes: processes,
          report: say)
      } else {
        guard let folder = options.text("out") else {
          throw .usage("a run needs a folder: --out DIR", hint: nil)
        }
        let settings = try settings(options)
        try settings.check(processes: processes?.count ?? 1)
        try prepare(options, settings)
        run = try .start(
          settings, in: folder, device: device, processes: processes, report: say)
      }
      try train(run, options, device)
    } catch {
      processes?.leave(isDone: error == .cancelled)
      throw error
    }
    processes?.leave(isDone: true)
  }

  /// The folder of the run that goes on; nil where one begins.
  ///
  /// - Throws: `usage` where words ask for other settings than the run has.
  private static func resumed(
    _ options: ParsedOptions, _ settings: (ParsedOptions) throws(ObverseError) -> RunSettings
  ) throws(ObverseError) -> String? {
    if let folder = options.text("resume") {
      if let name = options.given.first(where: { !free.contains($0) }) {
        throw .usage("option '--\(name)' cannot change with --resume", hint: nil)
      }
      return folder
    }
    guard options.has("go-on"), let folder = options.text("out"), Run.isIn(folder) else {
      return nil
    }
    let stored = try Run.settings(in: folder)
    // Its length alone may change, and what follows from its length must not.
    let asked = try settings(options.replacing("kimg", with: "\(stored.kimg)"))
    guard asked == stored else {
      throw .usage(
        "the run in '\(folder)' has other settings than these words make:"
          + " \(asked.differences(from: stored).joined(separator: ", "))",
        hint: "--resume \(folder) goes on with its own")
    }
    return folder
  }

  private static func train(
    _ run: Run, _ options: ParsedOptions, _ device: Device
  ) throws(ObverseError) {
    let minutes = try options.amount("minutes")
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
