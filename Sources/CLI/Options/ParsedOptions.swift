import Core

/// The words of one command, sorted by its table.
///
/// Values are checked when they are asked for.
package struct ParsedOptions: Sendable {
  /// The values given for each option, in order; those of a flag are empty.
  private let values: [String: [String]]
  package let operands: [String]

  /// Sorts `words`, the command's name not among them.
  ///
  /// - Throws: `usage` for an unknown option, a missing or a superfluous value.
  package init(_ words: [String], for table: CommandTable) throws(ObverseError) {
    var values: [String: [String]] = [:]
    var operands: [String] = []
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        operands += rest
        break
      }
      guard word.hasPrefix("-"), word != "-", !Self.isNumber(word) else {
        operands.append(word)
        continue
      }
      let (option, attached) = try Self.find(word, in: table)
      if option.value == nil {
        guard attached == nil else {
          throw .usage("option '--\(option.name)' takes no value", hint: nil)
        }
        values[option.name, default: []].append("")
      } else if let attached {
        values[option.name, default: []].append(attached)
      } else if let next = rest.first, !next.hasPrefix("-") || next == "-" || Self.isNumber(next) {
        values[option.name, default: []].append(next)
        rest.removeFirst()
      } else {
        throw .usage("option '--\(option.name)' needs a value: \(option.value ?? "")", hint: nil)
      }
    }
    self.values = values
    self.operands = operands
  }

  /// Checks the count of operands; apart from `init` so that `--help` needs none.
  package func checkOperands(_ table: CommandTable) throws(ObverseError) {
    guard operands.count > table.operands.upperBound else {
      guard operands.count < table.operands.lowerBound else { return }
      throw .usage(
        "'obverse \(table.name)' needs \(Self.need(table))",
        hint: table.examples.first)
    }
    throw .usage(
      "'\(operands[table.operands.upperBound])' is one word too many for 'obverse \(table.name)'",
      hint: "obverse help \(table.name)")
  }

  private static func need(_ table: CommandTable) -> String {
    switch table.takes {
    case .words(let words): "one of \(words.joined(separator: ", "))"
    default: table.operands.lowerBound == 1 ? "a file" : "two files"
    }
  }

  /// Whether the option was given.
  package func has(_ name: String) -> Bool { values[name] != nil }

  /// The last value given.
  package func text(_ name: String) -> String? { values[name]?.last }

  /// All values given, in order; only for options that say so in help.
  package func texts(_ name: String) -> [String] { values[name] ?? [] }

  /// The last value given, as an integer of `range`.
  package func integer(
    _ name: String, in range: ClosedRange<Int>
  ) throws(ObverseError) -> Int? {
    guard let text = text(name) else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw .usage(
        "option '--\(name)' needs a whole number from \(range.lowerBound) to"
          + " \(range.upperBound), not '\(text)'", hint: nil)
    }
    return value
  }

  /// The last value given, as a finite number.
  package func number(_ name: String) throws(ObverseError) -> Float? {
    guard let text = text(name) else { return nil }
    guard let value = Float(text), value.isFinite else {
      throw .usage("option '--\(name)' needs a finite number, not '\(text)'", hint: nil)
    }
    return value
  }

  /// The last value given, as one of the words of an enumeration.
  package func choice<T: RawRepresentable<String> & CaseIterable>(
    _ name: String, _: T.Type = T.self
  ) throws(ObverseError) -> T? {
    guard let text = text(name) else { return nil }
    if let value = T(rawValue: text) { return value }
    let words = T.allCases.map(\.rawValue)
    throw .usage(
      "option '--\(name)' is one of \(words.joined(separator: ", ")), not '\(text)'",
      hint: Nearest.of(text, among: words).map { "did you mean '\($0)'?" })
  }

  /// The option that `word` names, and the value behind its equals sign.
  private static func find(
    _ word: String, in table: CommandTable
  ) throws(ObverseError) -> (Option, String?) {
    if !word.hasPrefix("--") {
      let letter = word.dropFirst().first
      guard let option = table.options.first(where: { $0.short != nil && $0.short == letter })
      else { throw .usage("unknown option '\(word)'", hint: "obverse help \(table.name)") }
      guard word.utf8.count > 2 else { return (option, nil) }
      let rest = word.dropFirst(2)
      throw .usage(
        "unknown option '\(word)'",
        hint: option.value == nil
          ? "short options stand alone: '-\(option.short ?? "?")'"
          : "did you mean '-\(option.short ?? "?") \(rest.hasPrefix("=") ? rest.dropFirst() : rest)'?"
      )
    }
    let parts = word.dropFirst(2).split(
      separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0].map { $0 == "_" ? "-" : $0 })
    let attached = parts.count > 1 ? String(parts[1]) : nil
    if let option = table.option(named: name) { return (option, attached) }
    let known = table.options.flatMap { [$0.name] + $0.aliases }
    throw .usage(
      "unknown option '--\(parts[0])'",
      hint: Nearest.of(name, among: known).map { "did you mean '--\($0)'?" }
        ?? "obverse help \(table.name)")
  }

  /// Whether a word that starts with a hyphen is a negative number, not an option.
  private static func isNumber(_ word: String) -> Bool {
    guard let second = word.utf8.dropFirst().first else { return false }
    if second == UInt8(ascii: ".") {
      return word.utf8.dropFirst(2).first.map { (48...57).contains($0) } ?? false
    }
    return (48...57).contains(second)
  }
}

/// The nearest of some names to a mistyped one.
package enum Nearest {
  /// The name nearest to `word`, or nil where none is near.
  package static func of(_ word: String, among names: [String]) -> String? {
    var best: (name: String, distance: Int)?
    for name in names {
      var distance = edits(Array(word.utf8), Array(name.utf8))
      // `--truncation` for `--trunc`, `--no-meta` for `--no-metadata`.
      if word.utf8.count > 2, word.hasPrefix(name) || name.hasPrefix(word) { distance = 1 }
      if distance < best?.distance ?? Int.max { best = (name, distance) }
    }
    guard let best, best.distance <= max(1, min(3, word.utf8.count / 3)) else { return nil }
    return best.name
  }

  /// Insertions, deletions, replacements and swaps of neighbours between two words.
  private static func edits(_ a: [UInt8], _ b: [UInt8]) -> Int {
    guard a.count <= 64, b.count <= 64 else { return Int.max - 1 }
    var rows = [Array(0...b.count)]
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          cost = min(cost, rows[i - 1][j - 1] + 1)
        }
        row.append(cost)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
