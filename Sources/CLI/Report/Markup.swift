// Text that is safe inside HTML and SVG.

/// Pieces of HTML and SVG.
package enum Markup {
  /// `text` with the characters that markup reads as its own written as entities.
  package static func escaped(_ text: String) -> String {
    var result = ""
    for character in Format.printable(text).unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  /// An element; attributes are escaped, the content is markup already.
  static func element(
    _ name: String, _ attributes: [(String, String)] = [], _ content: String = ""
  ) -> String {
    let words = attributes.map { " \($0)=\"\(escaped($1))\"" }.joined()
    return "<\(name)\(words)>\(content)</\(name)>"
  }

  /// A table of text; columns of numbers are set to the right.
  static func table(_ table: TextTable) -> String {
    func cell(_ tag: String, _ text: String, _ isNumber: Bool) -> String {
      element(tag, isNumber ? [("class", "n")] : [], escaped(text))
    }
    let columns = table.columns
    let head = columns.map { cell("th", $0.title, $0.isNumber) }.joined()
    let rows = table.rows.map { row in
      element("tr", [], zip(row, columns).map { cell("td", $0, $1.isNumber) }.joined())
    }
    return element(
      "div", [("class", "wide")],
      element(
        "table", [],
        element("thead", [], element("tr", [], head))
          + element("tbody", [], rows.joined(separator: "\n"))))
  }

  /// RFC 4648.
  package static func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let three = (0..<3).map { start + $0 < bytes.count ? Int(bytes[start + $0]) : 0 }
      let bits = three[0] << 16 | three[1] << 8 | three[2]
      for i in 0..<4 {
        text.append(
          start + i <= bytes.count ? digits[bits >> (18 - 6 * i) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
