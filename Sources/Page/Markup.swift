// Text that is safe inside HTML and SVG.

import Core

/// Pieces of HTML and SVG.
public enum Markup {
  /// `text` with the characters that markup reads as its own written as entities, and control
  /// characters as escapes.
  public static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.printable.unicodeScalars {
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
  public static func element(
    _ name: String, _ attributes: [(String, String)] = [], _ content: String = ""
  ) -> String {
    let words = attributes.map { " \($0)=\"\(escaped($1))\"" }.joined()
    return "<\(name)\(words)>\(content)</\(name)>"
  }

  /// Bytes in the alphabet of RFC 4648.
  public static func base64(_ bytes: [UInt8]) -> String {
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
