// MobileStyleGAN's convolution: modulated, depthwise 3x3, pointwise 1x1, finished; the first one of a
// block reads the inverse Haar transform of a modulated map, which never exists as a whole.

import CKernels

/// Depthwise and pointwise convolution with packed weights; immutable, shared by threads.
package final class FastSeparable: Sendable {
  private let fast: Fast
  private let size: Int
  private let inChannels: Int
  private let inBlocks: Int
  private let outBlocks: Int
  private let depthwise: FloatBuffer
  private let pointwise: FloatBuffer
  private let ones: FloatBuffer
  private let finish: Finish
  private let band: Int

  /// Packs `depthwise`, `[in, 3, 3]`, and `pointwise`, `[out, in]`.
  ///
  /// `size` is the output's, behind the Haar transform if there is one.
  package init(
    _ fast: Fast, depthwise: [Float], pointwise: [Float], size: Int, inChannels: Int,
    outputs: ChannelSlots, finish: Finish
  ) {
    self.fast = fast
    self.size = size
    self.inChannels = inChannels
    inBlocks = fast.blocks(inChannels)
    outBlocks = outputs.count / fast.lanes
    self.finish = finish
    let padded = inBlocks * fast.lanes
    var taps = [Float](repeating: 0, count: 9 * padded)
    for c in 0..<inChannels {
      for k in 0..<9 { taps[k * padded + c] = depthwise[c * 9 + k] }
    }
    self.depthwise = FloatBuffer(taps)
    self.pointwise = Packing.conv(
      pointwise, inChannels: inChannels, kernelSize: 1, kernelIndices: [0], outputs: outputs,
      lanes: fast.lanes)
    ones = FloatBuffer([Float](repeating: 1, count: outputs.count))
    band = bandRows(floatsPerRow: padded * (2 * size + 2), atMost: size)
  }

  private var preparedRow: Int { inBlocks * (size + 2) * fast.lanes }
  private var filteredRow: Int { inBlocks * size * fast.lanes }

  /// Floats of scratch that a worker needs.
  package var scratchCount: Int { (band + 2) * preparedRow + band * filteredRow }

  /// What the convolution reads.
  private enum Source {
    /// A map of the output's size.
    case map(Floats)
    /// A map of half the size in Haar slots, and the style in front of the transform.
    case haar(Floats, up: Floats)
  }

  /// Computes rows of the output map; `after` sees each band while it is in cache.
  ///
  /// With `haarStyle`, the style in front of the inverse Haar transform, the input is a map of half
  /// the size in Haar slots.
  package func run(
    _ arena: FloatBuffer, _ at: LayerPlaces, haarStyle: Int?, rows: Range<Int>,
    scratch scratchAt: Int, after: (Range<Int>) -> Void
  ) {
    let style = arena.at(at.style)
    let source: Source =
      haarStyle.map { .haar(arena.at(at.input), up: arena.at($0)) } ?? .map(arena.at(at.input))
    let output = arena.base + at.output
    let scratch = arena.base + scratchAt
    let width = preparedRow
    let filtered = scratch + (band + 2) * width
    let outRow = outBlocks * size * fast.lanes
    let epilogue = finish.epilogue(arena, at, factors: Floats(ones.base))
    var first = rows.lowerBound
    var prepared = first - 1
    while first < rows.upperBound {
      let last = min(first + band, rows.upperBound)
      if first > rows.lowerBound {
        scratch.update(from: scratch + band * width, count: 2 * width)
      }
      while prepared < last + 1 {
        prepare(source, y: prepared, style, into: scratch + (prepared - (first - 1)) * width)
        prepared += 1
      }
      for y in first..<last {
        fast.depthwiseRow(
          Floats(scratch + (y - first) * width), rowStride: width, size: size, blocks: inBlocks,
          weights: Floats(depthwise.base), into: filtered + (y - first) * filteredRow)
      }
      var origin = 0
      withUnsafePointer(to: &origin) { tap in
        let conv = kernel_conv(
          input: Floats(filtered), input_row: filteredRow, input_block: size * fast.lanes,
          channels: inChannels, taps: tap, tap_count: 1, weights: Floats(pointwise.base),
          output: output + first * outRow, output_row: outRow, output_block: size * fast.lanes,
          blocks: outBlocks, pixels: size, rows: last - first)
        fast.convActivated(conv, epilogue, row: first, size: size)
      }
      after(first..<last)
      first = last
    }
  }

  private func prepare(_ source: Source, y: Int, _ style: Floats, into row: Scratch) {
    switch source {
    case .map(let map):
      fast.modulateRow(map, y: y, size: size, blocks: inBlocks, style: style, into: row)
    case .haar(let map, let up):
      guard y >= 0, y < size else {
        row.update(repeating: 0, count: preparedRow)
        return
      }
      let half = size / 2
      fast.haarRow(
        map + y / 2 * 4 * inBlocks * half * fast.lanes, up: up, isLower: y % 2 == 1, size: half,
        blocks: inBlocks, style: style, into: row)
    }
  }
}
