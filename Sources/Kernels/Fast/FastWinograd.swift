// A modulated 3x3 convolution by Winograd's F(4x4, 3x3), on bands of tile rows.

import CKernels
import Core

/// A 3x3 convolution with transformed weights; immutable, shared by threads.
package final class FastWinograd: ConvLayer {
  package let algorithm = ConvAlgorithm.winograd
  package let rowMultiple = 4

  private let fast: Fast
  private let size: Int
  private let inChannels: Int
  private let inBlocks: Int
  private let outBlocks: Int
  private let weights: FloatBuffer
  private let finish: Finish
  /// Tile rows done together.
  private let band: Int
  package var bandRows: Int { 4 * band }

  /// Transforms and packs `weight`, `[out, in, 3, 3]`; `size` is a multiple of 4.
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
    weights = try Packing.winograd(
      weight, inChannels: inChannels, outputs: outputs, lanes: fast.lanes)
    // A band shares each transformed weight among its tiles: at least 16 of them, so that reading
    // weights from the second-level cache keeps up, and more while tiles stay in that cache.
    let perTile = 36 * (inBlocks + outBlocks) * fast.lanes
    let tiles = size / 4
    band = min(max(16 / tiles, 65536 / (perTile * tiles), 1), tiles)
  }

  private var preparedRow: Int { inBlocks * (size + 2) * fast.lanes }
  private var tiles: Int { size / 4 }
  private var transformedCount: Int { 36 * inBlocks * band * tiles * fast.lanes }
  private var productCount: Int { 36 * outBlocks * band * tiles * fast.lanes }

  /// Floats of scratch that a worker needs.
  package var scratchCount: Int {
    (4 * band + 2) * preparedRow + transformedCount + productCount
  }

  package var inputRow: Int { inBlocks * size * fast.lanes }
  package var outputRow: Int { outBlocks * size * fast.lanes }

  package func access(_ at: LayerPlaces) -> Access {
    var access = at.access(
      input: size * inputRow, style: inBlocks * fast.lanes, output: size * outputRow,
      scratch: scratchCount)
    at.finish(&access, channels: outBlocks * fast.lanes, size: size)
    return access
  }

  /// Computes rows of the output map, whole tiles; `after` sees each band while it is in cache.
  package func run(
    _ arena: FloatBuffer, _ at: LayerPlaces, rows: Range<Int>, scratch scratchAt: Int,
    after: (Range<Int>) -> Void
  ) {
    let (input, style) = (arena.at(at.input), arena.at(at.style))
    let output = arena.base + at.output
    let prepared = arena.base + scratchAt
    let transformed = prepared + (4 * band + 2) * preparedRow
    let products = transformed + transformedCount
    let outRow = outputRow
    let epilogue = finish.epilogue(arena, at)
    var first = rows.lowerBound
    while first < rows.upperBound {
      let last = min(first + 4 * band, rows.upperBound)
      for y in (first - 1)..<(last + 1) {
        fast.kernels.modulateRow(
          input, y: y, size: size, blocks: inBlocks, style: style,
          into: prepared + (y - (first - 1)) * preparedRow)
      }
      let winograd = kernel_winograd(
        input: Floats(prepared), input_row: preparedRow, input_block: (size + 2) * fast.lanes,
        in_blocks: inBlocks, channels: inChannels, weights: Floats(weights.base),
        transformed: transformed, products: products, output: output + first * outRow,
        output_row: outRow, output_block: size * fast.lanes, out_blocks: outBlocks, tiles: tiles,
        tile_rows: (last - first) / 4)
      fast.kernels.winogradActivated(winograd, epilogue, row: first, size: size)
      after(first..<last)
      first = last
    }
  }
}
