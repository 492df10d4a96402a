import Obverse
import Options

/// Options that many commands share.
enum CommonOptions {
  static let model = Option(
    "model", "FILE", "model file, or the bare name of one", preset: "faces", short: "m",
    aliases: ["network"],
    detail: "A bare name is searched for in the folders that 'obverse info' lists.",
    takes: .files(["obv"]))
  static let threads = Option(
    "threads", "N", "worker threads; 0 takes the physical cores", preset: "0", short: "t")
  static let precision = Option(
    "precision", "KIND", "float32 or bf16", preset: "float32", rare: true,
    detail: "bf16 rounds inputs and weights of a separable network's 1x1 convolutions to bfloat16:"
      + " faster with AVX512-BF16, refused without, and not the same pixels.",
    takes: .choices(Precision.self))
  static let json = Option("json", nil, "one JSON object on standard output", rare: true)

  /// What every command takes; the program adds it to each.
  static let talk = OptionGroup(
    "talk",
    [
      Option("quiet", nil, "print errors only", short: "q", rare: true),
      Option("verbose", nil, "say more on standard error", short: "v", rare: true),
      Option(
        "progress", "KIND", "auto, bar, plain, json or none", preset: "auto", rare: true,
        detail:
          "json writes events to standard error, one object a line, errors and warnings included.",
        takes: .choices(Console.ProgressKind.self)),
      Option(
        "color", "WHEN", "auto, always or never", preset: "auto", aliases: ["colour"], rare: true,
        takes: .choices(Console.Color.self)),
    ] + Option.standing)
}
