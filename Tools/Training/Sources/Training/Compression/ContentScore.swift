import Core
import Networks
import Torch

/// The content-aware score of CAGC; without a face parser the whole image is content.
///
/// Source: Liu et al. 2021, arXiv:2104.02244. Some pixels of a picture become black or white; the
/// score of a channel is how much its weights would have to do with the difference.
enum ContentScore {
  static func scores(
    _ generator: Generator, _ settings: PruneSettings, progress: (Int) -> Void
  ) throws(ObverseError) -> [[Float]] {
    let device = generator.registry.device
    var parser: FaceParser?
    if let path = settings.parser { parser = try FaceParser(path, on: device) }
    let weights = generator.synthesis.readers.map(\.weight)
    var sums = weights.map { [Double](repeating: 0, count: $0.shape[1]) }
    var done = 0
    Torch.seed(settings.seed)
    while done < settings.samples {
      let n = min(settings.batch, settings.samples - done)
      let z = Tensor.normal([n, generator.shape.zDim], on: device)
      let images = generator(z, noise: .random)
      let size = images.shape[2]
      var random = SplitMix64(seed: settings.seed, stream: UInt64(done))
      var replaced = [Float](repeating: 0, count: n * size * size)
      var values = replaced
      for i in replaced.indices {
        replaced[i] = random.fraction() < settings.noise ? 1 : 0
        values[i] = random.next() & 1 == 1 ? 1 : -1
      }
      var places = Tensor.values(replaced, [n, 1, size, size], on: device)
      if let parser { places = places * parser.mask(images, isNearest: true) }
      let loss = loss(
        images, replaced: places,
        values: .values(values, [n, 1, size, size], on: device))
      for (i, gradient) in Tensor.gradients(of: loss, with: weights).enumerated() {
        guard let gradient else { continue }
        // Signs meet within a batch, not between batches, as in the authors' code.
        let others = gradient.shape.count == 2 ? [0] : [0, 2, 3]
        for (c, value) in gradient.magnitude.mean(over: others).floats.enumerated() {
          sums[i][c] += Double(value)
        }
      }
      done += n
      progress(done)
    }
    return sums.map { $0.map(Float.init) }
  }

  /// `Σ |noisy - clean|`: what is not replaced is equal, and so are its gradients.
  static func loss(_ images: Tensor, replaced: Tensor, values: Tensor) -> Tensor {
    ((values - images).magnitude * replaced).sum
  }
}
