import Obverse
import Options

/// What `generate`, `mix` and `walk` are asked alike: how pictures look, with which model they are
/// drawn, and how the program answers.
struct DrawingOptions: Sendable {
  /// What the words say of the look; an image of `--params-from` may say the rest.
  let look: GivenLook
  /// The model's name; nil for the default one.
  let model: String?
  /// Worker threads; 0 for automatic.
  let threads: Int
  let isJSON: Bool
  let environment: Environment

  /// Reads the options; `--class all` where `allClasses` says that the command has it.
  ///
  /// - Throws: `usage`, also where `--json` and pictures would share standard output.
  init(
    _ parsed: ParsedOptions, _ environment: Environment, _ destination: Destination,
    allClasses: Bool = false
  ) throws(ObverseError) {
    look = try GivenLook(parsed, allClasses: allClasses)
    model = parsed.text("model")
    threads = try environment.threads(parsed)
    isJSON = parsed.has("json")
    self.environment = environment
    if isJSON, destination.isStandardOutput {
      throw .usage(
        "--json and -o - would share standard output", hint: "write the images to files")
    }
  }
}

/// A model that is drawn with, opened and checked as `generate`, `mix` and `walk` do it alike.
struct Session {
  let modelPath: String
  let model: Model
  let look: Look
  /// What the image of `--params-from` says of itself.
  let record: ImageRecord?
  let console: Console
  private let threads: Int

  /// Opens the model and checks the look against it.
  ///
  /// `mapsLatents` says whether w is made here, so that a label is needed and psi is used.
  init(
    _ options: DrawingOptions, mapsLatents: Bool = true, _ console: Console
  ) throws(ObverseError) {
    let path = try options.environment.modelFile(options.model)
    record = try options.look.image.map { (image) throws(ObverseError) in
      try ImageRecord(path: image)
    }
    look = Look(options.look, record: record)
    let model = try Model(path: path, precision: look.precision)
    if let record, let image = options.look.image {
      guard record.model == model.weightsSHA256 else {
        throw .request(
          "'\(image)' was drawn by another model (sha256 \(record.model.prefix(12))…) than"
            + " '\(path)' (\(model.weightsSHA256.prefix(12))…)", hint: nil)
      }
    }
    try look.check(model, mapsLatents: mapsLatents)
    modelPath = path
    self.model = model
    self.console = console
    threads = options.threads
  }

  /// The generator, which Ctrl-C stops from now on.
  func generator() throws(ObverseError) -> Generator {
    if look.noise == .const, !model.hasStoredNoise {
      console.warn("the model has no stored noise: drawn without")
    }
    Interrupt.listen()
    let generator = try Generator(model, threads: threads)
    Interrupt.stops(generator)
    console.detail(
      "model \(model.weightsSHA256.prefix(12))…, \(generator.threads) threads,"
        + " \(model.instructionSet.rawValue), \(model.precision.rawValue)")
    return generator
  }

  /// The summary of a run: its schema, the model and the threads, then `members`.
  func summary(_ schema: String, _ generator: Generator, _ members: [(String, JSON)]) -> JSON {
    let model = JSON.object([
      ("path", .text(modelPath)), ("sha256", .text(model.weightsSHA256)),
      ("width", .integer(model.resolution)), ("height", .integer(model.resolution)),
    ])
    return .object(
      [
        ("schema", .text(schema)), ("model", model), ("threads", .integer(generator.threads)),
      ] + members)
  }
}
