import Core
import Networks
import Options
import Torch
import Training

/// `obverse-train evaluate`.
enum EvaluateCommand: Command {
  static let name = "evaluate"
  static let table = CommandTable(
    name: name, purpose: "Measures a generator against real pictures.",
    usage: "--model FILE --data PATH --size N --out FILE [OPTIONS]",
    examples: [
      "obverse-train evaluate --model student --data faces.zip --size 64 --out s.json",
      "obverse-train evaluate --model s.obv --source faces.obv --size 256 --out s.json",
    ],
    operands: 0...0,
    groups: [
      OptionGroup(
        "what is measured",
        [Option("model", "FILE", "checkpoint with the generator, or a .obv")]
          + DataOptions.options + [
            Option(
              "source", "FILE",
              "instead of --data: draws a .obv, seeds from --seed on, to compare with",
              takes: .files(["obv"])),
            Option(
              "w", "FILE",
              ".npy of the w that --source draws instead of seeds; --skip leaves some out",
              rare: true, takes: .files(["npy"])),
            Option(
              "count", "N", "drawn images, and real ones if there are", preset: "10000"),
            Option("batch", "N", "images at once", preset: "32", rare: true),
            SharedOptions.seed,
          ]),
      OptionGroup(
        "where to",
        [
          Option("out", "FILE", "the report, JSON"),
          Option(
            "strip", "FILE",
            ".png or .jpg of eight pictures, and below them those of the same w", rare: true),
        ]),
      OptionGroup("frozen networks", KernelOptions.options),
      OptionGroup(
        "other measures",
        [
          Option("judge", "FILE", "the network of 'obverse-train judge'"),
          Option(
            "identity", "PROGRAM",
            "Tools/Training/identity: is the face of a w the same person?", rare: true,
            takes: .files([])),
          Option(
            "inception", "FILE", "pytorch-fid's pt_inception-2015-12-05: FID by its port",
            rare: true),
          PerceptualOptions.vgg, PerceptualOptions.lpips,
          Option(
            "no-patches", nil, "leaves the sliced Wasserstein distance out", rare: true),
        ]), DeviceOptions.group,
    ],
    notes: [
      "Each number stands under its full name. With --vgg and --lpips the perceptual path length is"
        + " measured too."
    ])

  static func run(_ options: ParsedOptions) throws(ObverseError) {
    let device = try DeviceOptions.device(options)
    let say = DeviceOptions.speaker(options)
    guard let model = options.text("model") else {
      throw .usage("an evaluation needs --model", hint: "obverse-train help evaluate")
    }
    let recognizer = try options.text("identity").map { path throws(ObverseError) in
      try Recognizer(path)
    }
    let (data, output, scratch) = try pictures(options, say)
    defer { withExtendedLifetime(scratch) {} }
    let strip = options.text("strip")
    if let strip { try AtomicFile.check(strip) }
    guard recognizer == nil && strip == nil || data.wDim != nil else {
      throw .usage(
        "--identity and --strip compare faces of the same w, and these are pictures without w",
        hint: "--source FILE, or --data DIR of 'obverse-train pictures'")
    }
    var settings = Evaluation.Settings()
    settings.count = try options.integer("count", in: 2...10_000_000) ?? settings.count
    settings.batch = try options.integer("batch", in: 1...4096) ?? settings.batch
    settings.seed = try options.seed
    settings.recognizer = recognizer
    settings.strip = strip
    settings.needsSameW = recognizer != nil || strip != nil || options.has("source")
    settings.measuresPatches = !options.has("no-patches")
    let kinds: [(String, FeatureKind)] = [
      ("judge", .judge), ("efficientnet", .efficientNetLite0), ("clip", .clipRN50),
      ("dino", .dinoResNet50), ("inception", .inceptionV3),
      ("clip-vit", .clipViTB32), ("dino-vit", .dinoViTS16),
    ]
    for (option, kind) in kinds {
      guard let path = options.text(option) else { continue }
      settings.networks.append(try kind.network(path, on: device))
    }
    switch (options.text("vgg"), options.text("lpips")) {
    case (let vgg?, let heads?):
      settings.lpips = try LPIPS(VGG16(vgg, on: device), heads: heads, on: device)
    case (nil, nil): break
    default:
      throw .usage(
        "the perceptual path length needs VGG16 and LPIPS's heads", hint: "--vgg and --lpips")
    }
    var countdown: (name: String, value: Countdown)?
    let measures = try Evaluation.measure(model, data: data, settings, on: device) {
      name, done, total in
      if countdown?.name != name {
        countdown = (name, Countdown(of: total, "images seen by \(name)", say))
      }
      countdown?.value.reached(done)
    }
    for measure in measures { say(measure.line) }
    let pictures = EvaluationReport.Pictures(
      data: options.text("data") ?? options.text("source") ?? "", size: data.size,
      skip: try options.integer("skip", in: 0...1_000_000_000),
      take: try options.integer("take", in: 1...1_000_000_000))
    let report = try EvaluationReport(
      measures, of: model, pictures: pictures, seed: settings.seed)
    try report.write(to: output)
    say("wrote \(output)")
  }

  /// The pictures of `--data`, or those that `--source` draws now into a folder that goes afterwards.
  private static func pictures(
    _ options: ParsedOptions, _ say: @escaping (String) -> Void
  ) throws(ObverseError) -> (ImageData, output: String, ScratchFolder?) {
    guard let source = options.text("source") else {
      guard !options.has("w") else {
        throw .usage("option '--w' belongs to --source; --data brings its own", hint: nil)
      }
      let (data, output) = try DataOptions.data(options, say, needs: "an evaluation")
      return (data, output, nil)
    }
    guard !options.has("data") else {
      throw .usage(
        "pictures come from files (--data) or a model (--source), not from both", hint: nil)
    }
    guard !options.has("take") else {
      throw .usage("option '--take' belongs to --data; --source draws --count pictures", hint: nil)
    }
    guard let size = try options.integer("size", in: 8...1024), let output = options.text("out")
    else {
      throw .usage("an evaluation needs --size and --out", hint: "obverse-train help evaluate")
    }
    try AtomicFile.check(output)
    let count = try options.integer("count", in: 2...10_000_000)
    let latents: PictureMaker.Source
    if let path = options.text("w") {
      latents = .file(path, skip: try options.integer("skip", in: 0...1_000_000_000) ?? 0)
    } else {
      latents = .seeds(from: try options.integer("seed", in: 0...Int(UInt32.max)) ?? 0, psi: 1)
    }
    let scratch = try ScratchFolder()
    let maker = try PictureMaker(
      model: source, sizes: [size], source: latents,
      count: count ?? (options.has("w") ? nil : Evaluation.Settings().count), folder: scratch.path,
      threads: Torch.threads)
    let countdown = Countdown(of: maker.count, "pictures drawn by the source", say)
    try maker.draw(progress: countdown.reached, stop: { false })
    return (try ImageData(scratch.path, size: size), output, scratch)
  }
}
