// A modulated 3x3 convolution on bands of rows: modulate into scratch, convolve, finish.

import CKernels
import Core

/// A modulated 3x3 convolution of unchanged size, whatever the algorithm.
package protocol ConvLayer: AnyObject, Sendable {
  var algorithm: ConvAlgorithm { get }
  /// A worker's rows begin and end on a multiple of it.
  var rowMultiple: Int { get }
  /// Rows that it does together at most.
  var bandRows: Int { get }
  /// Floats of scratch that a worker needs.
  var scratchCount: Int { get }
  /// Floats of a row of the input map.
  var inputRow: Int { get }
  /// Floats of a row of the output map.
  var outputRow: Int { get }
  /// What `run` touches for all rows.
  func access(_ at: LayerPlaces) -> Access
  /// Computes rows of the output map; `after` sees each band while it is in cache.
  func run(
    _ arena: FloatBuffer, _ at: LayerPlaces, rows: Range<Int>, scratch: Int,
    after: (Range<Int>) -> Void)
}

/// A 3x3 convolution with packed weights; immutable, shared by threads.
package final class FastConv: ConvLayer {
  package let algorithm = ConvAlgorithm.direct
  package let rowMultiple = 1

  private let fast: Fast
  private let size: Int
  private let inChannels: Int
  private let inBlocks: Int
  private let outBlocks: Int
  private let weights: PackedKernel
  private let finish: Finish
  package let bandRows: Int
  private let taps: InlineArray<9, Int>

  /// Packs `weight`, `[out, in, 3, 3]`.
  ///
  /// - Throws: `resources`.
  package convenience init(
    _ fast: Fast, weight: FloatBuffer, size: Int, inChannels: Int, outputs: ChannelSlots,
    finish: Finish
  ) throws(ObverseError) {
    try self.init(
      fast, stored: .floats(weight), size: size, inChannels: inChannels, outputs: outputs,
      finish: finish)
  }

  /// The same in the type that a file has; other than floats for maps of 4 x 4 alone.
  ///
  /// - Throws: `resources`.
  package init(
    _ fast: Fast, stored: StoredWeights, size: Int, inChannels: Int, outputs: ChannelSlots,
    finish: Finish
  ) throws(ObverseError) {
    self.fast = fast
    self.size = size
    self.inChannels = inChannels
    inBlocks = fast.blocks(inChannels)
    outBlocks = outputs.count / fast.lanes
    self.finish = finish
    weights = try PackedKernel(
      stored, inChannels: inChannels, outputs: outputs, lanes: fast.lanes)
    if case .floats = weights {} else { precondition(size == 4) }
    let row = inBlocks * (size + 2) * fast.lanes
    // A map of 4 x 4 is done as a whole.
    bandRows = size == 4 ? size : Kernels.bandRows(floatsPerRow: row, atMost: size)
    let lanes = fast.lanes
    taps = InlineArray { k in k / 3 * row + k % 3 * lanes }
  }

  private var preparedRow: Int { inBlocks * (size + 2) * fast.lanes }

  /// Floats of scratch that a worker needs.
  package var scratchCount: Int { (bandRows + 2) * preparedRow }

  package var inputRow: Int { inBlocks * size * fast.lanes }
  package var outputRow: Int { outBlocks * size * fast.lanes }

  package func access(_ at: LayerPlaces) -> Access {
    var access = at.access(
      input: size * inputRow, style: inBlocks * fast.lanes, output: size * outputRow,
      scratch: scratchCount)
    at.finish(&access, channels: outBlocks * fast.lanes, size: size)
    return access
  }

  /// Pairs of blocks of output channels, which small maps are dealt out by.
  package var pairs: Int { (outBlocks + 1) / 2 }

  /// Computes all rows of some pairs of blocks of the output map.
  package func run(_ arena: FloatBuffer, _ at: LayerPlaces, pairs: Range<Int>, scratch: Int) {
    run(
      arena, at, rows: 0..<size,
      blocks: (2 * pairs.lowerBound)..<min(2 * pairs.upperBound, outBlocks), scratch: scratch
    ) { _ in }
  }

  /// Computes rows of the output map; `after` sees each band while it is in cache.
  package func run(
    _ arena: FloatBuffer, _ at: LayerPlaces, rows: Range<Int>, scratch: Int,
    after: (Range<Int>) -> Void
  ) {
    run(arena, at, rows: rows, blocks: 0..<outBlocks, scratch: scratch, after: after)
  }

  private func run(
    _ arena: FloatBuffer, _ at: LayerPlaces, rows: Range<Int>, blocks: Range<Int>,
    scratch scratchAt: Int, after: (Range<Int>) -> Void
  ) {
    let (input, style) = (arena.at(at.input), arena.at(at.style))
    let output = arena.base + at.output
    let scratch = arena.base + scratchAt
    let width = preparedRow
    let outRow = outputRow
    // Where the chosen channels begin.
    let (lane, block) = (blocks.lowerBound * fast.lanes, blocks.lowerBound * size * fast.lanes)
    var epilogue = finish.epilogue(arena, at)
    epilogue.factors = epilogue.factors.map { $0 + lane }
    epilogue.bias += lane
    var first = rows.lowerBound
    var prepared = first - 1  // rows below this one are in scratch
    while first < rows.upperBound {
      let last = min(first + bandRows, rows.upperBound)
      if first > rows.lowerBound {
        // The last two prepared rows are the next band's first two.
        scratch.update(from: scratch + bandRows * width, count: 2 * width)
      }
      while prepared < last + 1 {
        fast.kernels.modulateRow(
          input, y: prepared, size: size, blocks: inBlocks, style: style,
          into: scratch + (prepared - (first - 1)) * width)
        prepared += 1
      }
      taps.span.withUnsafeBufferPointer { taps in
        guard let base = taps.baseAddress else { return }
        var conv = kernel_conv(
          input: Floats(scratch), input_row: width, input_block: (size + 2) * fast.lanes,
          channels: inChannels, taps: base, tap_count: 9, weights: Floats(scratch),
          output: output + (first * outRow + block), output_row: outRow,
          output_block: size * fast.lanes, blocks: blocks.count, pixels: size, rows: last - first,
          ahead: 0)
        let before = 9 * inChannels * lane
        switch weights {
        case .floats(let floats):
          conv.weights = Floats(floats.base) + before
          if size == 4, last - first == size {
            fast.kernels.convSmall(conv, epilogue)
          } else {
            fast.kernels.convActivated(conv, epilogue, row: first, size: size)
          }
        case .halves(let halves):
          fast.kernels.convSmallHalves(conv, halves.base + before, epilogue)
        case .bytes(let bytes, let scales):
          fast.kernels.convSmallBytes(
            conv, bytes.base + before, scales: Floats(scales.base) + lane, epilogue)
        }
      }
      after(first..<last)
      first = last
    }
  }
}
