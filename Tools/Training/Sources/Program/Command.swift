import Core

/// One word of the program and what it does.
protocol Command {
  static var name: String { get }
  /// What it is for, in one line.
  static var summary: String { get }
  /// Its usual words, after its name.
  static var usage: String { get }
  static var options: [Option] { get }
  /// Whether words may stand alone, without an option.
  static var takesWords: Bool { get }
  static func run(_ options: Options) throws(ObverseError)
}

extension Command {
  static var takesWords: Bool { false }

  static var help: String {
    let rows = options.map { option in
      let words = "--\(option.name)" + (option.value.map { " \($0)" } ?? "")
      return "  \(words)\(String(repeating: " ", count: max(24 - words.count, 1)))\(option.help)"
    }
    return """
      usage: obverse-train \(name) \(usage)

      obverse-train \(name) \(summary).

      \(rows.joined(separator: "\n"))
      """
  }
}
