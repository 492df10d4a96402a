import Core
import Networks
import Torch

/// How far an image moves, by LPIPS, for a small step of w: a smooth generator's is small.
///
/// Source: Karras et al. 2019, arXiv:1812.04948, section 4.1, in the reading of StyleGAN2's
/// `ppl2_wend`: in w, at the ends of the paths, of whole images, without the extremes.
public enum PerceptualPathLength {
  static let name = "ppl of w, ends, whole image, step 1e-4"
  /// Share of the paths that is left out at either end.
  private static let extremes = 0.01

  /// - Parameters:
  ///   - generator: Draws at psi 1, with the same noise at both ends of a step.
  ///   - lpips: Sees images of at most 256x256.
  ///   - count: Paths.
  ///   - batch: Paths at once; what is drawn depends on it.
  ///   - seed: Of latents and noise.
  ///   - step: Of the way from one w to another; `name` says which.
  ///   - progress: Receives the paths that are done.
  /// - Returns: The mean of squared distances over the squared step.
  static func length(
    _ generator: Generator, _ lpips: LPIPS, count: Int, batch: Int, seed: UInt64,
    step: Double = 1e-4, progress: (Int) -> Void = { _ in }
  ) -> Double {
    let device = generator.registry.device
    var lengths: [Float] = []
    while lengths.count < count {
      let n = min(batch, count - lengths.count)
      var random = SplitMix64(seed: seed, stream: UInt64(lengths.count))
      Torch.seed(random.next())
      let noise = random.next()
      lengths += Torch.withoutGradients {
        let z = Tensor.normal([2 * n, generator.shape.zDim], on: device)
        let w = generator.mapping(z)
        let (from, to) = (w.slice(axis: 0, 0..<n), w.slice(axis: 0, n..<2 * n))
        let images = [from, from + (to - from) * step].map { w in
          Torch.seed(noise)
          return atMost256(generator.synthesis(generator.broadcast(w), noise: .random))
        }
        return (lpips.distances(images[0], images[1]) * (1 / (step * step))).floats
      }
      progress(lengths.count)
    }
    return mean(lengths)
  }

  /// The mean of what lies between the extremes.
  static func mean(_ lengths: [Float]) -> Double {
    let sorted = lengths.sorted()
    let last = Double(sorted.count - 1)
    let inner = Int((extremes * last).rounded(.down))...Int(((1 - extremes) * last).rounded(.up))
    return sorted[inner].reduce(0) { $0 + Double($1) } / Double(inner.count)
  }
}
