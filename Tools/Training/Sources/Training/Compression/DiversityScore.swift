import Networks
import Torch

/// The score of DCP-GAN: channels that different directions of w use differently keep diversity.
///
/// Source: Chung et al. 2024, arXiv:2403.13548. In its authors' code, as here, both images of a pair
/// carry gradients, though a comment there says that one does not.
enum DiversityScore {
  /// Latents whose w give the directions, directions of a batch, length of a step.
  private static let (population, count, reach) = (10_000, 10, 5.0)

  static func scores(
    _ generator: Generator, _ settings: PruneSettings, progress: (Int) -> Void
  ) -> [[Float]] {
    let device = generator.registry.device
    Torch.seed(settings.seed)
    var sums: [[Double]] = generator.shape.widths.map { [Double](repeating: 0, count: $0) }
    let main = principal(generator)
    var done = 0
    while done < settings.samples {
      let n = min(settings.batch, settings.samples - done)
      var random = SplitMix64(seed: settings.seed, stream: UInt64(done))
      let ws = Torch.withoutGradients {
        generator.broadcast(generator.mapping(.normal([n, generator.shape.zDim], on: device)))
      }
      let slopes = (0..<count).map { _ in
        let direction = main.directions.slice(axis: 0, choose(main.shares, &random))
        return Self.slopes(generator, ws, direction * reach, noise: .random)
      }
      for layer in sums.indices {
        for c in sums[layer].indices {
          let values = slopes.map { Double($0[layer][c]) }
          let mean = values.reduce(0, +) / Double(count)
          sums[layer][c] += values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        }
      }
      done += n
      progress(done)
    }
    return sums.map { $0.map(Float.init) }
  }

  /// Directions along which w varies, `[wDim, wDim]` in rows, and their shares of its variance.
  static func principal(_ generator: Generator) -> (directions: Tensor, shares: [Float]) {
    let device = generator.registry.device
    let w = Torch.withoutGradients {
      generator.mapping(.normal([population, generator.shape.zDim], on: device))
    }
    let centred = w - w.mean(over: [0], keepingAxes: true)
    let covariance = centred.permuted([1, 0]).times(centred) * (1 / Double(population))
    let (values, vectors) = covariance.eigenvectors
    let variances = values.floats.map { max($0, 0) }
    let total = variances.reduce(0, +)
    return (vectors, variances.map { $0 / total })
  }

  /// One index, as likely as its share.
  private static func choose(_ shares: [Float], _ random: inout SplitMix64) -> Range<Int> {
    var left = Float(random.fraction())
    for (i, share) in shares.enumerated() {
      left -= share
      if left < 0 { return i..<i + 1 }
    }
    return 0..<1  // shares that round to less than 1 leave almost nothing
  }

  /// How much the weights that read each channel have to do with `Σ |G(w + step) - G(w)|`.
  ///
  /// - Parameters:
  ///   - generator: G.
  ///   - ws: `[N, wsCount, wDim]`.
  ///   - step: `[1, wDim]`.
  ///   - noise: Of both images, each its own where it is random.
  /// - Returns: Mean magnitudes of the gradients for each channel, in the order of the readers.
  static func slopes(
    _ generator: Generator, _ ws: Tensor, _ step: Tensor, noise: NoiseMode
  ) -> [[Float]] {
    let n = ws.shape[0]
    let moved = ws + step.reshaped([1, 1, -1])
    let images = generator.synthesis(.concatenated([ws, moved], axis: 0), noise: noise)
    let loss = (images.slice(axis: 0, n..<2 * n) - images.slice(axis: 0, 0..<n)).magnitude.sum
    let weights = generator.synthesis.readers.map(\.weight)
    return zip(Tensor.gradients(of: loss, with: weights), weights).map { slope, weight in
      slope.map { $0.magnitude.mean(over: [0, 2, 3]).floats }
        ?? [Float](repeating: 0, count: weight.shape[1])
    }
  }
}
