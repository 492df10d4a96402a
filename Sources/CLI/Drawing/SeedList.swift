import Core

/// The seeds of `--seeds`: `0,1,4-6`, order and repeats kept.
package enum SeedList {
  /// As many images as one run draws.
  package static let limit = 1_000_000

  /// Reads a list.
  ///
  /// - Throws: `usage` for what is no seed, beyond 32 bits, or more than `limit`.
  package static func parse(_ text: String) throws(ObverseError) -> [UInt32] {
    var seeds: [UInt32] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let item = trimmed(part)
      let ends = item.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
      guard ends.count == 2, !ends[0].isEmpty else {
        seeds.append(try seed(item))
        guard seeds.count <= limit else { throw tooMany(text) }
        continue
      }
      let (first, last) = (try seed(trimmed(ends[0])), try seed(trimmed(ends[1])))
      guard first <= last else {
        throw .usage("range '\(item)' runs backwards", hint: "--seeds \(last)-\(first)")
      }
      guard Int(last - first) < limit - seeds.count else { throw tooMany(text) }
      seeds.append(contentsOf: first...last)
    }
    return seeds
  }

  /// Reads one seed.
  package static func seed(_ text: Substring) throws(ObverseError) -> UInt32 {
    let isDigits = !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
    if isDigits, let seed = UInt32(text) { return seed }
    let isNegative =
      text.hasPrefix("-") && text.utf8.count > 1
      && text.utf8.dropFirst().allSatisfy { (48...57).contains($0) }
    guard isDigits || isNegative else {
      throw .usage("'\(text)' is not a seed", hint: "seeds are written like 0,1,4-6")
    }
    throw .usage("seed \(text) is outside of 0 to 4294967295", hint: nil)
  }

  /// Without the spaces around it.
  package static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
  }

  private static func tooMany(_ text: String) -> ObverseError {
    .usage("--seeds names more than the \(limit) seeds that one run draws", hint: nil)
  }
}
