import Core

/// Frames a second, as a fraction: 60, or 24000/1001 for what film on television calls 23.976.
package struct FrameRate: Sendable, Equatable {
  package let frames: Int
  package let seconds: Int

  /// Rates of which a thousand-and-first part fell away when television got its colours.
  private static let television = [24, 30, 48, 60, 120]
  private static let limit = 1_000_000

  /// Reads `60`, `23.976` or `30000/1001`.
  ///
  /// - Throws: `usage` for what is no rate, or not of 1/1000 to 1000000.
  package init(_ text: String) throws(ObverseError) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    let rate = parts.count == 1 ? Self.decimal(parts[0]) : Self.fraction(parts)
    guard let rate, rate.frames > 0, rate.seconds > 0,
      rate.frames <= Self.limit * rate.seconds, rate.seconds <= 1000 * rate.frames
    else {
      throw .usage(
        "option '--fps' needs frames a second, such as 60, 23.976 or 30000/1001, not '\(text)'",
        hint: nil)
    }
    let divisor = Self.divisor(rate.frames, rate.seconds)
    frames = rate.frames / divisor
    seconds = rate.seconds / divisor
  }

  /// Nanoseconds from frame 0 to `frame`.
  package func nanoseconds(_ frame: Int) -> UInt64 {
    let (whole, rest) = (frame * seconds).quotientAndRemainder(dividingBy: frames)
    let part = UInt64(frames).dividingFullWidth(UInt64(rest).multipliedFullWidth(by: 1_000_000_000))
    return UInt64(whole) * 1_000_000_000 + part.quotient
  }

  private static func fraction(_ parts: [Substring]) -> (frames: Int, seconds: Int)? {
    guard parts.count == 2, let frames = number(parts[0]), let seconds = number(parts[1]) else {
      return nil
    }
    return (frames, seconds)
  }

  private static func decimal(_ text: Substring) -> (frames: Int, seconds: Int)? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard let whole = number(parts[0]) else { return nil }
    guard parts.count > 1 else { return (whole, 1) }
    guard parts.count == 2, parts[1].utf8.count <= 6, let rest = number(parts[1]) else {
      return nil
    }
    let scale = (0..<parts[1].utf8.count).reduce(1) { scale, _ in scale * 10 }
    let frames = whole * scale + rest
    // 23.976 and 29.97 mean 24000/1001 and 30000/1001, of which they are the first digits.
    for rate in television where abs(1001 * frames - 1000 * rate * scale) * 200 < 1001 * scale {
      return (1000 * rate, 1001)
    }
    return (frames, scale)
  }

  /// Up to seven digits and nothing else: with more, a frame's moment would not fit its integer.
  private static func number(_ text: Substring) -> Int? {
    guard (1...7).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else {
      return nil
    }
    return Int(text)
  }

  private static func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : divisor(b, a % b) }
}
