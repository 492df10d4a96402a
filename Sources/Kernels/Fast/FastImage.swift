// From feature maps to the image.

import CKernels
import Core

/// A layer whose weights are multiplied with each face's style, having fewer values than its input.
package protocol ModulatedLayer: AnyObject, Sendable {
  /// Floats of the modulated weights.
  var weightCount: Int { get }
  /// Floats of the style that `modulate` reads.
  var inChannels: Int { get }
  /// Writes the weights times the style to zeroed places.
  func modulate(_ arena: FloatBuffer, style: Int, into modulated: Int)
  /// What `modulate` touches. (A requirement, though all have the same: Embedded Swift calls none but
  /// those on a value whose type it does not know.)
  func modulateAccess(style: Int, into modulated: Int) -> Access
}

extension ModulatedLayer {
  package func modulateAccess(style: Int, into modulated: Int) -> Access {
    var access = Access("")
    access.read(style, inChannels)
    access.write(modulated, weightCount)
    return access
  }
}

/// StyleGAN2's toRGB, whatever the layout of the map.
package protocol ImageLayer: ModulatedLayer {
  /// Floats of scratch that a worker needs.
  var scratchCount: Int { get }
  /// Floats of a row of the map.
  var mapRow: Int { get }
  var imageChannels: Int { get }
  /// Rows of the image, whose channels lie `plane` floats apart; `previous` is that of half the size.
  func run(
    _ arena: FloatBuffer, map: Int, modulated: Int, previous: Int?, image: Int, plane: Int,
    rows: Range<Int>, scratch: Int)
  /// What `run` touches for all rows of an image of `size`, apart from the map.
  func access(size: Int, modulated: Int, previous: Int?, image: Int) -> Access
}

extension ImageLayer {
  package func access(size: Int, modulated: Int, previous: Int?, image: Int) -> Access {
    var access = Access("")
    access.read(modulated, weightCount)
    if let previous { access.read(previous, imageChannels * (size / 2) * (size / 2)) }
    access.write(image, imageChannels * size * size)
    access.scratch = scratchCount
    return access
  }

  /// Where rows of the image go, and what is under them.
  func target(
    _ arena: FloatBuffer, size: Int, previous: Int?, image: Int, plane: Int
  ) -> kernel_image {
    kernel_image(
      size: size, channels: imageChannels, previous: previous.map { arena.at($0) },
      image: arena.base + image, plane: plane)
  }
}

extension Finish {
  /// What follows a layer to an image: its bias and its clamp.
  ///
  /// - Throws: `resources`.
  init(ofImage bias: FloatBuffer, clamp: Float?, lanes: Int) throws(ObverseError) {
    try self.init(
      bias: bias, slots: .plain(bias.count, lanes: lanes), slope: 1, gain: 1, clamp: clamp)
  }
}

extension FloatBuffer {
  /// Writes these weights, `[out, in]`, times a style as `[in][row]`; what is behind `out` is left.
  func modulate(
    _ arena: FloatBuffer, style: Int, into modulated: Int, row: Int, inChannels: Int
  ) {
    for i in 0..<inChannels {
      for o in 0..<(count / inChannels) {
        arena.base[modulated + i * row + o] = base[o * inChannels + i] * arena.base[style + i]
      }
    }
  }
}

