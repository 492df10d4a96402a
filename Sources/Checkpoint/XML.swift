import Core

/// Reads XML as a sequence of elements that begin and end.
///
/// It knows what machines write: elements, attributes, comments, declarations, CDATA. A document
/// type is refused, and with it every entity beyond the five that XML itself defines, so a small
/// file cannot grow and nothing else is ever opened. Text between elements is skipped.
package struct XMLReader {
  package enum Event: Equatable {
    case begin(name: String, attributes: [String: String])
    case end(name: String)
  }

  static let mostDepth = 64
  static let mostAttributes = 256

  private let text: [UInt8]
  private let what: String
  private var at = 0
  private var open: [String] = []
  /// Set between the two events of `<a/>`.
  private var isClosing = false
  private var hasRoot = false

  /// Begins to read UTF-8 text, which `what` names in errors.
  package init(_ bytes: Bytes, what: String) {
    text = bytes.array
    self.what = what
    if text.starts(with: [0xef, 0xbb, 0xbf]) { at = 3 }
  }

  /// The next event, or nil after the root element's end.
  /// - Throws: `malformed`, `unsupported`, `tooLarge`.
  package mutating func next() throws(ObverseError) -> Event? {
    if isClosing {
      isClosing = false
      return .end(name: open.removeLast())
    }
    while true {
      try skipText()
      guard at < text.count else {
        guard hasRoot, open.isEmpty else { throw broken("it ends early") }
        return nil
      }
      at += 1
      if take("!--") {
        try skip(past: "-->")
      } else if take("![CDATA[") {
        guard !open.isEmpty else { throw broken("text stands outside of the root element") }
        try skip(past: "]]>")
      } else if take("!") {
        throw .unsupported(what: what, why: "it has a document type declaration", hint: nil)
      } else if take("?") {
        try skip(past: "?>")
      } else if take("/") {
        return try end()
      } else {
        return try begin()
      }
    }
  }

  private func broken(_ why: String) -> ObverseError {
    .malformed(what: what, why: "\(why) at byte \(at)")
  }

  private var byte: UInt8? { at < text.count ? text[at] : nil }

  private mutating func take(_ word: String) -> Bool {
    guard text[at...].starts(with: word.utf8) else { return false }
    at += word.utf8.count
    return true
  }

  private mutating func skip(past word: String) throws(ObverseError) {
    let first = word.utf8.first
    while at < text.count {
      if text[at] == first, take(word) { return }
      at += 1
    }
    throw broken("'\(word)' is wanted")
  }

  /// Goes to the next `<`.
  private mutating func skipText() throws(ObverseError) {
    while let byte, byte != UInt8(ascii: "<") {
      guard !open.isEmpty || Self.isSpace(byte) else {
        throw broken("text stands outside of the root element")
      }
      at += 1
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
  }

  private mutating func skipSpace() {
    while let byte, Self.isSpace(byte) { at += 1 }
  }

  private mutating func name() throws(ObverseError) -> String {
    let start = at
    while let byte, !Self.isSpace(byte), !"<>/='\"&!?".utf8.contains(byte) { at += 1 }
    guard at > start, let name = try? String(fileText: text[start..<at]) else {
      throw broken("a name is wanted")
    }
    return name
  }

  private mutating func begin() throws(ObverseError) -> Event {
    guard !open.isEmpty || !hasRoot else { throw broken("a second root element begins") }
    let name = try name()
    guard open.count < Self.mostDepth else {
      throw .tooLarge(
        what: "the nesting of \(what)", found: UInt64(open.count) + 1,
        limit: UInt64(Self.mostDepth))
    }
    var attributes: [String: String] = [:]
    while true {
      let before = at
      skipSpace()
      if take(">") { break }
      if take("/>") {
        isClosing = true
        break
      }
      guard at > before else { throw broken("a space or '>' is wanted") }
      let key = try self.name()
      skipSpace()
      guard take("=") else { throw broken("'=' is wanted") }
      skipSpace()
      guard attributes.updateValue(try value(), forKey: key) == nil else {
        throw broken("the attribute '\(key)' comes twice")
      }
      guard attributes.count <= Self.mostAttributes else {
        throw .tooLarge(
          what: "the number of attributes in \(what)", found: UInt64(attributes.count),
          limit: UInt64(Self.mostAttributes))
      }
    }
    open.append(name)
    hasRoot = true
    return .begin(name: name, attributes: attributes)
  }

  private mutating func end() throws(ObverseError) -> Event {
    let name = try name()
    skipSpace()
    guard take(">") else { throw broken("'>' is wanted") }
    guard open.last == name else {
      throw broken("</\(name)> ends an element that is not open")
    }
    open.removeLast()
    return .end(name: name)
  }

  /// An attribute's value in either quotes.
  private mutating func value() throws(ObverseError) -> String {
    guard let quote = byte, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw broken("a quoted value is wanted")
    }
    at += 1
    var decoded: [UInt8] = []
    var start = at
    while let byte, byte != quote {
      guard byte != UInt8(ascii: "<") else { throw broken("a value holds '<'") }
      at += 1
      if byte == UInt8(ascii: "&") {
        decoded += text[start..<(at - 1)]
        decoded += try reference().utf8
        start = at
      }
    }
    guard byte == quote else { throw broken("a value does not end") }
    decoded += text[start..<at]
    at += 1
    do {
      return try String(fileText: decoded)
    } catch {
      throw broken("a value \(error.why)")
    }
  }

  /// What follows an ampersand: one of the five entities, or a character's number.
  private mutating func reference() throws(ObverseError) -> String {
    for (word, value) in [
      ("lt;", "<"), ("gt;", ">"), ("amp;", "&"), ("quot;", "\""), ("apos;", "'"),
    ] where take(word) {
      return value
    }
    guard take("#") else { throw broken("an unknown entity") }
    let radix = take("x") ? 16 : 10
    let start = at
    // Eight digits hold every character; a longer number is not looked at.
    while let byte, byte != UInt8(ascii: ";"), at - start < 8 { at += 1 }
    let digits = String(decoding: text[start..<at], as: UTF8.self)
    guard take(";"), !digits.hasPrefix("+"), let code = UInt32(digits, radix: radix), code > 0,
      let scalar = Unicode.Scalar(code)
    else { throw broken("an unknown character reference") }
    return String(Character(scalar))
  }
}
