import Core
import Options
import Torch
import Training

/// `obverse-train cut`.
enum CutCommand: Command {
  static let name = "cut"
  static let table = CommandTable(
    name: name, purpose: "Ends a MobileStyleGAN early, and trains its new last layers.",
    usage: "--model FILE --data DIR --size N --features FILE --out DIR [OPTIONS]",
    examples: [
      "obverse-train cut @cut.options --model source.obv --data learn --out cut",
      "obverse-train cut --resume cut",
    ],
    operands: 0...0,
    groups: [
      OptionGroup(
        "what is cut",
        [
          Option("model", "FILE", "the source: .obv, or what 'obverse convert' reads"),
          Option(
            "fit", "N", "pictures that the last layer is fitted to by least squares",
            preset: "1000"),
          Option("fit-places", "N", "pixels of each", preset: "256", rare: true),
          Option(
            "fit-steps", "N", "of Adam, for the styles of the last layer", preset: "2000",
            rare: true),
          Option(
            "blocks", "N", "blocks below the last layer that are trained too", preset: "1"),
          Option(
            "head-kimg", "N", "thousands of images for the last layer alone, at first",
            preset: "0.1", rare: true),
          Option(
            "d-widths", "LIST", "channels of the discriminator, from 4x4 up",
            preset: "as many as needed", rare: true),
        ]),
      OptionGroup("how pictures are compared", PairOptions.options),
    ] + RunOptions.groups + [DeviceOptions.group])

  static func run(_ options: ParsedOptions) throws(ObverseError) {
    try RunOptions.run(options, settings: settings, prepare: fit)
  }

  private static func settings(_ options: ParsedOptions) throws(ObverseError) -> RunSettings {
    guard let data = options.text("data"), let size = try options.integer("size", in: 16...512),
      let model = options.text("model"), let folder = options.text("out")
    else {
      throw .usage(
        "a cut needs --model, --data, --size and --out", hint: "obverse-train help cut")
    }
    var settings = RunSettings(data: data, size: size)
    try RunOptions.apply(options, to: &settings, recipe: "auto")
    let cut = try Cut.generator(try GeneratorFile(model).generator(), to: size)
    try PairOptions.apply(
      options, to: &settings,
      layers: Cut.lastLayers(
        of: cut.shape, blocks: try options.integer("blocks", in: 0...8) ?? 1),
      headKimg: try options.amount("head-kimg") ?? 0.1)
    settings.bandWidths = try widths(options, size: size)
    settings.from = "\(folder)/start.obv"
    return settings
  }

  /// Fits the last layer of the cut generator to pictures, and writes what the run begins with.
  private static func fit(
    _ options: ParsedOptions, _ settings: RunSettings
  ) throws(ObverseError) {
    guard let model = options.text("model"), let start = settings.from else { return }
    // Before minutes of fitting.
    try Run.makeFolder(options.text("out") ?? "")
    let source = try GeneratorFile(model)
    let cut = try Cut.generator(try source.generator(), to: settings.size)
    let say = DeviceOptions.speaker(options)
    let pictures = try ImageData(settings.data, size: settings.size, part: settings.part)
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
    try source.writeModel(of: cut, to: start)
  }

  private static func percent(_ share: Double) -> String {
    "\((share * 10_000).rounded() / 100) %"
  }

  /// Channels of the discriminator: 96 where maps are small, fewer towards the image.
  private static func widths(_ options: ParsedOptions, size: Int) throws(ObverseError) -> [Int] {
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
