import Core
import Page

/// A file name with one number in it, as printf writes it: `face-%04d.png`.
package struct Pattern: Sendable, Equatable {
  private let before: String
  private let after: String
  private let digits: Int
  /// Whether there is a number at all.
  package let hasNumber: Bool

  /// Reads a pattern: at most one `%d`, `%Nd` or `%0Nd`, and `%%` for a percent sign.
  package init(_ text: String) throws(ObverseError) {
    var parts = [""]
    var digits = 0
    var rest = text[...]
    while let character = rest.popFirst() {
      guard character == "%" else {
        parts[parts.count - 1].append(character)
        continue
      }
      if rest.first == "%" {
        rest.removeFirst()
        parts[parts.count - 1].append("%")
        continue
      }
      let width = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(width.count)
      let number = width.isEmpty ? 0 : Int(width)
      guard rest.popFirst() == "d", let number, number <= 20 else {
        throw .usage(
          "'\(text)' is no pattern: only %d, %04d and %% are known",
          hint: "-o face-%04d.png")
      }
      guard parts.count == 1 else {
        throw .usage("'\(text)' has more than one number", hint: "-o face-%04d.png")
      }
      digits = number
      parts.append("")
    }
    before = parts[0]
    after = parts.count > 1 ? parts[1] : ""
    self.digits = digits
    hasNumber = parts.count > 1
  }

  /// The name for one number.
  package func name(_ number: Int) -> String {
    hasNumber ? before + Format.padded(number, digits) + after : before
  }
}
