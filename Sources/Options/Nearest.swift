/// The nearest of some names to a mistyped one.
public enum Nearest {
  /// The name nearest to `word`, or nil where none is near.
  public static func of(_ word: String, among names: [String]) -> String? {
    var best: (name: String, distance: Int)?
    for name in names {
      var distance = edits(Array(word.utf8), Array(name.utf8))
      // `--truncation` for `--trunc`, `--no-meta` for `--no-metadata`.
      if word.utf8.count > 2, word.hasPrefix(name) || name.hasPrefix(word) { distance = 1 }
      if distance < best?.distance ?? Int.max { best = (name, distance) }
    }
    guard let best, best.distance <= max(1, min(3, word.utf8.count / 3)) else { return nil }
    return best.name
  }

  /// Insertions, deletions, replacements and swaps of neighbours between two words.
  private static func edits(_ a: [UInt8], _ b: [UInt8]) -> Int {
    guard a.count <= 64, b.count <= 64 else { return Int.max - 1 }
    var rows = [Array(0...b.count)]
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          cost = min(cost, rows[i - 1][j - 1] + 1)
        }
        row.append(cost)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
