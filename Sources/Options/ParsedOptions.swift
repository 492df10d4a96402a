import Core

/// The words of one command, sorted by its table.
///
/// Values are checked when they are asked for.
public struct ParsedOptions: Sendable {
  /// The values given for each option, in order; those of a flag are empty.
  private var values: [String: [String]]
  /// Words beside options, in order.
  public let operands: [String]
  private let table: CommandTable

  /// Sorts `words`, the command's name not among them.
  ///
  /// - Throws: `usage` for an unknown option, a missing or a superfluous value.
  public init(_ words: [String], for table: CommandTable) throws(ObverseError) {
    var values: [String: [String]] = [:]
    var operands: [String] = []
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        operands += rest
        break
      }
      guard !Self.isValue(word) else {
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
      } else if let next = rest.first, Self.isValue(next) {
        repeat {
          values[option.name, default: []].append(rest.removeFirst())
        } while option.takesMany && rest.first.map(Self.isValue) ?? false
      } else {
        throw .usage(
          "option '--\(option.name)' needs a value: \(option.value ?? "")",
          hint: rest.first.flatMap { next in
            let isOption = (try? Self.find(next, in: table)) != nil
            return isOption ? nil : "--\(option.name)=\(next)"
          })
      }
    }
    self.values = values
    self.operands = operands
    self.table = table
  }

  /// Checks the count of operands; apart from `init` so that `--help` needs none.
  public func checkOperands() throws(ObverseError) {
    guard operands.count > table.operands.upperBound else {
      guard operands.count < table.operands.lowerBound else { return }
      throw .usage(
        "'\(table.call)' needs \(need)",
        hint: table.examples.first)
    }
    throw .usage(
      "'\(operands[table.operands.upperBound])' is one word too many for '\(table.call)'",
      hint: "\(table.program) help \(table.name)")
  }

  private var need: String {
    switch table.takes {
    case .words(let words): "one of \(words.joined(separator: ", "))"
    case .folders: "a folder"
    default: table.operands.lowerBound == 1 ? "a file" : "two files"
    }
  }

  /// The same words with another value of one option.
  public func replacing(_ name: String, with value: String) -> ParsedOptions {
    var copy = self
    copy.values[name] = [value]
    return copy
  }

  /// Names of the options that were given, in alphabetical order.
  public var given: [String] { values.keys.sorted() }

  /// Whether the option was given.
  public func has(_ name: String) -> Bool { values[name] != nil }

  /// The last value given.
  public func text(_ name: String) -> String? { values[name]?.last }

  /// All values given, in order; only for options that say so in help.
  public func texts(_ name: String) -> [String] { values[name] ?? [] }

  /// The last value given, as an integer of `range`.
  public func integer(
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

  /// The last value given, as a finite number of at least `least` where that is given.
  public func number<Number: BinaryFloatingPoint & LosslessStringConvertible>(
    _ name: String, least: Number? = nil
  ) throws(ObverseError) -> Number? {
    guard let text = text(name) else { return nil }
    guard let value = Number(text), value.isFinite, least.map({ value >= $0 }) ?? true else {
      let bound = least.map { " of at least \($0)" } ?? ""
      throw .usage("option '--\(name)' needs a finite number\(bound), not '\(text)'", hint: nil)
    }
    return value
  }

  /// The last value given, as one of the words of an enumeration.
  public func choice<T: RawRepresentable<String> & CaseIterable>(
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
      else { throw .usage("unknown option '\(word)'", hint: "\(table.program) help \(table.name)") }
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
        ?? "\(table.program) help \(table.name)")
  }

  /// Whether a word is a value or an operand: all but what begins as an option does.
  private static func isValue(_ word: String) -> Bool {
    !word.hasPrefix("-") || word == "-" || isNumber(word)
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
