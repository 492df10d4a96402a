/// The inverse Haar transform of a modulated map, as rows that a depthwise convolution reads.
package final class FastHaar: Sendable {
  private let fast: Fast
  /// Side of the input.
  private let size: Int
  private let blocks: Int

  /// `channels` are those behind the transform; the map has four times as many, in Haar slots.
  package init(_ fast: Fast, size: Int, channels: Int) {
    self.fast = fast
    self.size = size
    blocks = fast.blocks(channels)
  }

  /// Floats of a row of the map.
  package var inputRow: Int { 4 * blocks * size * fast.lanes }
  /// Floats of a prepared row.
  package var outputRow: Int { blocks * (2 * size + 2) * fast.lanes }

  /// What rows of the map touch, apart from the map; `up` is the style in front of the transform.
  package func access(up: Int, style: Int, output: MapRows, rows: Range<Int>) -> Access {
    var access = Access("")
    access.read(up, 4 * blocks * fast.lanes)
    access.read(style, blocks * fast.lanes)
    access.writes = output.ranges((2 * rows.lowerBound)..<(2 * rows.upperBound))
    access.join("prepared rows", has: output.row, needs: outputRow)
    return access
  }

  /// The two prepared rows that row `y` of a map, which lies at `source`, becomes.
  package func run(
    _ arena: FloatBuffer, source: Int, y: Int, up: Int, style: Int, output: MapRows
  ) {
    for lower in 0...1 {
      fast.kernels.haarRow(
        arena.at(source), up: arena.at(up), isLower: lower == 1, size: size, blocks: blocks,
        style: arena.at(style), into: arena.base + output.at(2 * y + lower))
    }
  }
}
