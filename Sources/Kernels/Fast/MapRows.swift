/// Where the rows of a map lie in an arena: all of them, or the latest so many, one over the other.
package struct MapRows: Sendable {
  /// Where row 0 lies.
  package let place: Int
  /// Floats of a row.
  package let row: Int
  /// Rows that there is room for; row y lies where row y - held lay.
  package let held: Int

  package init(place: Int, row: Int, held: Int) {
    self.place = place
    self.row = row
    self.held = held
  }

  /// Floats of all that is held.
  package var count: Int { row * held }

  /// Where row `y` lies.
  func at(_ y: Int) -> Int { place + y % held * row }

  /// The end of the rows from `first` on that lie one behind the other.
  func end(from first: Int) -> Int { first + held - first % held }

  /// The floats of rows, of which no more are held than there is room for.
  package func ranges(_ rows: Range<Int>) -> [Range<Int>] {
    precondition(rows.count <= held)
    guard !rows.isEmpty else { return [] }
    let cut = min(end(from: rows.lowerBound), rows.upperBound)
    return [rows.lowerBound..<cut, cut..<rows.upperBound].filter { !$0.isEmpty }.map {
      at($0.lowerBound)..<(at($0.lowerBound) + $0.count * row)
    }
  }
}
