import Core
import Torch
import Training

/// `obverse-train cut`.
enum CutCommand: Command {
  static let name = "cut"
  static let summary = "ends a MobileStyleGAN generator early, and trains its new last layers"
  static let usage =
    "--model FILE --data DIR --size N --features FILE --out DIR [options], or --resume DIR"
  static let options =
    [
      Option("model", "FILE", "the source: .obv, or what 'obverse convert' reads"),
      Option("fit", "N", "pictures that the last layer is fitted to by least squares; 1000"),
      Option("fit-places", "N", "pixels of each; 256"),
      Option("fit-steps", "N", "of Adam, for the styles of the last layer; 2000"),
      Option("blocks", "N", "blocks below the last layer that are trained too; 1"),
      Option("head-kimg", "N", "thousands of images for the last layer alone, at first; 0.1"),
      Option("d-widths", "LIST", "channels of the discriminator, from 4x4 up; as many as needed"),
    ] + PairOptions.table + RunOptions.table + DeviceOptions.table

  static func run(_ options: Options) throws(ObverseError) {
    try RunOptions.run(options, settings: settings)
  }

  private static func settings(_ options: Options) throws(ObverseError) -> RunSettings {
    guard let data = options.text("data"), let size = try options.integer("size", in: 16...512),
      let model = options.text("model"), let folder = options.text("out")
    else {
      throw .usage(
        "a cut needs --model, --data, --size and --out", hint: "obverse-train help cut")
    }
    var settings = RunSettings(data: data, size: size)
    try RunOptions.apply(options, to: &settings, recipe: "auto")
    let source = try TeacherFile(model)
    let cut = try Cut.generator(try source.generator(), to: size)
    try PairOptions.apply(
      options, to: &settings,
      layers: Cut.lastLayers(
        of: cut.shape, blocks: try options.integer("blocks", in: 0...8) ?? 1),
      headKimg: try options.number("head-kimg") ?? 0.1)
    settings.bandWidths = try widths(options, size: size)
    settings.from = "\(folder)/start.obv"
    try settings.check()

    // Before minutes of fitting.
    try Run.makeFolder(folder)
    let say = DeviceOptions.speaker(options)
    let pictures = try ImageData(data, size: size, part: settings.part)
    let count = min(try options.integer("fit", in: 8...1_000_000) ?? 1000, pictures.count)
    let countdown = Countdown(of: count, "pictures for the last layer", say)
    let fit = try HeadFit(
      cut, pictures, count: count,
      places: try options.integer("fit-places", in: 1...1 << 16) ?? 256, seed: settings.seed
    ) { countdown.reached($0) }
    let report = fit.fit(
      steps: try options.integer("fit-steps", in: 0...1_000_000) ?? 2000, seed: settings.seed)
    say(
      "least squares leave \(percent(report.linear)) of the bands, with styles"
        + " \(percent(report.styled))")
    try source.writeModel(of: cut, to: "\(folder)/start.obv")
    return settings
  }

  private static func percent(_ share: Double) -> String {
    "\((share * 10_000).rounded() / 100) %"
  }

  /// Channels of the discriminator: 96 where maps are small, fewer towards the image.
  private static func widths(_ options: Options, size: Int) throws(ObverseError) -> [Int] {
    let count = size.trailingZeroBitCount - 2
    guard let text = options.text("d-widths") else {
      return (0..<count).map { min(96, 32 << (count - 1 - $0)) }
    }
    let widths = text.split(separator: ",").compactMap { Int($0) }
    guard widths.count == count, widths.allSatisfy((1...4096).contains) else {
      throw .usage(
        "option '--d-widths' needs \(count) numbers for images of \(size) px, from 4x4 up",
        hint: nil)
    }
    return widths
  }
}
