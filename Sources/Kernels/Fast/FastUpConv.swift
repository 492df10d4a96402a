// A modulated up-convolution: transposed convolution of stride 2 by phases, then the resample filter.
//
// out[2y + a] += W[a] x[y] makes raw rows of four kinds: an even raw row 2y takes kernel row 0 of
// input row y and kernel row 2 of input row y - 1, an odd one kernel row 1 of input row y; columns
// alike. So the 9 taps are done once for each input pixel, and never for zeros in between.

import CKernels
import Core

/// A 3x3 convolution that doubles the size, with packed weights; immutable, shared by threads.
package final class FastUpConv: Sendable {
  private let fast: Fast
  /// Side of the input.
  private let size: Int
  private let inChannels: Int
  private let inBlocks: Int
  private let outBlocks: Int
  /// By row kind, then column kind: even-even, even-odd, odd-even, odd-odd.
  private let phases: [Phase]
  private let finish: Finish
  private let band: Int

  private struct Phase: Sendable {
    let weights: FloatBuffer
    let taps: [Int]
    let isEvenRow: Bool
    let isEvenColumn: Bool
  }

  /// Packs `weight`, `[out, in, 3, 3]` and not flipped; `size` is the input's.
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
    let row = inBlocks * (size + 2) * fast.lanes
    var phases: [Phase] = []
    for isEvenRow in [true, false] {
      for isEvenColumn in [true, false] {
        var taps: [Int] = []
        var kernels: [Int] = []
        // Offsets count from the prepared row of input y - 1 for even raw rows, y for odd ones;
        // a prepared row's column 0 is input column -1.
        for (ky, dy) in isEvenRow ? [(0, 1), (2, 0)] : [(1, 0)] {
          for (kx, dx) in isEvenColumn ? [(0, 1), (2, 0)] : [(1, 1)] {
            taps.append(dy * row + dx * fast.lanes)
            kernels.append(ky * 3 + kx)
          }
        }
        let weights = try Packing.conv(
          weight, inChannels: inChannels, kernelSize: 9, kernelIndices: kernels,
          outputs: outputs, lanes: fast.lanes)
        phases.append(
          Phase(weights: weights, taps: taps, isEvenRow: isEvenRow, isEvenColumn: isEvenColumn))
      }
    }
    self.phases = phases
    let raw = 2 * outBlocks * (size + 2) * fast.lanes
    // Even, so that bands begin on even rows.
    band = bandRows(floatsPerRow: raw + row / 2, atMost: 2 * size) / 2 * 2
  }

  private var preparedRow: Int { inBlocks * (size + 2) * fast.lanes }
  private var plane: Int { (size + 2) * fast.lanes }
  private var rawRow: Int { 2 * outBlocks * plane }
  private var preparedRows: Int { band / 2 + 4 }

  /// Floats of scratch that a worker needs: prepared rows, raw rows, one filtered row.
  package var scratchCount: Int {
    preparedRows * preparedRow + (band + 3) * rawRow + 2 * plane
  }

  /// What `run` touches for all rows.
  package func access(_ at: LayerPlaces) -> Access {
    let (inputs, outputs) = (inBlocks * fast.lanes, outBlocks * fast.lanes)
    var access = at.access(
      input: inputs * size * size, style: inputs, output: outputs * 4 * size * size,
      scratch: scratchCount)
    at.finish(&access, channels: outputs, size: 2 * size)
    return access
  }

  /// Computes rows of the output map, which has `2 * size` of them.
  package func run(
    _ arena: FloatBuffer, _ at: LayerPlaces, rows: Range<Int>, scratch scratchAt: Int
  ) {
    let (input, style) = (arena.at(at.input), arena.at(at.style))
    let output = arena.base + at.output
    let prepared = arena.base + scratchAt
    let raw = prepared + preparedRows * preparedRow
    let vertical = raw + (band + 3) * rawRow
    let outRow = outBlocks * 2 * size * fast.lanes
    let epilogue = finish.epilogue(arena, at)
    var first = rows.lowerBound
    while first < rows.upperBound {
      let last = min(first + band, rows.upperBound)
      // The filter reads raw rows first - 1 ..< last + 2; three of them are left from the band before.
      var rawFirst = first - 1
      if first > rows.lowerBound {
        raw.update(from: raw + band * rawRow, count: 3 * rawRow)
        rawFirst += 3
      }
      transpose(
        input, style, rawRows: rawFirst..<(last + 2), into: raw + (rawFirst - (first - 1)) * rawRow,
        prepared)
      let filter = kernel_filter(
        even: Floats(raw), odd: Floats(raw + outBlocks * plane), raw_row: rawRow,
        output: output + first * outRow, output_row: outRow, blocks: outBlocks, width: size,
        rows: last - first, vertical: vertical)
      fast.kernels.filterActivated(filter, epilogue, row: first, size: 2 * size)
      first = last
    }
  }

  /// Raw rows of the transposed convolution, as planes of even and odd columns with zero borders.
  private func transpose(
    _ input: Floats, _ style: Floats, rawRows: Range<Int>, into raw: Scratch, _ prepared: Scratch
  ) {
    for r in rawRows {
      let row = raw + (r - rawRows.lowerBound) * rawRow
      if r < 0 || r > 2 * size {
        row.update(repeating: 0, count: rawRow)
      } else {
        for block in 0..<outBlocks {  // columns -1, 2w + 1 and 2w + 2
          let even = row + block * plane
          let odd = even + outBlocks * plane
          (even + (size + 1) * fast.lanes).update(repeating: 0, count: fast.lanes)
          odd.update(repeating: 0, count: fast.lanes)
          (odd + (size + 1) * fast.lanes).update(repeating: 0, count: fast.lanes)
        }
      }
    }
    let inside = max(rawRows.lowerBound, 0)..<min(rawRows.upperBound, 2 * size + 1)
    guard !inside.isEmpty else { return }
    let firstPrepared = inside.lowerBound / 2 - 1
    for y in firstPrepared...((inside.upperBound - 1) / 2) {
      fast.kernels.modulateRow(
        input, y: y, size: size, blocks: inBlocks, style: style,
        into: prepared + (y - firstPrepared) * preparedRow)
    }
    for phase in phases {
      let parity = phase.isEvenRow ? 0 : 1
      let from = inside.lowerBound % 2 == parity ? inside.lowerBound : inside.lowerBound + 1
      guard from < inside.upperBound else { continue }
      let y = from / 2 - (phase.isEvenRow ? 1 : 0)
      let target = raw + (from - rawRows.lowerBound) * rawRow
      phase.taps.withUnsafeBufferPointer { taps in
        guard let base = taps.baseAddress else { return }
        fast.kernels.convRaw(
          kernel_conv(
            input: Floats(prepared + (y - firstPrepared) * preparedRow), input_row: preparedRow,
            input_block: plane, channels: inChannels, taps: base, tap_count: taps.count,
            weights: Floats(phase.weights.base),
            output: phase.isEvenColumn ? target : target + outBlocks * plane + fast.lanes,
            output_row: 2 * rawRow, output_block: plane, blocks: outBlocks,
            pixels: phase.isEvenColumn ? size + 1 : size,
            rows: (inside.upperBound - from + 1) / 2, ahead: 0))
      }
    }
  }
}
