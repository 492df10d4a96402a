import ImageFile
import Obverse

/// The cells of a contact sheet.
package struct Grid: Sendable, Equatable {
  package let columns: Int
  package let rows: Int

  /// The most cells in a row or column.
  static let limit = 1024

  /// A grid of these sizes, each from 1 to `limit`.
  init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
  }

  /// A row of `columns` for each of `rows`; near a square for one row.
  init(of columns: Int, each rows: Int) {
    self.columns = rows > 1 ? columns : Int(Double(columns).squareRoot().rounded(.up))
    self.rows = rows > 1 ? rows : (columns + self.columns - 1) / self.columns
  }

  /// Reads `WxH`.
  package init(_ text: String) throws(ObverseError) {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false)
    guard parts.count == 2, let columns = Int(parts[0]), let rows = Int(parts[1]),
      (1...Self.limit).contains(columns), (1...Self.limit).contains(rows)
    else {
      throw .usage("--grid needs columns and rows, such as 4x2, not '\(text)'", hint: nil)
    }
    self.columns = columns
    self.rows = rows
  }

  package var count: Int { columns * rows }

  /// Refuses more images than cells.
  func check(count: Int) throws(ObverseError) {
    guard count > self.count else { return }
    throw .usage(
      "--grid \(columns)x\(rows) has \(self.count) cells, but \(count) images are asked for",
      hint: nil)
  }
}

/// A contact sheet in the making: black, then cell after cell from the top left.
struct Sheet {
  private let grid: Grid
  private let side: Int
  private let channels: Int
  private var bytes: [UInt8]
  private var filled = 0

  /// - Throws: `request` for a sheet that no image file could hold; `resources`.
  init(_ grid: Grid, side: Int, channels: Int) throws(ObverseError) {
    guard max(grid.columns, grid.rows) * side <= Pixels.longestSide else {
      throw .request(
        "a grid of \(grid.columns)x\(grid.rows) makes an image of \(grid.columns * side)x"
          + "\(grid.rows * side), more than the \(Pixels.longestSide) that are written", hint: nil)
    }
    self.grid = grid
    self.side = side
    self.channels = channels
    let count = grid.count * side * side * channels
    try Memory.expectRoom(for: count)
    bytes = Array(repeating: 0, count: count)
  }

  /// Fills the next cell.
  mutating func add(_ image: [UInt8]) {
    let (column, row) = (filled % grid.columns, filled / grid.columns)
    let line = side * channels
    for y in 0..<side {
      let at = ((row * side + y) * grid.columns + column) * line
      bytes.replaceSubrange(at..<at + line, with: image[y * line..<(y + 1) * line])
    }
    filled += 1
  }

  /// Leaves the next cell as it is.
  mutating func skip() { filled += 1 }

  /// Begins at the first cell again.
  mutating func restart() { filled = 0 }

  var pixels: Pixels {
    Pixels(
      width: grid.columns * side, height: grid.rows * side, channels: channels, bytes: bytes)
  }
}
