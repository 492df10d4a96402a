import Core
import Options

/// One word of the program and what it does.
protocol Command: ListedCommand {
  static func run(_ options: ParsedOptions) throws(ObverseError)
}

extension ParsedOptions {
  /// The last value given, as a finite number that is not negative.
  func amount(_ name: String) throws(ObverseError) -> Double? { try number(name, least: 0.0) }

  /// The seed that was given, else 0.
  var seed: UInt64 {
    get throws(ObverseError) { UInt64(try integer("seed", in: 0...Int.max) ?? 0) }
  }
}

/// Options that several commands have.
enum SharedOptions {
  static let seed = Option("seed", "N", "what chance follows from", preset: "0", rare: true)
  static let json = Option("json", nil, "prints what was made as JSON", rare: true)

  /// What every command has.
  static let common = OptionGroup(
    "talk",
    [Option("quiet", nil, "says errors only", short: "q", rare: true)] + Option.standing)
}
