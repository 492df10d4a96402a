// A modulated up-convolution of many channels in two steps: the transposed convolution by Winograd,
// into a map of raw rows, then the resample filter. FastUpConv says what raw rows are.
//
// Two steps, since a worker that needed its neighbour's raw rows would have to compute a whole tile
// row again, and other bits if it did that directly.

import CKernels
import Core

/// A 3x3 convolution that doubles the size, with transformed weights; immutable, shared by threads.
package final class FastWinogradUpConv: RowSource {
  /// A worker's input rows begin and end on a multiple of it.
  package static let rowMultiple = 4
  private let fast: Fast
  /// Side of the input.
  private let size: Int
  private let inChannels: Int
  private let inBlocks: Int
  private let outBlocks: Int
  private let weights: FloatBuffer
  /// The last raw row and column directly, each from one side of the kernel.
  private let edges: [Edge: (weights: FloatBuffer, taps: [Int])]
  private let finish: Finish
  /// Tile rows done together.
  private let band: Int

  private enum Edge {
    /// Even and odd columns of the raw row behind the last input row.
    case rowEven, rowOdd
    /// Even and odd rows of the raw column behind the last input column.
    case columnEven, columnOdd
  }

  /// Transforms and packs `weight`, `[out, in, 3, 3]` and not flipped; `size` is the input's, a
  /// multiple of 4.
  ///
  /// - Throws: `resources`.
  package init(
    _ fast: Fast, weight: FloatBuffer, size: Int, inChannels: Int, outputs: ChannelSlots,
    finish: Finish
  ) throws(ObverseError) {
    self.fast = fast
    self.size = size
    self.inChannels = inChannels
    inBlocks = fast.blocks(inChannels)
    outBlocks = outputs.count / fast.lanes
    self.finish = finish
    weights = try Packing.winogradUp(
      weight, inChannels: inChannels, outputs: outputs, lanes: fast.lanes)
    let lanes = fast.lanes
    func edge(
      _ taps: [Int], _ kernels: [Int]
    ) throws(ObverseError) -> (weights: FloatBuffer, taps: [Int]) {
      let packed = try Packing.conv(
        weight, inChannels: inChannels, kernelSize: 9, kernelIndices: kernels,
        outputs: outputs, lanes: lanes)
      return (packed, taps)
    }
    // What lies behind the last row or column is zero, so only its own side of the kernel counts.
    edges = [
      .rowEven: try edge([lanes, 0], [6, 8]), .rowOdd: try edge([lanes], [7]),
      .columnEven: try edge([lanes, 0], [2, 8]), .columnOdd: try edge([lanes], [5]),
    ]
    // Transformed weights come from a far cache: 32 tiles that share them keep the multipliers busy.
    band = min(max(32 / (size / 4), 1), size / 4)
  }

  private var tiles: Int { size / 4 }
  private var preparedRow: Int { inBlocks * (size + 2) * fast.lanes }
  private var plane: Int { (size + 2) * fast.lanes }
  private var rawRow: Int { 2 * outBlocks * plane }
  /// The last input column of a band with the row above it, and the raw column it makes.
  private var columnCount: Int { (inBlocks + outBlocks) * (4 * band + 1) * fast.lanes }
  private var transformedCount: Int { 81 * inBlocks * band * tiles * fast.lanes }

  /// Floats of the raw map: rows -1 to 2 * size + 1.
  package var rawCount: Int { (2 * size + 3) * rawRow }

  /// Floats of scratch that a worker needs.
  package var scratchCount: Int {
    (4 * band + 2) * preparedRow + transformedCount + 81 * outBlocks * band * tiles * fast.lanes
      + max(columnCount, 2 * plane)
  }

  package var outputRow: Int { outBlocks * 2 * size * fast.lanes }

  /// What `transpose` touches for all rows.
  package func transposeAccess(_ at: LayerPlaces) -> Access {
    let inputs = inBlocks * fast.lanes
    return at.access(
      input: inputs * size * size, style: inputs, output: rawCount, scratch: scratchCount)
  }

  package func access(_ at: LayerPlaces) -> Access {
    var access = Access("")
    access.read(at.input, rawCount)
    access.write(at.output, 2 * size * outputRow)
    access.scratch = scratchCount
    at.finish(&access, channels: outBlocks * fast.lanes, size: 2 * size)
    return access
  }

  /// The raw rows of the input rows `rows`, and the borders that go with them.
  package func transpose(
    _ arena: FloatBuffer, _ at: LayerPlaces, rows: Range<Int>, scratch scratchAt: Int
  ) {
    let prepared = arena.base + scratchAt
    let transformed = prepared + (4 * band + 2) * preparedRow
    let raw = arena.base + at.output + rawRow  // row 0
    if rows.lowerBound == 0 { (raw - rawRow).update(repeating: 0, count: rawRow) }
    var first = rows.lowerBound
    while first < rows.upperBound {
      let last = min(first + 4 * band, rows.upperBound)
      for y in (first - 1)..<(last + 1) {
        fast.kernels.modulateRow(
          arena.at(at.input), y: y, size: size, blocks: inBlocks, style: arena.at(at.style),
          into: prepared + (y - (first - 1)) * preparedRow)
      }
      let target = raw + 2 * first * rawRow
      clearColumns(target, rows: 2 * (last - first))
      fast.kernels.winogradUp(
        kernel_winograd_up(
          input: Floats(prepared), input_row: preparedRow, input_block: plane, in_blocks: inBlocks,
          channels: inChannels, weights: Floats(weights.base), transformed: transformed,
          products: transformed + transformedCount, output: target, output_row: rawRow,
          output_block: plane, odd_columns: outBlocks * plane + fast.lanes, out_blocks: outBlocks,
          tiles: tiles, tile_rows: (last - first) / 4))
      lastColumn(
        prepared, rows: last - first, into: target + size * fast.lanes,
        transformed + transformedCount + 81 * outBlocks * band * tiles * fast.lanes)
      if last == size { lastRow(prepared + (last - first) * preparedRow, raw + 2 * size * rawRow) }
      first = last
    }
  }

  /// Filters raw rows, `at.input`, into rows of the output map and finishes them; each call for itself.
  @discardableResult
  package func run(
    _ arena: FloatBuffer, _ at: LayerPlaces, rows: Range<Int>, scratch: Int,
    continuing before: Int = 0
  ) -> Int {
    // Output row Y needs raw rows from Y - 1 on, and row -1 is the map's first.
    let raw = arena.at(at.input + rows.lowerBound * rawRow)
    let outRow = outBlocks * 2 * size * fast.lanes
    fast.kernels.filterActivated(
      kernel_filter(
        even: raw, odd: raw + outBlocks * plane, raw_row: rawRow,
        output: arena.base + at.output + rows.lowerBound * outRow, output_row: outRow,
        blocks: outBlocks, width: size, rows: rows.count, vertical: arena.base + scratch),
      finish.epilogue(arena, at), row: rows.lowerBound, size: 2 * size)
    return before
  }

  /// Zeros in the columns that no one computes: -1, 2w + 1 and 2w + 2.
  private func clearColumns(_ raw: Scratch, rows: Int) {
    let lanes = fast.lanes
    for row in 0..<rows {
      for block in 0..<outBlocks {
        let even = raw + row * rawRow + block * plane
        let odd = even + outBlocks * plane
        (even + (size + 1) * lanes).update(repeating: 0, count: lanes)
        odd.update(repeating: 0, count: lanes)
        (odd + (size + 1) * lanes).update(repeating: 0, count: lanes)
      }
    }
  }

  /// The raw row behind the last input row, `input`, and zeros behind that.
  private func lastRow(_ input: Scratch, _ raw: Scratch) {
    clearColumns(raw, rows: 1)
    edge(.rowEven, input, plane, raw, plane, pixels: size + 1)
    edge(.rowOdd, input, plane, raw + outBlocks * plane + fast.lanes, plane, pixels: size)
    (raw + rawRow).update(repeating: 0, count: rawRow)
  }

  /// The even raw column behind the last input column, for raw rows from `raw` on.
  ///
  /// The column is laid down as a row, whose pixels a tile takes together.
  private func lastColumn(
    _ prepared: Scratch, rows: Int, into raw: Scratch, _ scratch: Scratch
  ) {
    let lanes = fast.lanes
    let line = (rows + 1) * lanes
    let made = scratch + inBlocks * line
    for block in 0..<inBlocks {
      for y in 0...rows {
        (scratch + block * line + y * lanes).update(
          from: prepared + y * preparedRow + block * plane + size * lanes, count: lanes)
      }
    }
    for (parity, kind) in [Edge.columnEven, .columnOdd].enumerated() {
      edge(kind, scratch, line, made, line, pixels: rows)
      for y in 0..<rows {
        for block in 0..<outBlocks {
          (raw + (2 * y + parity) * rawRow + block * plane).update(
            from: made + block * line + y * lanes, count: lanes)
        }
      }
    }
  }

  private func edge(
    _ kind: Edge, _ input: Scratch, _ inputBlock: Int, _ output: Scratch, _ outputBlock: Int,
    pixels: Int
  ) {
    guard let (weights, taps) = edges[kind] else { return }
    taps.withUnsafeBufferPointer { taps in
      guard let base = taps.baseAddress else { return }
      fast.kernels.convRaw(
        kernel_conv(
          input: Floats(input), input_row: 0, input_block: inputBlock, channels: inChannels,
          taps: base, tap_count: taps.count, weights: Floats(weights.base), output: output,
          output_row: 0, output_block: outputBlock, blocks: outBlocks, pixels: pixels, rows: 1,
          ahead: 0))
    }
  }
}
