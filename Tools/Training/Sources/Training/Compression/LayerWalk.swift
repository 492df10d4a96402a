import Core
import Networks
import Torch

/// Goes through a generator's linear maps one by one, for many w at once.
///
/// The running maps of all w are kept in memory, a batch of w at a time is computed.
struct LayerWalk {
  let layers: [LinearLayer]
  /// `[n, wsCount, wDim]` each.
  let ws: [Tensor]
  /// The running maps, a batch each.
  private(set) var maps: [Tensor]

  /// - Throws: `unsupported` for an architecture that is no chain.
  init(_ generator: Generator, w: [Tensor]) throws(ObverseError) {
    guard let layers = generator.linearLayers else {
      throw .unsupported(
        what: "the generator",
        why: "going layer by layer knows skip and MobileStyleGAN, not"
          + " \(generator.shape.architecture.rawValue)", hint: nil)
    }
    self.layers = layers
    ws = w.map { generator.broadcast($0) }
    maps = w.map { generator.firstMap($0.shape[0]) }
  }

  func inputs(_ layer: Int, batch: Int) -> Tensor { layers[layer].inputs(maps[batch], ws[batch]) }

  /// Batches that a layer looks at where maps of 64 px and more look at `base` pictures.
  ///
  /// Smaller maps have fewer pixels and as many unknowns: they take more pictures, or the fit would
  /// learn its pictures by heart. `latents` of `mostPictures` are enough for all.
  func batches(_ layer: Int, base: Int) -> Range<Int> {
    let pictures = base * max(64 / layers[layer].side, 1)
    var count = 0
    var seen = 0
    while count < ws.count, seen < pictures {
      seen += ws[count].shape[0]
      count += 1
    }
    return 0..<count
  }

  /// Pictures that the smallest map looks at.
  static func mostPictures(base: Int) -> Int { 16 * base }

  /// Forgets the running maps behind `batches`, which later layers do not look at.
  mutating func forget(behind batches: Range<Int>) {
    maps.removeSubrange(min(batches.upperBound, maps.count)...)
  }

  /// Replaces the running map of a batch by what the layer makes of an output; a map to the image
  /// leaves it.
  mutating func pass(_ layer: Int, batch: Int, _ output: Tensor) {
    guard layers[layer].outputWidth != nil else { return }
    maps[batch] = layers[layer].finished(output)
  }

  /// Places of a side's pixels: all, or `most` by lot.
  static func places(side: Int, most: Int, _ random: inout SplitMix64) -> [Int] {
    let all = side * side
    return all <= most ? Array(0..<all) : (0..<most).map { _ in random.below(all) }
  }

  /// The w of random z by the generator's own mapping, in batches.
  static func latents(
    _ generator: Generator, count: Int, batch: Int, seed: UInt64
  ) -> [Tensor] {
    Torch.seed(seed)
    return Torch.withoutGradients {
      stride(from: 0, to: count, by: batch).map { first in
        let z = Tensor.normal(
          [min(batch, count - first), generator.shape.zDim], on: generator.registry.device)
        return generator.mapping(z)
      }
    }
  }
}
