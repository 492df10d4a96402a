// MobileStyleGAN's convolution: modulated, depthwise 3x3, pointwise 1x1, finished.

import CKernels
import Core

/// Where a separable layer finds its maps and what changes with each face.
package struct SeparablePlaces: Sendable {
  package let input: MapRows
  /// nil where only the rows at hand exist, in scratch.
  package let output: MapRows?
  /// What `modulate` wrote; not read by a layer of prepared rows.
  package let weights: Int
  /// A prepared row of zeros; not read by a layer of maps.
  package let zeros: Int

  package init(input: MapRows, output: MapRows?, weights: Int, zeros: Int) {
    self.input = input
    self.output = output
    self.weights = weights
    self.zeros = zeros
  }
}

/// Depthwise and pointwise convolution with packed weights; immutable, shared by threads.
///
/// Behind an inverse Haar transform it reads prepared rows, else a map, whose style is in its depthwise
/// weights. With `Precision.bf16` filtered rows and pointwise weights are words of two channels.
package final class FastSeparable: ModulatedLayer {
  private let fast: Fast
  private let size: Int
  package let inChannels: Int
  private let inBlocks: Int
  private let outBlocks: Int
  private let readsPrepared: Bool
  private let depthwise: FloatBuffer
  private let pointwise: FloatBuffer
  private let finish: Finish
  private let band: Int
  /// Words of a pixel's block of filtered channels.
  private let pixelWords: Int
  /// Words of a filtered pixel that are multiplied.
  private let words: Int

  /// Packs `depthwise`, `[in, 3, 3]`, and `pointwise`, `[out, in]`; `size` is the output's.
  ///
  /// - Throws: `resources`.
  package init(
    _ fast: Fast, depthwise: FloatBuffer, pointwise: FloatBuffer, size: Int, inChannels: Int,
    outputs: ChannelSlots, finish: Finish, readsPrepared: Bool
  ) throws(ObverseError) {
    self.fast = fast
    self.size = size
    self.inChannels = inChannels
    self.readsPrepared = readsPrepared
    inBlocks = fast.blocks(inChannels)
    outBlocks = outputs.count / fast.lanes
    self.finish = finish
    let padded = inBlocks * fast.lanes
    let taps = try FloatBuffer(zeros: 9 * padded)
    for c in 0..<inChannels {
      for k in 0..<9 { taps[k * padded + c] = depthwise[c * 9 + k] }
    }
    self.depthwise = taps
    switch fast.precision {
    case .float32:
      pixelWords = fast.lanes
      words = inChannels
      self.pointwise = try Packing.conv(
        pointwise, inChannels: inChannels, kernelSize: 1, kernelIndices: [0], outputs: outputs,
        lanes: fast.lanes)
    case .bf16:
      pixelWords = fast.lanes / 2
      words = (inChannels + 1) / 2
      self.pointwise = try Packing.pairs(
        pointwise, inChannels: inChannels, outputs: outputs, lanes: fast.lanes)
    }
    band = bandRows(floatsPerRow: (padded + outputs.count) * size, atMost: size)
  }

  private var padded: Int { inBlocks * fast.lanes }
  private var filteredRow: Int { inBlocks * pixelWords * size }

  /// What its 1x1 is multiplied in.
  package var precision: Precision { fast.precision }

  /// Floats of a row of the input.
  package var inputRow: Int { padded * (readsPrepared ? size + 2 : size) }
  /// Floats of a row of the output.
  package var outputRow: Int { outBlocks * size * fast.lanes }
  /// Pairs of blocks of output channels, which small maps are dealt out by.
  package var pairs: Int { (outBlocks + 1) / 2 }
  /// Floats of the modulated depthwise weights.
  package var weightCount: Int { readsPrepared ? 0 : 9 * padded }

  /// Floats of scratch that a worker needs; `keepsRows` says whether there is an output map.
  package func scratchCount(keepsRows: Bool) -> Int {
    band * (filteredRow + (keepsRows ? 0 : outputRow))
  }

  /// Writes the depthwise weights times the style: far fewer values than the map has.
  package func modulate(_ arena: FloatBuffer, style styleAt: Int, into weightsAt: Int) {
    let (style, weights) = (arena.at(styleAt), arena.base + weightsAt)
    for k in 0..<9 {
      for c in 0..<padded {
        weights[k * padded + c] = c < inChannels ? depthwise.base[k * padded + c] * style[c] : 0
      }
    }
  }

  /// What `run` touches for some rows.
  package func access(_ at: LayerPlaces, _ places: SeparablePlaces, rows: Range<Int>) -> Access {
    var access = Access("")
    access.reads = places.input.ranges(
      max(rows.lowerBound - 1, 0)..<min(rows.upperBound + 1, size))
    if readsPrepared {
      access.read(places.zeros, inputRow)
    } else {
      access.read(places.weights, weightCount)
    }
    access.writes = places.output?.ranges(rows) ?? []
    access.scratch = scratchCount(keepsRows: places.output != nil)
    access.join("input rows", has: places.input.row, needs: inputRow)
    if let output = places.output {
      access.join("output rows", has: output.row, needs: outputRow)
    }
    at.finish(&access, size: size)
    return access
  }

  /// Computes rows of the output map, of some pairs of blocks or of all; `after` sees each row and where
  /// it lies, while it is in cache.
  package func run(
    _ arena: FloatBuffer, _ at: LayerPlaces, _ places: SeparablePlaces, rows: Range<Int>,
    pairs: Range<Int>? = nil, scratch scratchAt: Int, after: (Int, Int) -> Void
  ) {
    let filtered = arena.base + scratchAt
    let blocks = pairs.map { (2 * $0.lowerBound)..<min(2 * $0.upperBound, outBlocks) }
    let chosen = blocks ?? 0..<outBlocks
    let lanes = fast.lanes
    var epilogue = finish.epilogue(arena, at, isDemodulated: false)
    epilogue.bias += chosen.lowerBound * lanes
    let weights = Floats(pointwise.base) + chosen.lowerBound * lanes * words
    var first = rows.lowerBound
    while first < rows.upperBound {
      var last = min(first + band, rows.upperBound)
      var output = scratchAt + band * filteredRow
      if let map = places.output {
        last = min(last, map.end(from: first))
        output = map.at(first)
      }
      for y in first..<last {
        filter(arena, places, y: y, into: filtered + (y - first) * filteredRow)
      }
      // The input of the next band comes while this one is multiplied.
      let ahead = arena.at(places.input.at(min(last + 1, size - 1))) - Floats(filtered)
      var origin = 0
      withUnsafePointer(to: &origin) { tap in
        let conv = kernel_conv(
          input: Floats(filtered), input_row: filteredRow, input_block: size * pixelWords,
          channels: words, taps: tap, tap_count: 1, weights: weights,
          output: arena.base + (output + chosen.lowerBound * size * lanes), output_row: outputRow,
          output_block: size * lanes, blocks: chosen.count, pixels: size, rows: last - first,
          ahead: readsPrepared || precision == .bf16 ? 0 : ahead)
        switch precision {
        case .float32: fast.kernels.convActivated(conv, epilogue, row: first, size: size)
        case .bf16: fast.kernels.convPairs(conv, epilogue, row: first, size: size)
        }
      }
      for y in first..<last { after(y, output + (y - first) * outputRow) }
      first = last
    }
  }

  /// A row through the depthwise filter.
  private func filter(
    _ arena: FloatBuffer, _ places: SeparablePlaces, y: Int, into row: Scratch
  ) {
    let input = places.input
    let (top, bottom) = (
      y > 0 ? arena.at(input.at(y - 1)) : nil, y + 1 < size ? arena.at(input.at(y + 1)) : nil
    )
    let (middle, blocks) = (arena.at(input.at(y)), inBlocks)
    if readsPrepared {
      let zeros = arena.at(places.zeros)
      let (above, below, weights) = (top ?? zeros, bottom ?? zeros, Floats(depthwise.base))
      switch precision {
      case .float32:
        fast.kernels.depthwiseRow(
          above, middle, below, size: size, blocks: blocks, weights: weights, into: row)
      case .bf16:
        fast.kernels.depthwiseRowPairs(
          above, middle, below, size: size, blocks: blocks, weights: weights, into: row)
      }
    } else {
      let weights = arena.at(places.weights)
      switch precision {
      case .float32:
        fast.kernels.depthwiseMapRow(
          top, middle, bottom, size: size, blocks: blocks, weights: weights, into: row)
      case .bf16:
        fast.kernels.depthwiseMapRowPairs(
          top, middle, bottom, size: size, blocks: blocks, weights: weights, into: row)
      }
    }
  }
}
