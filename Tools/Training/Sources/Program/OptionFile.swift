import Core

/// Files of options: the word `@FILE` stands for the options that FILE lists.
///
/// A line is an option and its value, which is all that follows: `--data my pictures`. What begins
/// with `#` is a comment. `./@FILE` is a file whose name begins so.
enum OptionFile {
  /// Puts options in place of the words that name files of them.
  ///
  /// - Parameter words: A command line; behind `--` nothing is replaced.
  /// - Returns: The words, each `@FILE` replaced.
  /// - Throws: `usage` for a line that is no option; what opening a file says.
  static func expanded(_ words: [String]) throws(ObverseError) -> [String] {
    var expanded: [String] = []
    for (i, word) in words.enumerated() {
      if word == "--" { return expanded + words[i...] }
      if word.hasPrefix("@"), word != "@" {
        expanded += try options(String(word.dropFirst()))
      } else {
        expanded.append(word)
      }
    }
    return expanded
  }

  private static func options(_ path: String) throws(ObverseError) -> [String] {
    var words: [String] = []
    let text = String(decoding: try Bytes(mapping: path).array, as: UTF8.self)
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (i, line) in lines.enumerated() {
      let line = trimmed(line)
      if line.isEmpty || line.hasPrefix("#") { continue }
      guard line.hasPrefix("--") else {
        throw .usage(
          "line \(i + 1) of '\(path)' begins with no option: '\(line)'", hint: "such as --size 64")
      }
      let name = line.prefix { !isSpace($0) }
      words.append(String(name))
      let value = trimmed(line.dropFirst(name.count))
      if !value.isEmpty { words.append(String(value)) }
    }
    return words
  }

  private static func isSpace(_ character: Character) -> Bool {
    character == " " || character == "\t"
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop(while: isSpace)
    while let last = text.last, isSpace(last) { text.removeLast() }
    return text
  }
}
