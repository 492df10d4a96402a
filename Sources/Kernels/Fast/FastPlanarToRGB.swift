import CKernels
import Core

/// StyleGAN2's toRGB on a planar map; immutable, shared by threads.
package final class FastPlanarToRGB: ImageLayer {
  private let fast: Fast
  private let size: Int
  package let inChannels: Int
  package let imageChannels: Int
  private let weight: FloatBuffer
  private let steps: PlanarSteps
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
    imageChannels = bias.count
    self.weight = weight
    steps = try PlanarSteps([0], channels: inChannels, stride: size)
    finish = try Finish(ofImage: bias, clamp: clamp, lanes: fast.lanes)
  }

  package var weightCount: Int { inChannels * imageChannels }

  package var mapRow: Int { inChannels * size }

  package var scratchCount: Int { size * imageChannels + size / 2 + 2 * fast.lanes }

  /// Writes the weights times the style, `[in][imageChannels]`.
  package func modulate(_ arena: FloatBuffer, style: Int, into modulated: Int) {
    weight.modulate(
      arena, style: style, into: modulated, row: imageChannels, inChannels: inChannels)
  }

  package func run(
    _ arena: FloatBuffer, map: Int, modulated: Int, previous: Int?, image: Int, plane: Int,
    rows: Range<Int>, scratch: Int
  ) {
    let target = target(
      arena, size: size, previous: previous, image: image, plane: plane)
    let row = arena.base + scratch
    let places = LayerPlaces(input: map, style: 0, output: scratch)
    let epilogue = finish.epilogue(arena, places)
    for y in rows {
      fast.kernels.planarRow(
        kernel_planar(
          input: arena.at(map + y * mapRow), steps: steps.base, step_count: steps.count,
          weights: arena.at(modulated), output: row, output_channel: size, outputs: imageChannels,
          group: imageChannels, columns: size))
      fast.kernels.planarImageRow(
        target, y: y, row: Floats(row), epilogue, row + size * imageChannels)
    }
  }
}
