/// A JSON value that keeps the order of its keys.
package indirect enum JSON: Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case list([JSON])
  case object([(String, JSON)])

  /// A single-precision number with the digits that name it: 0.7, not 0.699999988.
  package static func float(_ value: Float) -> JSON {
    Double(value.description).map { .number($0) } ?? .null
  }

  package static func nanoseconds(_ value: UInt64) -> JSON { .integer(Int(clamping: value)) }

  /// The value as one line of ASCII-safe UTF-8.
  package var line: String {
    var text = ""
    write(to: &text)
    return text
  }

  private func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += "\(value)"
    case .number(let value):
      // JSON has no infinities; whole numbers need no decimals.
      if !value.isFinite {
        text += "null"
      } else if let whole = Int(exactly: value), whole.magnitude < 1 << 53 {
        text += "\(whole)"
      } else {
        text += "\(value)"
      }
    case .text(let value): Self.quote(value, to: &text)
    case .list(let items):
      text += "["
      for (i, item) in items.enumerated() {
        if i > 0 { text += "," }
        item.write(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (i, (key, value)) in members.enumerated() {
        if i > 0 { text += "," }
        Self.quote(key, to: &text)
        text += ":"
        value.write(to: &text)
      }
      text += "}"
    }
  }

  private static func quote(_ value: String, to text: inout String) {
    text += "\""
    for scalar in value.showingFileNameBytes.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.isInvisible:
        // A terminal shows JSON too. Characters beyond U+FFFF are two escapes.
        for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
          let digits = String(unit, radix: 16)
          text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        }
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
