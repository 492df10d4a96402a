import Core
import Torch
import Training

/// `obverse-train teacher`.
enum TeacherCommand: Command {
  static let name = "teacher"
  static let summary = "trains a StyleGAN2 generator on a folder or zip of pictures"
  static let usage = "--data PATH --size N --out DIR [options], or --resume DIR [--kimg N]"
  static let options =
    RunOptions.table + [
      Option("base", "N", "width of a block of side r is min(base / r, widest); 16384"),
      Option("widest", "N", "512"),
      Option("z-dim", "N", "512"),
      Option("w-dim", "N", "512"),
      Option("mapping-layers", "N", "8"),
      Option("clamp", "X", "bound of activations; none"),
      Option("from", "FILE", "checkpoint whose networks it begins with, and whose shapes it has"),
      Option("pairs", "FILE", ".npy with the w of every image: begins by regression (ours)"),
      Option("pairs-mapping", "FILE", ".npz with the mapping behind these w"),
      Option("pairs-kimg", "N", "length of the regression; 100"),
      Option("pairs-psi", "X", "truncation that these w went through; 1"),
      Option("pairs-features", "FILE", "EfficientNet-Lite0, to compare features as well"),
      Option(
        "pairs-adversarial", "X", "keeps the regression, beside an adversarial loss of this weight"),
    ] + DeviceOptions.table

  static func run(_ options: Options) throws(ObverseError) {
    try RunOptions.run(options, settings: settings)
  }

  private static func settings(_ options: Options) throws(ObverseError) -> RunSettings {
    guard let data = options.text("data"), let size = try options.integer("size", in: 8...1024)
    else { throw .usage("a teacher needs --data and --size", hint: "obverse-train help teacher") }
    var settings = RunSettings(data: data, size: size)
    try RunOptions.apply(options, to: &settings, recipe: "auto")
    settings.base = try options.integer("base", in: 1...1 << 20) ?? settings.base
    settings.widest = try options.integer("widest", in: 1...4096) ?? settings.widest
    settings.zDim = try options.integer("z-dim", in: 1...4096) ?? settings.zDim
    settings.wDim = try options.integer("w-dim", in: 1...4096) ?? settings.wDim
    settings.mappingLayers =
      try options.integer("mapping-layers", in: 1...32) ?? settings.mappingLayers
    settings.clamp = try options.number("clamp") ?? settings.clamp
    settings.from = options.text("from")
    guard let w = options.text("pairs") else { return settings }
    guard let mapping = options.text("pairs-mapping") else {
      throw .usage("--pairs needs --pairs-mapping: z must lead to the same w", hint: nil)
    }
    settings.pairs = PairedStart(
      w: w, mapping: mapping, kimg: try options.number("pairs-kimg") ?? 100,
      psi: try options.number("pairs-psi") ?? 1, features: options.text("pairs-features"),
      adversarial: try options.number("pairs-adversarial"))
    return settings
  }
}
