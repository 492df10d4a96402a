import Core
import Options
import Torch
import Training

/// `obverse-train teacher`.
enum TeacherCommand: Command {
  static let name = "teacher"
  static let table = CommandTable(
    name: name, purpose: "Trains a StyleGAN2 generator on a folder or zip of pictures.",
    usage: "--data PATH --size N --out DIR [OPTIONS]",
    examples: [
      "obverse-train teacher --data faces.zip --size 64 --out teacher",
      "obverse-train teacher --resume teacher --kimg 50000",
    ],
    operands: 0...0,
    groups: RunOptions.groups + [
      OptionGroup(
        "the networks",
        [
          Option(
            "base", "N", "width of a block of side r is min(base / r, widest)", preset: "16384"),
          Option("widest", "N", "most channels of a block", preset: "512"),
          Option("z-dim", "N", "numbers of z", preset: "512", rare: true),
          Option("w-dim", "N", "numbers of w", preset: "512", rare: true),
          Option("mapping-layers", "N", "layers from z to w", preset: "8", rare: true),
          Option("clamp", "X", "bound of activations", preset: "none", rare: true),
          Option(
            "from", "FILE", "checkpoint whose networks it begins with, and whose shapes it has",
            rare: true),
        ]),
      OptionGroup(
        "a start by regression (ours)",
        [
          Option("pairs", "FILE", ".npy or .npz with the w of every image", rare: true),
          Option("pairs-mapping", "FILE", ".npz with the mapping behind these w", rare: true),
          Option("pairs-kimg", "N", "length of the regression", preset: "100", rare: true),
          Option(
            "pairs-squares", nil, "compares squares: rare things are learned sooner", rare: true),
          Option("pairs-psi", "X", "truncation that these w went through", preset: "1", rare: true),
          Option(
            "pairs-features", "FILE", "EfficientNet-Lite0, to compare features as well",
            rare: true),
          Option(
            "pairs-adversarial", "X",
            "keeps the regression, beside an adversarial loss of this weight", rare: true),
          Option(
            "pairs-matching", "X",
            "weight of the discriminator's maps of drawn and real, beside that loss", rare: true),
        ]), DeviceOptions.group,
    ])

  static func run(_ options: ParsedOptions) throws(ObverseError) {
    try RunOptions.run(options, settings: settings)
  }

  private static func settings(_ options: ParsedOptions) throws(ObverseError) -> RunSettings {
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
    settings.clamp = try options.amount("clamp") ?? settings.clamp
    settings.from = options.text("from")
    guard let w = options.text("pairs") else { return settings }
    guard let mapping = options.text("pairs-mapping") else {
      throw .usage("--pairs needs --pairs-mapping: z must lead to the same w", hint: nil)
    }
    settings.pairs = PairedStart(
      w: w, mapping: mapping, kimg: try options.amount("pairs-kimg") ?? 100,
      psi: try options.amount("pairs-psi") ?? 1, features: options.text("pairs-features"),
      adversarial: try options.amount("pairs-adversarial"))
    settings.pairs?.squared = options.has("pairs-squares") ? true : nil
    settings.pairs?.matching = try options.amount("pairs-matching")
    return settings
  }
}
