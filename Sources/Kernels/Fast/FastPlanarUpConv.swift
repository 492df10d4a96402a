// A modulated up-convolution of few channels: transposed convolution of stride 2 by phases, then the
// resample filter. FastUpConv says how the phases come about.

import CKernels
import Core

/// A 3x3 convolution that doubles the size and writes a planar map; immutable, shared by threads.
package final class FastPlanarUpConv: RowSource {
  private let fast: Fast
  /// Side of the input.
  private let size: Int
  private let inChannels: Int
  private let outChannels: Int
  private let group: Int
  /// Whether the input is a planar map too, or one of blocks.
  private let readsPlanar: Bool
  /// Even rows' even and odd columns, then odd rows'.
  private let phases: [Phase]
  /// What makes the last even column, by kernel element: 2, 8, then 5; `[3][in][out]`, padded to
  /// whole vectors.
  private let edge: FloatBuffer
  private let edgeOutputs: Int
  private let finish: Finish
  private let band: Int

  private struct Phase: Sendable {
    let weights: FloatBuffer
    let steps: PlanarSteps
  }

  /// Packs `weight`, `[out, in, 3, 3]` and not flipped; `size` is the input's.
  ///
  /// - Throws: `resources`.
  package init(
    _ fast: Fast, weight: FloatBuffer, size: Int, inChannels: Int, outChannels: Int,
    readsPlanar: Bool, finish: Finish
  ) throws(ObverseError) {
    self.fast = fast
    self.size = size
    self.inChannels = inChannels
    self.outChannels = outChannels
    self.readsPlanar = readsPlanar
    self.finish = finish
    let group = fast.kernels.planarGroup(columns: size)
    self.group = group
    let stride = size + 2 * Planar.border
    let row = inChannels * stride
    func phase(_ taps: [Int], _ kernels: [Int]) throws(ObverseError) -> Phase {
      Phase(
        weights: try Packing.planar(
          weight, inChannels: inChannels, outChannels: outChannels, kernelSize: 9,
          kernelIndices: kernels, group: group),
        steps: try PlanarSteps(taps, channels: inChannels, stride: stride))
    }
    // Offsets count from input row y - 1 for an even raw row 2y, from row y for 2y + 1.
    phases = [
      try phase([row, row - 1, 0, -1], [0, 2, 6, 8]), try phase([row, 0], [1, 7]),
      try phase([0, -1], [3, 5]), try phase([0], [4]),
    ]
    edgeOutputs = fast.blocks(outChannels) * fast.lanes
    edge = try FloatBuffer(zeros: 3 * inChannels * edgeOutputs)
    for (i, kernel) in [2, 8, 5].enumerated() {
      for o in 0..<outChannels {
        for c in 0..<inChannels {
          edge.base[(i * inChannels + c) * edgeOutputs + o] =
            weight[(o * inChannels + c) * 9 + kernel]
        }
      }
    }
    band = bandRows(floatsPerRow: 2 * outChannels * stride + row / 2, atMost: 2 * size)
  }

  private var stride: Int { size + 2 * Planar.border }
  private var preparedRow: Int { inChannels * stride }
  private var rawRow: Int { 2 * outChannels * stride }
  private var preparedRows: Int { band / 2 + 4 }

  /// Floats of scratch that a worker needs: prepared rows, raw rows, two filtered rows.
  package var scratchCount: Int {
    preparedRows * preparedRow + (band + 3) * rawRow
      + max(2 * stride + 2 * Planar.border, edgeOutputs)
  }

  package var outputRow: Int { outChannels * 2 * size }

  package func access(_ at: LayerPlaces) -> Access {
    let input = readsPlanar ? inChannels : fast.blocks(inChannels) * fast.lanes
    var access = at.access(
      input: input * size * size, style: inChannels, output: 2 * size * outputRow,
      scratch: scratchCount)
    at.finish(&access, channels: outChannels, size: 2 * size)
    return access
  }

  /// Computes rows of the output map, which has `2 * size` of them.
  @discardableResult
  package func run(
    _ arena: FloatBuffer, _ at: LayerPlaces, rows: Range<Int>, scratch scratchAt: Int,
    continuing before: Int = 0
  ) -> Int {
    guard !rows.isEmpty else { return before }
    let prepared = arena.base + scratchAt
    let raw = prepared + preparedRows * preparedRow
    let vertical = raw + (band + 3) * rawRow
    let outRow = outputRow
    let epilogue = finish.epilogue(arena, at)
    if before == 0 {
      Planar.clearBorders(prepared, count: preparedRows * inChannels, stride: stride)
    }
    var first = rows.lowerBound
    var before = before
    while first < rows.upperBound {
      let last = min(first + band, rows.upperBound)
      // The filter reads raw rows first - 1 ..< last + 2; three of them are left from the band before.
      var rawFirst = first - 1
      if before > 0 {
        raw.update(from: raw + before * rawRow, count: 3 * rawRow)
        rawFirst += 3
      }
      transpose(
        arena.at(at.input), arena.at(at.style), rawRows: rawFirst..<(last + 2),
        into: raw + (rawFirst - (first - 1)) * rawRow, prepared, vertical)
      let filter = kernel_filter(
        even: Floats(raw), odd: Floats(raw), raw_row: rawRow,
        output: arena.base + at.output + first * outRow, output_row: outRow, blocks: 0,
        width: size, rows: last - first, vertical: vertical)
      fast.kernels.planarFilter(
        filter, epilogue, row: first, size: 2 * size, channels: outChannels, stride: stride)
      before = last - first
      first = last
    }
    return before
  }

  /// Raw rows of the transposed convolution, even and odd columns apart.
  private func transpose(
    _ input: Floats, _ style: Floats, rawRows: Range<Int>, into raw: Scratch, _ prepared: Scratch,
    _ sums: Scratch
  ) {
    let inside = max(rawRows.lowerBound, 0)..<min(rawRows.upperBound, 2 * size + 1)
    for r in rawRows where !inside.contains(r) {
      (raw + (r - rawRows.lowerBound) * rawRow).update(repeating: 0, count: rawRow)
    }
    guard !inside.isEmpty else { return }
    let firstPrepared = inside.lowerBound / 2 - 1
    for y in firstPrepared...((inside.upperBound - 1) / 2) {
      let row = prepared + ((y - firstPrepared) * preparedRow + Planar.border)
      if readsPlanar {
        fast.kernels.planarModulateRow(
          input, y: y, size: size, channels: inChannels, style: style, into: row, stride: stride)
      } else {
        fast.kernels.planarModulateBlockedRow(
          input, y: y, size: size, channels: inChannels, style: style, into: row, stride: stride)
      }
    }
    for r in inside {
      let isEven = r % 2 == 0
      let y = r / 2 - (isEven ? 1 : 0)
      let from = prepared + ((y - firstPrepared) * preparedRow + Planar.border)
      let target = raw + (r - rawRows.lowerBound) * rawRow
      for column in 0..<2 {
        let phase = phases[(isEven ? 0 : 2) + column]
        fast.kernels.planarRow(
          kernel_planar(
            input: Floats(from), steps: phase.steps.base, step_count: phase.steps.count,
            weights: Floats(phase.weights.base), output: target + column * stride,
            output_channel: 2 * stride, outputs: outChannels, group: group, columns: size))
      }
      lastColumn(from, isEven, target + size, sums)
    }
  }

  /// The even column behind the last input column: that column times the kernel's right side.
  private func lastColumn(_ from: Scratch, _ isEven: Bool, _ target: Scratch, _ sums: Scratch) {
    let last = Floats(from + size - 1)
    fast.kernels.planarColumn(
      Floats(edge.base + (isEven ? 0 : 2 * inChannels * edgeOutputs)),
      isEven ? last + preparedRow : last, above: isEven ? last : nil, channels: inChannels,
      stride: stride, outputs: edgeOutputs, into: sums)
    for o in 0..<outChannels { target[o * 2 * stride] = sums[o] }
  }
}
