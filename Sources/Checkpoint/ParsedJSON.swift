import Core

/// A JSON value (RFC 8259) whose objects keep the order of their keys.
package enum ParsedJSON: Sendable, Equatable {
  case null
  case bool(Bool)
  /// A number without fraction and exponent that fits.
  case integer(Int)
  case number(Double)
  case text(String)
  case list([ParsedJSON])
  case object([Member])

  package struct Member: Sendable, Equatable {
    package let key: String
    package let value: ParsedJSON
  }

  /// Nesting that is read; the parser recurses, so a file must not choose the depth.
  package static let mostDepth = 64
  /// Values that are read: a byte pair of the text can stand for one, which takes far more memory.
  package static let mostValues = 1 << 20

  /// Parses a whole text; nothing but white space may follow the value.
  ///
  /// - Parameters:
  ///   - text: UTF-8.
  ///   - what: Names the text in errors, such as `safetensors header`.
  /// - Throws: `malformed`, also where an object has a key twice; `tooLarge`, `resources`.
  package init(parsing text: Bytes, what: String) throws(ObverseError) {
    var parser = JSONParser(text: text, what: what)
    self = try parser.whole()
  }

  /// The value under a key; nil where there is none, and for all but objects.
  package subscript(key: String) -> ParsedJSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }
}

/// The parser's place in the text.
private struct JSONParser {
  /// Borrowed: headers are of any size, and what is built of them is large enough.
  let text: Bytes
  let what: String
  var at = 0
  var values = 0

  init(text: Bytes, what: String) {
    self.text = text
    self.what = what
  }

  mutating func whole() throws(ObverseError) -> ParsedJSON {
    let value = try value(depth: 0)
    skipSpace()
    guard at == text.count else { throw broken("something follows its end") }
    return value
  }

  private func broken(_ why: String) -> ObverseError {
    .malformed(what: what, why: "\(why) at byte \(at)")
  }

  private var next: UInt8? { text[at] }

  /// The bytes from `start` to here.
  private func part(from start: Int) -> [UInt8] {
    text.slice(at: start, count: at - start)?.array ?? []
  }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { at += 1 }
  }

  /// Steps over `byte` if it comes next, after white space.
  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: byte) else { return false }
    at += 1
    return true
  }

  private mutating func value(depth: Int) throws(ObverseError) -> ParsedJSON {
    guard depth < ParsedJSON.mostDepth else {
      throw .tooLarge(
        what: "the nesting of the \(what)", found: UInt64(depth) + 1,
        limit: UInt64(ParsedJSON.mostDepth))
    }
    values += 1
    guard values <= ParsedJSON.mostValues else {
      throw .tooLarge(
        what: "the number of values of the \(what)", found: UInt64(values),
        limit: UInt64(ParsedJSON.mostValues))
    }
    // What Swift allocates for the next ones, keys and all; a list that grows is copied.
    if values.isMultiple(of: 8192) {
      try Memory.expectRoom(for: 2 * values * MemoryLayout<ParsedJSON.Member>.stride + Memory.small)
    }
    skipSpace()
    guard let next else { throw broken("it ends early") }
    switch next {
    case UInt8(ascii: "{"):
      return try object(depth: depth)
    case UInt8(ascii: "["):
      return try list(depth: depth)
    case UInt8(ascii: "\""):
      return .text(try string())
    case UInt8(ascii: "t"):
      return try word("true", .bool(true))
    case UInt8(ascii: "f"):
      return try word("false", .bool(false))
    case UInt8(ascii: "n"):
      return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      return try number()
    default:
      throw broken("a value is wanted")
    }
  }

  private mutating func word(_ word: StaticString, _ value: ParsedJSON) throws(ObverseError)
    -> ParsedJSON
  {
    guard text.has(word, at: at) else { throw broken("a value is wanted") }
    at += word.utf8CodeUnitCount
    return value
  }

  private mutating func list(depth: Int) throws(ObverseError) -> ParsedJSON {
    at += 1
    var items: [ParsedJSON] = []
    if take("]") { return .list(items) }
    while true {
      items.append(try value(depth: depth + 1))
      if take("]") { return .list(items) }
      guard take(",") else { throw broken("a comma or a bracket is wanted") }
    }
  }

  private mutating func object(depth: Int) throws(ObverseError) -> ParsedJSON {
    at += 1
    var members: [ParsedJSON.Member] = []
    var keys: Set<FileName> = []
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw broken("a key is wanted") }
      let key = try string()
      guard keys.insert(FileName(key)).inserted else {
        throw broken("the key '\(key)' comes twice")
      }
      guard take(":") else { throw broken("a colon is wanted") }
      members.append(ParsedJSON.Member(key: key, value: try value(depth: depth + 1)))
      if take("}") { return .object(members) }
      guard take(",") else { throw broken("a comma or a brace is wanted") }
    }
  }

  // `-? (0 | [1-9][0-9]*) (\.[0-9]+)? ([eE][+-]?[0-9]+)?`
  private mutating func number() throws(ObverseError) -> ParsedJSON {
    let start = at
    var isInteger = true
    if next == UInt8(ascii: "-") { at += 1 }
    if next == UInt8(ascii: "0") {
      at += 1
    } else {
      try digits()
    }
    if next == UInt8(ascii: ".") {
      isInteger = false
      at += 1
      try digits()
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      isInteger = false
      at += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
      try digits()
    }
    let token = String(decoding: part(from: start), as: UTF8.self)
    if isInteger, let value = Int(token) { return .integer(value) }
    guard let value = Double(token) else { throw broken("a number cannot be read") }
    return .number(value)
  }

  private mutating func digits() throws(ObverseError) {
    let start = at
    while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { at += 1 }
    guard at > start else { throw broken("a digit is wanted") }
  }

  private mutating func string() throws(ObverseError) -> String {
    at += 1
    var decoded: [UInt8] = []
    var start = at  // of the bytes that stand for themselves
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        decoded += part(from: start)
        do {
          let string = try String(fileText: decoded)
          at += 1
          return string
        } catch {
          throw broken("a string \(error.why)")
        }
      case UInt8(ascii: "\\"):
        decoded += part(from: start)
        at += 1
        decoded += try escape().utf8
        start = at
      case 0..<0x20:
        throw broken("a string holds a control character")
      default:
        at += 1
      }
    }
    throw broken("a string does not end")
  }

  /// What follows a backslash.
  private mutating func escape() throws(ObverseError) -> String {
    guard let byte = next else { throw broken("a string does not end") }
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
      return String(UnicodeScalar(byte))
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      // A character beyond U+FFFF is written as two escapes, its UTF-16 code units.
      if code & 0xfc00 == 0xd800, next == UInt8(ascii: "\\") {
        at += 1
        guard next == UInt8(ascii: "u") else { throw broken("half of a surrogate pair") }
        at += 1
        let low = try hexadecimal()
        guard low & 0xfc00 == 0xdc00 else { throw broken("half of a surrogate pair") }
        code = 0x10000 + (code & 0x3ff) << 10 + low & 0x3ff
      }
      guard let scalar = Unicode.Scalar(code) else { throw broken("half of a surrogate pair") }
      return String(Character(scalar))
    default:
      throw broken("an unknown escape")
    }
  }

  private mutating func hexadecimal() throws(ObverseError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        throw broken("a hexadecimal digit is wanted")
      }
      value = value << 4 | UInt32(digit)
      at += 1
    }
    return value
  }
}