/// StyleGAN2's toRGB: adds a map's contribution to the doubled image of the block before.
///
/// A 1x1 convolution to one block of channels, so that no sum crosses lanes.
package final class FastToRGB: ImageLayer {
  private let fast: Fast
  private let size: Int
  package let inChannels: Int
  private let blocks: Int
  package let imageChannels: Int
  private let weight: FloatBuffer
  private let finish: Finish

  /// `weight` is `[imageChannels, in]`.
  ///
  /// - Throws: `resources`.
  package init(
    _ fast: Fast, weight: FloatBuffer, bias: FloatBuffer, clamp: Float?, size: Int, inChannels: Int
  ) throws(ObverseError) {
    self.fast = fast
    self.size = size
    self.inChannels = inChannels
    blocks = fast.blocks(inChannels)
    imageChannels = bias.count
    self.weight = weight
    finish = try Finish(ofImage: bias, clamp: clamp, lanes: fast.lanes)
  }

  /// Floats of the modulated weights.
  package var weightCount: Int { inChannels * fast.lanes }
  package var mapRow: Int { blocks * size * fast.lanes }
  /// Floats of scratch that a worker needs: a row of the contribution, and one of the smaller image
  /// with borders.
  package var scratchCount: Int { size * fast.lanes + size / 2 + 2 }

  /// Writes the weights times the style, `[in][lanes]`, to zeroed places.
  package func modulate(_ arena: FloatBuffer, style: Int, into modulated: Int) {
    weight.modulate(arena, style: style, into: modulated, row: fast.lanes, inChannels: inChannels)
  }

  package func run(
    _ arena: FloatBuffer, map: Int, modulated: Int, previous: Int?, image: Int, plane: Int,
    rows: Range<Int>, scratch: Int
  ) {
    let target = target(
      arena, size: size, previous: previous, image: image, plane: plane)
    let row = arena.base + scratch
    let places = LayerPlaces(input: map, style: 0, output: scratch)
    let epilogue = finish.epilogue(arena, places, isDemodulated: false)
    var origin = 0
    withUnsafePointer(to: &origin) { tap in
      for y in rows {
        let conv = kernel_conv(
          input: arena.at(map + y * mapRow), input_row: mapRow, input_block: size * fast.lanes,
          channels: inChannels, taps: tap, tap_count: 1, weights: arena.at(modulated),
          output: row, output_row: size * fast.lanes, output_block: size * fast.lanes,
          blocks: 1, pixels: size, rows: 1, ahead: 0)
        fast.kernels.convActivated(conv, epilogue, row: y, size: size)
        fast.kernels.imageRow(target, y: y, row: Floats(row), row + size * fast.lanes)
      }
    }
  }
}

/// A resnet block's skip: a 1x1 convolution at the smaller size, added behind the doubling.
package final class FastSkip: Sendable {
  private let fast: Fast
  private let size: Int
  private let inChannels: Int
  private let inBlocks: Int
  private let outBlocks: Int
  private let weights: FloatBuffer

  /// Packs `weight`, `[out, in]`; `size` is the input's.
  ///
  /// - Throws: `resources`.
  package init(
    _ fast: Fast, weight: FloatBuffer, size: Int, inChannels: Int, outChannels: Int
  ) throws(ObverseError) {
    self.fast = fast
    self.size = size
    self.inChannels = inChannels
    inBlocks = fast.blocks(inChannels)
    outBlocks = fast.blocks(outChannels)
    weights = try Packing.conv(
      weight, inChannels: inChannels, kernelSize: 1, kernelIndices: [0],
      outputs: .plain(outChannels, lanes: fast.lanes), lanes: fast.lanes)
  }

  /// Floats of a row of the block's output, which `add` goes over.
  package var addedRow: Int { outBlocks * 2 * size * fast.lanes }
  /// Floats that `run` writes and `add` reads.
  package var count: Int { outBlocks * size * size * fast.lanes }

  /// What `run` touches for all rows.
  package func access(input: Int, output: Int) -> Access {
    var access = Access("")
    access.read(input, inBlocks * size * size * fast.lanes)
    access.write(output, count)
    return access
  }

  /// Rows of the 1x1 convolution.
  package func run(_ arena: FloatBuffer, input inputAt: Int, output outputAt: Int, rows: Range<Int>)
  {
    let input = arena.at(inputAt)
    let output = arena.base + outputAt
    let inRow = inBlocks * size * fast.lanes
    let outRow = outBlocks * size * fast.lanes
    var origin = 0
    withUnsafePointer(to: &origin) { tap in
      fast.kernels.convRaw(
        kernel_conv(
          input: input + rows.lowerBound * inRow, input_row: inRow, input_block: size * fast.lanes,
          channels: inChannels, taps: tap, tap_count: 1, weights: Floats(weights.base),
          output: output + rows.lowerBound * outRow, output_row: outRow,
          output_block: size * fast.lanes, blocks: outBlocks, pixels: size, rows: rows.count,
          ahead: 0))
    }
  }

  /// Adds the doubled result of `run` to rows of the block's output.
  package func add(_ arena: FloatBuffer, skip: Int, to map: Int, rows: Range<Int>) {
    for y in rows {
      fast.kernels.addUpsampledRow(
        arena.at(skip), y: y, half: size, blocks: outBlocks,
        into: arena.base + (map + y * addedRow))
    }
  }
}
