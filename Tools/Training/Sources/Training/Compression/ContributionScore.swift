import Core
import Networks
import Torch

/// How much a channel contributes to the layer that reads it: the root mean square of what that
/// layer's weight multiplies, times the length of the weight's column.
///
/// Source: Molchanov et al. 2017, arXiv:1611.06440, is a family of such criteria; this one needs no
/// gradient. A channel of MobileStyleGAN that an inverse Haar transform makes is scored as one, with
/// the four that it is made of.
enum ContributionScore {
  /// What is known of the reader of a width.
  struct Reader {
    let layer: Int
    var scores: [Float]
    /// Of its outputs on its inputs.
    let regression: LeastSquares?
    let taps: Int
  }

  /// Looks at every reader of a width, for some w.
  ///
  /// - Parameters:
  ///   - generator: The teacher.
  ///   - samples: Number of w, for small maps more.
  ///   - regresses: Whether to gather what `WidthSearch` needs.
  ///   - seed: Gives w and places.
  ///   - progress: Receives the number of layers done.
  /// - Returns: By index of `shape.widths`.
  /// - Throws: `unsupported`.
  static func readers(
    _ generator: Generator, samples: Int, regresses: Bool, seed: UInt64,
    progress: (Int) -> Void = { _ in }
  ) throws(ObverseError) -> [Reader] {
    let w = LayerWalk.latents(
      generator, count: LayerWalk.mostPictures(base: samples), batch: 4, seed: seed)
    var walk = try LayerWalk(generator, w: w)
    var random = SplitMix64(seed: seed, stream: 1 << 41)
    var readers: [Int: Reader] = [:]
    for (i, layer) in walk.layers.enumerated() {
      // Of StyleGAN2's two readers of a width the convolution counts, at the end toRGB.
      let isLast = layer.inputWidth == generator.shape.widths.count - 1
      let counts = layer.outputWidth != nil || isLast
      let regression = regresses && counts ? LeastSquares() : nil
      let batches = walk.batches(i, base: samples)
      walk.forget(behind: batches)
      var pictures = 0
      var energy = Tensor.zeros([layer.inputCount], on: generator.registry.device)
      Torch.withoutGradients {
        for batch in batches {
          pictures += walk.ws[batch].shape[0]
          let inputs = walk.inputs(i, batch: batch)
          let output = layer.output(inputs, walk.ws[batch])
          energy = energy + inputs.squared.sum(over: [0, 2, 3])
          if let regression {
            let places = LayerWalk.places(side: layer.side, most: 192, &random)
            let rows = layer.rows(inputs, output, at: places)
            regression.add(rows.x, rows.y)
          }
          walk.pass(i, batch: batch, output)
        }
      }
      guard counts else { continue }
      let mean = energy * (1 / Double(pictures * layer.side * layer.side))
      let columns = layer.flatWeight.reshaped([layer.outputCount, layer.inputCount, layer.taps])
        .squared.sum(over: [0, 2])
      readers[layer.inputWidth] = Reader(
        layer: i, scores: (mean * columns).squareRoot.floats, regression: regression,
        taps: layer.taps)
      progress(i + 1)
    }
    return try generator.shape.widths.indices.map { width throws(ObverseError) in
      guard let reader = readers[width] else { throw .bug("nobody reads width \(width)") }
      return reader
    }
  }
}
