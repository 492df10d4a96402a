/// Rows of a feature map of few channels, `[row][channel][column]`.
final class PlanarMap: MapLayout {
  let channels: Int
  let size: Int

  init(channels: Int, size: Int) {
    (self.channels, self.size) = (channels, size)
  }

  var row: Int { channels * size }
  var count: Int { row * size }

  /// Planes as rows.
  func packed(_ planes: [Float]) -> [Float] {
    var rows = [Float](repeating: .nan, count: count)
    forEachRow { at, plane in
      for x in 0..<size { rows[at + x] = planes[plane + x] }
    }
    return rows
  }

  /// Rows as planes.
  func planes(_ rows: [Float]) -> [Float] {
    var planes = [Float](repeating: .nan, count: count)
    forEachRow { at, plane in
      for x in 0..<size { planes[plane + x] = rows[at + x] }
    }
    return planes
  }

  /// Where each row of each channel begins, in rows and in planes.
  private func forEachRow(_ body: (Int, Int) -> Void) {
    for c in 0..<channels {
      for y in 0..<size { body((y * channels + c) * size, (c * size + y) * size) }
    }
  }

  /// Where rows lie if the map starts at `base`.
  func range(_ rows: Range<Int>, at base: Int) -> Range<Int> {
    (base + rows.lowerBound * row)..<(base + rows.upperBound * row)
  }
}
