import CKernels
import Core

/// MobileStyleGAN's last layer: a modulated 1x1 to four bands a channel, and their inverse Haar.
package final class FastToHaarImage: ModulatedLayer {
  private let fast: Fast
  private let size: Int
  package let inChannels: Int
  private let inBlocks: Int
  private let outBlocks: Int
  package let imageChannels: Int
  private let weights: FloatBuffer
  private let finish: Finish

  /// Packs `weight`, `[4 * imageChannels, in]`; `size` is the map's, the image has twice that.
  ///
  /// - Throws: `resources`.
  package init(
    _ fast: Fast, weight: FloatBuffer, bias: FloatBuffer, clamp: Float?, size: Int, inChannels: Int
  ) throws(ObverseError) {
    self.fast = fast
    self.size = size
    self.inChannels = inChannels
    inBlocks = fast.blocks(inChannels)
    outBlocks = fast.blocks(bias.count)
    imageChannels = bias.count / 4
    weights = try Packing.conv(
      weight, inChannels: inChannels, kernelSize: 1, kernelIndices: [0],
      outputs: .plain(bias.count, lanes: fast.lanes), lanes: fast.lanes)
    finish = try Finish(ofImage: bias, clamp: clamp, lanes: fast.lanes)
  }

  /// Floats of a row of the map.
  package var mapRow: Int { inBlocks * size * fast.lanes }
  private var bandsRow: Int { outBlocks * size * fast.lanes }

  /// Floats of the modulated weights.
  package var weightCount: Int { outBlocks * fast.lanes * inChannels }

  /// Floats of scratch that a worker needs: a row of bands.
  package var scratchCount: Int { bandsRow }

  /// Writes the weights times the style.
  package func modulate(_ arena: FloatBuffer, style styleAt: Int, into modulatedAt: Int) {
    let (style, modulated) = (arena.at(styleAt), arena.base + modulatedAt)
    // A pair or single block after the other, each [input channel][lanes].
    var at = 0
    while at < weightCount {
      let width = min(2 * fast.lanes, (weightCount - at) / inChannels)
      for i in 0..<inChannels {
        for lane in 0..<width {
          modulated[at + i * width + lane] = weights.base[at + i * width + lane] * style[i]
        }
      }
      at += inChannels * width
    }
  }

  /// What rows of the map touch, apart from the map.
  package func access(modulated: Int, image: Int, rows: Range<Int>) -> Access {
    var access = Access("")
    access.read(modulated, weightCount)
    for c in 0..<imageChannels {
      access.write(image + 4 * (c * size + rows.lowerBound) * size, 4 * rows.count * size)
    }
    access.scratch = scratchCount
    return access
  }

  /// Image rows `2 * y` and `2 * y + 1` from row `y` of the map, which lies at `source`; the image's
  /// channels lie `plane` floats apart.
  package func run(
    _ arena: FloatBuffer, source: Int, y: Int, modulated: Int, image: Int, plane: Int,
    scratch: Int
  ) {
    let bands = arena.base + scratch
    let places = LayerPlaces(input: source, style: 0, output: scratch)
    let epilogue = finish.epilogue(arena, places, isDemodulated: false)
    var origin = 0
    withUnsafePointer(to: &origin) { tap in
      let conv = kernel_conv(
        input: arena.at(source), input_row: mapRow, input_block: size * fast.lanes,
        channels: inChannels, taps: tap, tap_count: 1, weights: arena.at(modulated),
        output: bands, output_row: bandsRow, output_block: size * fast.lanes, blocks: outBlocks,
        pixels: size, rows: 1, ahead: 0)
      fast.kernels.convActivated(conv, epilogue, row: y, size: size)
    }
    fast.kernels.haarImageRow(
      Floats(bands), size: size, blocks: outBlocks, channels: imageChannels,
      into: arena.base + (image + 4 * y * size), plane: plane)
  }
}
