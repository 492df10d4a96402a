// Numbers as text, without printf.

/// Numbers as people and tables read them.
public enum Format {
  /// `value` with exactly `digits` decimals, rounded half away from zero.
  public static func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (value.magnitude * scale).rounded(.toNearestOrAwayFromZero)
    guard scaled < 0x1p63 else { return "\(value)" }
    let number = UInt64(scaled)
    let sign = value < 0 && number > 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(number)" }
    let unit = UInt64(scale)
    return "\(sign)\(number / unit)." + padded(Int(number % unit), digits)
  }

  /// A non-negative integer with at least `digits` digits, as `%04d` writes it.
  public static func padded(_ value: Int, _ digits: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(digits - text.utf8.count, 0)) + text
  }

  /// Three significant digits and a decimal multiple: `2.69 M`, `512`.
  public static func scaled(_ value: Int) -> String {
    for (limit, unit) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where Double(value) >= limit {
      return significant(Double(value) / limit) + " " + unit
    }
    return "\(value)"
  }

  /// Bytes in decimal units: `5.8 MB`.
  public static func bytes(_ count: Int) -> String {
    for (limit, unit) in [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")] where Double(count) >= limit {
      return fixed(Double(count) / limit, 1) + " " + unit
    }
    return "\(count) B"
  }

  /// Three significant digits, without an exponent.
  public static func significant(_ value: Double) -> String {
    let magnitude = value.magnitude
    if magnitude >= 99.95 { return fixed(value, 0) }
    var digits = 1
    var limit = 9.995
    while magnitude < limit, digits < (magnitude == 0 ? 2 : 6) {
      digits += 1
      limit /= 10
    }
    return fixed(value, digits)
  }

  /// A duration with a unit that suits it: `6.1 ms`, `12 s`.
  public static func duration(_ nanoseconds: UInt64) -> String {
    let milliseconds = Double(nanoseconds) / 1e6
    if milliseconds < 9.95 { return fixed(milliseconds, 1) + " ms" }
    if milliseconds < 999.5 { return fixed(milliseconds, 0) + " ms" }
    let seconds = milliseconds / 1000
    if seconds < 9.95 { return fixed(seconds, 1) + " s" }
    if seconds < 120 { return fixed(seconds, 0) + " s" }
    return fixed(seconds / 60, 0) + " min"
  }

  /// `1 face`, `4 faces`.
  public static func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }

  /// `text` filled with spaces to `width`; behind, or in front where `right` is set.
  public static func pad(_ text: String, _ width: Int, right: Bool = false) -> String {
    let blanks = String(repeating: " ", count: max(width - text.unicodeScalars.count, 0))
    return right ? blanks + text : text + blanks
  }
}
