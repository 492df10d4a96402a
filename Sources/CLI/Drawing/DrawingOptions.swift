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
