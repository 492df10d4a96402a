// MobileStyleGAN's convolution: modulated, depthwise 3x3, pointwise 1x1, finished; the first one of a
// block reads the inverse Haar transform of a modulated map, which never exists as a whole.

import CKernels
import Core

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
  ///
  /// - Throws: `resources`.
  package init(
    _ fast: Fast, depthwise: FloatBuffer, pointwise: FloatBuffer, size: Int, inChannels: Int,
    outputs: ChannelSlots, finish: Finish
  ) throws(ObverseError) {
    self.fast = fast
    self.size = size
    self.inChannels = inChannels
    inBlocks = fast.blocks(inChannels)
    outBlocks = outputs.count / fast.lanes
    self.finish = finish
    let padded = inBlocks * fast.lanes
    let taps = try FloatBuffer(zeros: 9 * padded)
    for c in 0..<inChannels {
      for k in 0..<9 { taps[k * padded + c] = depthwise[c * 9 + k] }
    }
    self.depthwise = taps
    self.pointwise = try Packing.conv(
      pointwise, inChannels: inChannels, kernelSize: 1, kernelIndices: [0], outputs: outputs,
      lanes: fast.lanes)
    ones = try FloatBuffer(repeating: 1, count: outputs.count)
    band = bandRows(floatsPerRow: padded * (2 * size + 2), atMost: size)
  }

  private var padded: Int { inBlocks * fast.lanes }
  private var preparedRow: Int { padded * (size + 2) }
  private var filteredRow: Int { padded * size }

  /// Floats of scratch that a worker needs.
  package var scratchCount: Int {
    band * filteredRow + max((band + 2) * preparedRow, 9 * padded)
  }

  /// What `run` touches for all rows.
  package func access(_ at: LayerPlaces, haarStyle: Int?) -> Access {
    // Of half the size, but of four times the channels.
    var access = at.access(
      input: padded * size * size, style: padded, output: outBlocks * size * size * fast.lanes,
      scratch: scratchCount)
    if let haarStyle { access.read(haarStyle, 4 * padded) }
    at.finish(&access, size: size)
    return access
  }

  /// Computes rows of the output map.
  ///
  /// With `haarStyle`, the style in front of the inverse Haar transform, the input is a map of half
  /// the size in Haar slots.
  package func run(
    _ arena: FloatBuffer, _ at: LayerPlaces, haarStyle: Int?, rows: Range<Int>,
    scratch scratchAt: Int
  ) {
    let filtered = arena.base + scratchAt
    let rest = filtered + band * filteredRow
    let outRow = outBlocks * size * fast.lanes
    let epilogue = finish.epilogue(arena, at, factors: Floats(ones.base))
    if haarStyle == nil { modulate(arena.at(at.style), into: rest) }
    var first = rows.lowerBound
    while first < rows.upperBound {
      let last = min(first + band, rows.upperBound)
      if let haarStyle {
        filterHaar(
          arena.at(at.input), up: arena.at(haarStyle), style: arena.at(at.style),
          rows: first..<last, isFirst: first == rows.lowerBound, into: filtered, rest)
      } else {
        for y in first..<last {
          fast.kernels.depthwiseMapRow(
            arena.at(at.input), y: y, size: size, blocks: inBlocks, weights: Floats(rest),
            into: filtered + (y - first) * filteredRow)
        }
      }
      var origin = 0
      withUnsafePointer(to: &origin) { tap in
        let conv = kernel_conv(
          input: Floats(filtered), input_row: filteredRow, input_block: size * fast.lanes,
          channels: inChannels, taps: tap, tap_count: 1, weights: Floats(pointwise.base),
          output: arena.base + at.output + first * outRow, output_row: outRow,
          output_block: size * fast.lanes, blocks: outBlocks, pixels: size, rows: last - first,
          ahead: haarStyle == nil
            ? arena.at(at.input + (last + 1) * filteredRow) - Floats(filtered) : 0)
        fast.kernels.convActivated(conv, epilogue, row: first, size: size)
      }
      first = last
    }
  }

  /// Writes the depthwise weights times the style: far fewer values than the map has.
  private func modulate(_ style: Floats, into weights: Scratch) {
    for k in 0..<9 {
      for c in 0..<padded { weights[k * padded + c] = depthwise.base[k * padded + c] * style[c] }
    }
  }

  /// The depthwise filter on rows of an inverse Haar transform, which are prepared in scratch; the last
  /// two of a band are the next one's first two.
  private func filterHaar(
    _ map: Floats, up: Floats, style: Floats, rows: Range<Int>, isFirst: Bool,
    into filtered: Scratch, _ prepared: Scratch
  ) {
    let width = preparedRow
    let half = size / 2
    if !isFirst { prepared.update(from: prepared + band * width, count: 2 * width) }
    for y in (isFirst ? rows.lowerBound - 1 : rows.lowerBound + 1)..<(rows.upperBound + 1) {
      let row = prepared + (y - (rows.lowerBound - 1)) * width
      if y >= 0, y < size {
        fast.kernels.haarRow(
          map + y / 2 * 4 * padded * half, up: up, isLower: y % 2 == 1, size: half,
          blocks: inBlocks, style: style, into: row)
      } else {
        row.update(repeating: 0, count: width)
      }
    }
    for y in rows {
      fast.kernels.depthwiseRow(
        Floats(prepared + (y - rows.lowerBound) * width), rowStride: width, size: size,
        blocks: inBlocks, weights: Floats(depthwise.base),
        into: filtered + (y - rows.lowerBound) * filteredRow)
    }
  }
}
