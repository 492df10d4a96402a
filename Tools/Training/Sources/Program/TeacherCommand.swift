import Core
import Torch
import Training

/// `obverse-train teacher`.
enum TeacherCommand: Command {
  static let name = "teacher"
  static let summary = "trains a StyleGAN2 generator on a folder or zip of pictures"
  static let usage = "--data PATH --size N --out DIR [options], or --resume DIR [--kimg N]"
  static let options =
    [
      Option("data", "PATH", "folder or zip of PNG and JPEG files"),
      Option("out", "DIR", "the run's folder, made if absent"),
      Option("resume", "DIR", "goes on with a run, with its own settings"),
      Option("size", "N", "side of the images, a power of two from 8"),
      Option("recipe", "NAME", "auto (NVlabs' settings for one GPU) or paper256"),
      Option("kimg", "N", "length in thousands of real images; 25000"),
      Option("batch", "N", "images of one step; by size"),
      Option("base", "N", "width of a block of side r is min(base / r, widest); 16384"),
      Option("widest", "N", "512"),
      Option("z-dim", "N", "512"),
      Option("w-dim", "N", "512"),
      Option("mapping-layers", "N", "8"),
      Option("group", "N", "images that the discriminator compares; 4"),
      Option("rate", "X", "Adam's learning rate; 0.0025"),
      Option("gamma", "X", "weight of R1; by size and batch"),
      Option("path-weight", "X", "weight of the path length penalty, 0 for none; 2"),
      Option("mixing", "X", "share of batches with mixed styles; 0.9"),
      Option("ema-kimg", "X", "half-life of the averaged generator; by batch"),
      Option("clamp", "X", "bound of activations; none"),
      Option("no-mirror", nil, "shows no image mirrored"),
      Option("pairs", "FILE", ".npy with the w of every image: begins by regression (ours)"),
      Option("pairs-mapping", "FILE", ".npz with the mapping behind these w"),
      Option("pairs-kimg", "N", "length of the regression; 100"),
      Option("pairs-psi", "X", "truncation that these w went through; 1"),
      Option("seed", "N", "0"),
      Option("tick", "KIMG", "thousands of images between lines of the log; 4"),
      Option("snapshot", "TICKS", "ticks between snapshots; 50"),
    ] + DeviceOptions.table

  /// What may be given beside `--resume`; everything else was settled when the run began.
  private static let free: Set<String> = ["resume", "kimg", "device", "threads", "quiet"]

  static func run(_ options: Options) throws(ObverseError) {
    let device = try DeviceOptions.device(options)
    let isQuiet = options.has("quiet")
    let report: (String) -> Void = { if !isQuiet { Program.say($0) } }
    report("LibTorch \(Torch.version) on \(device.rawValue), \(Torch.threads) CPU threads")
    let run: Run
    if let folder = options.text("resume") {
      if let name = options.given.first(where: { !free.contains($0) }) {
        throw .usage("option '--\(name)' cannot change with --resume", hint: nil)
      }
      run = try .resume(
        folder, kimg: try options.number("kimg"), device: device, report: report)
    } else {
      guard let folder = options.text("out") else {
        throw .usage(
          "a teacher needs a folder for its run", hint: "obverse-train teacher --out DIR …")
      }
      run = try .start(try settings(options), in: folder, device: device, report: report)
    }
    Interrupt.listen()
    guard try run.train(shouldStop: { Interrupt.isRequested }) else { throw .cancelled }
  }

  private static func settings(_ options: Options) throws(ObverseError) -> RunSettings {
    guard let data = options.text("data"), let size = try options.integer("size", in: 8...1024)
    else { throw .usage("a teacher needs --data and --size", hint: "obverse-train help") }
    var settings = RunSettings(data: data, size: size)
    let batch = try options.integer("batch", in: 2...4096)
    switch options.text("recipe") ?? "auto" {
    case "auto": if let batch { settings.takeBatch(batch) }
    case "paper256":
      settings.takePaper256()
      if let batch { settings.batch = batch }
    case let name:
      throw .usage("option '--recipe' is one of auto, paper256, not '\(name)'", hint: nil)
    }
    settings.kimg = try options.number("kimg") ?? settings.kimg
    settings.base = try options.integer("base", in: 1...1 << 20) ?? settings.base
    settings.widest = try options.integer("widest", in: 1...4096) ?? settings.widest
    settings.zDim = try options.integer("z-dim", in: 1...4096) ?? settings.zDim
    settings.wDim = try options.integer("w-dim", in: 1...4096) ?? settings.wDim
    settings.mappingLayers =
      try options.integer("mapping-layers", in: 1...32) ?? settings.mappingLayers
    settings.groupSize = try options.integer("group", in: 1...4096) ?? settings.groupSize
    settings.rate = try options.number("rate") ?? settings.rate
    settings.gamma = try options.number("gamma") ?? settings.gamma
    settings.pathWeight = try options.number("path-weight") ?? settings.pathWeight
    settings.mixing = try options.number("mixing") ?? settings.mixing
    settings.emaKimg = try options.number("ema-kimg") ?? settings.emaKimg
    settings.clamp = try options.number("clamp") ?? settings.clamp
    if options.has("no-mirror") { settings.mirror = false }
    if let w = options.text("pairs") {
      guard let mapping = options.text("pairs-mapping") else {
        throw .usage("--pairs needs --pairs-mapping: z must lead to the same w", hint: nil)
      }
      settings.pairs = PairedStart(
        w: w, mapping: mapping, kimg: try options.number("pairs-kimg") ?? 100,
        psi: try options.number("pairs-psi") ?? 1)
    }
    settings.seed = UInt64(try options.integer("seed", in: 0...Int.max) ?? 0)
    settings.tickKimg = try options.number("tick") ?? settings.tickKimg
    settings.snapshotTicks =
      try options.integer("snapshot", in: 1...1_000_000) ?? settings.snapshotTicks
    return settings
  }
}
