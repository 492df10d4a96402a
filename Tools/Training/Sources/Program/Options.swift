import Core

/// One option of a command.
struct Option {
  let name: String
  /// The word for its value in the help; nil for a switch, `FILE ...` for many values.
  let value: String?
  let help: String

  init(_ name: String, _ value: String?, _ help: String) {
    self.name = name
    self.value = value
    self.help = help
  }

  var takesMany: Bool { value?.hasSuffix(" ...") ?? false }
}

/// The words of a command, sorted by its options; the grammar is `obverse`'s.
struct Options {
  private var values: [String: String] = [:]
  /// Values of options that take many.
  private var lists: [String: [String]] = [:]
  /// Words that belong to no option.
  private(set) var words: [String] = []

  init(_ words: ArraySlice<String>, _ table: [Option], takesWords: Bool) throws(ObverseError) {
    var rest = words
    while let word = rest.popFirst() {
      guard word.hasPrefix("--"), word != "--" else {
        if takesWords, word != "--" {
          self.words.append(word)
          continue
        }
        throw .usage("'\(word)' is one word too many", hint: "obverse-train help")
      }
      let parts = word.dropFirst(2).split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0].map { $0 == "_" ? "-" : $0 })
      guard let option = table.first(where: { $0.name == name }) else {
        throw .usage("unknown option '--\(parts[0])'", hint: "obverse-train help")
      }
      if option.value == nil {
        guard parts.count == 1 else {
          throw .usage("option '--\(name)' takes no value", hint: nil)
        }
        values[name] = ""
      } else if option.takesMany {
        var list = parts.dropFirst().map(String.init)
        while parts.count == 1, let next = rest.first, !next.hasPrefix("--") {
          list.append(next)
          rest.removeFirst()
        }
        guard !list.isEmpty else {
          throw .usage("option '--\(name)' needs a value: \(option.value ?? "")", hint: nil)
        }
        lists[name, default: []] += list
      } else if parts.count > 1 {
        values[name] = String(parts[1])
      } else if let next = rest.first, !next.hasPrefix("--") {
        values[name] = next
        rest.removeFirst()
      } else {
        throw .usage("option '--\(name)' needs a value: \(option.value ?? "")", hint: nil)
      }
    }
  }

  func has(_ name: String) -> Bool { values[name] != nil }

  /// Names of the options that were given.
  var given: [String] { values.keys.sorted() }

  func text(_ name: String) -> String? { values[name] }

  /// All values of an option that takes many.
  func texts(_ name: String) -> [String] { lists[name] ?? [] }

  func integer(_ name: String, in range: ClosedRange<Int>) throws(ObverseError) -> Int? {
    guard let text = values[name] else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw .usage(
        "option '--\(name)' needs a whole number from \(range.lowerBound) to"
          + " \(range.upperBound), not '\(text)'", hint: nil)
    }
    return value
  }

  /// A finite number of at least `least`.
  func number(_ name: String, least: Double = 0) throws(ObverseError) -> Double? {
    guard let text = values[name] else { return nil }
    guard let value = Double(text), value.isFinite, value >= least else {
      throw .usage(
        "option '--\(name)' needs a finite number of at least \(least), not '\(text)'", hint: nil)
    }
    return value
  }

  /// One of the words of an enumeration.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String
  ) throws(ObverseError) -> Choice? {
    guard let text = values[name] else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw .usage("option '--\(name)' is one of \(words), not '\(text)'", hint: nil)
    }
    return choice
  }
}
