// A modulated 3x3 convolution of few channels, four rows at a time.

import CKernels
import Core

/// What planar layers have in common.
enum Planar {
  /// Floats on each side of a row with borders; a multiple of every instruction set's lanes.
  static let border = 16

  /// Zeros beside the columns of `count` rows of `stride`, the first at `rows`.
  static func clearBorders(_ rows: Scratch, count: Int, stride: Int) {
    for i in 0..<count {
      (rows + i * stride).update(repeating: 0, count: border)
      (rows + ((i + 1) * stride - border)).update(repeating: 0, count: border)
    }
  }
}

/// A 3x3 convolution on planar maps with transformed weights; immutable, shared by threads.
package final class FastPlanarConv: ConvLayer {
  package let algorithm = ConvAlgorithm.planar
  package let rowMultiple = 4
  package let bandRows = 4
  private let fast: Fast
  private let size: Int
  private let inChannels: Int
  private let outChannels: Int
  private let group: Int
  private let chunk: Int
  private let weights: FloatBuffer
  private let steps: PlanarSteps
  private let finish: Finish

  /// Transforms and packs `weight`, `[out, in, 3, 3]`.
  ///
  /// - Throws: `resources`.
  package init(
    _ fast: Fast, weight: FloatBuffer, size: Int, inChannels: Int, outputs: ChannelSlots,
    finish: Finish
  ) throws(ObverseError) {
    self.fast = fast
    self.size = size
    self.inChannels = inChannels
    self.finish = finish
    outChannels = weight.count / (9 * inChannels)
    group = fast.kernels.planarGroup(columns: size)
    weights = try Packing.planarWinograd(
      weight, inChannels: inChannels, outChannels: outChannels, group: group)
    steps = try PlanarSteps([-1, 0, 1], channels: inChannels, stride: size + 2 * Planar.border)
    // Products of a chunk fill half of a first-level cache of 32 KB.
    let tile = 4 * fast.lanes
    chunk = min(max(4096 / (6 * outChannels) / tile, 1) * tile, size)
  }

  private var stride: Int { size + 2 * Planar.border }

  package var scratchCount: Int { 6 * inChannels * stride + 6 * outChannels * chunk }

  package var inputRow: Int { inChannels * size }
  package var outputRow: Int { outChannels * size }

  package func access(_ at: LayerPlaces) -> Access {
    var access = at.access(
      input: size * inputRow, style: inChannels, output: size * outputRow, scratch: scratchCount)
    at.finish(&access, channels: outChannels, size: size)
    return access
  }

  package func run(
    _ arena: FloatBuffer, _ at: LayerPlaces, rows: Range<Int>, scratch scratchAt: Int,
    after: (Range<Int>) -> Void
  ) {
    let transformed = arena.base + scratchAt
    let output = arena.base + at.output
    let epilogue = finish.epilogue(arena, at)
    Planar.clearBorders(transformed, count: 6 * inChannels, stride: stride)
    for first in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: 4) {
      let winograd = kernel_planar_winograd(
        input: arena.at(at.input), style: arena.at(at.style), channels: inChannels,
        steps: steps.base, weights: Floats(weights.base),
        transformed: transformed + Planar.border, stride: stride,
        products: transformed + 6 * inChannels * stride, chunk: chunk,
        output: output + first * outputRow, outputs: outChannels, group: group)
      fast.kernels.planarWinograd(winograd, epilogue, row: first, size: size)
      after(first..<(first + 4))
    }
  }
}
