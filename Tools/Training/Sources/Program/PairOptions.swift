import Core
import Options
import Torch
import Training

/// The options of training towards pictures whose w is known, which cuts and students share.
enum PairOptions {
  static let options = [
    Option(
      "features", "FILE", "EfficientNet-Lite0, whose maps of drawn and real are compared",
      rare: true),
    Option(
      "tune", "X", "a step as a share of each tensor's root mean square", preset: "0.0025",
      rare: true),
    Option(
      "fall", "X", "share of the run over whose end that rate falls", preset: "0.25", rare: true),
    Option("crop", "N", "side of the parts whose features are compared", preset: "96", rare: true),
    Option(
      "alone-kimg", "N", "thousands of images before discriminators play", preset: "half of --kimg",
      rare: true),
    Option(
      "adversarial", "X", "weight of adversarial losses, 0 for none", preset: "0.1", rare: true),
    Option(
      "matching", "X", "weight of the discriminators' maps of drawn and real", preset: "0.5",
      rare: true),
    Option(
      "held-out", "N", "pictures kept out of training, to measure with", preset: "64", rare: true),
  ]

  static let names = Set(options.map(\.name))

  /// Changes settings to those of a generator that is good already, and is compared with pictures.
  ///
  /// - Parameters:
  ///   - options: Given words.
  ///   - settings: Have the run's options applied.
  ///   - layers: Beginnings of the names of parameters that move.
  ///   - headKimg: Thousands of images for the layer to the image alone.
  /// - Throws: `usage`.
  static func apply(
    _ options: ParsedOptions, to settings: inout RunSettings, layers: [String], headKimg: Double
  ) throws(ObverseError) {
    settings.batch = try options.integer("batch", in: 2...4096) ?? 4
    settings.groupSize = try options.integer("group", in: 1...4096) ?? min(settings.batch, 4)
    settings.kimg = try options.amount("kimg") ?? 10
    settings.rate = try options.amount("rate") ?? 0.0005
    settings.gamma = try options.amount("gamma") ?? 1
    settings.emaKimg = try options.amount("ema-kimg") ?? 0.5
    settings.emaRampUp = nil
    settings.tickKimg = try options.amount("tick") ?? 0.1
    settings.snapshotTicks = try options.integer("snapshot", in: 1...1_000_000) ?? 10
    // The mirrored picture has another w.
    settings.mirror = false
    settings.heldOut = try options.integer("held-out", in: 0...100_000) ?? 64
    let adversarial = try options.amount("adversarial") ?? 0.1
    var pairs = PairedStart(
      kimg: try options.amount("alone-kimg") ?? settings.kimg / 2,
      features: options.text("features"), adversarial: adversarial > 0 ? adversarial : nil)
    if adversarial == 0 { pairs.kimg = settings.kimg }
    pairs.crop = try options.integer("crop", in: 16...1024) ?? 96
    pairs.matching = try options.amount("matching") ?? 0.5
    settings.pairs = pairs
    var tuning = Tuning(layers: layers, headKimg: headKimg)
    tuning.rate = try options.amount("tune") ?? tuning.rate
    tuning.fall = try options.amount("fall") ?? tuning.fall
    settings.tuning = tuning
  }
}
