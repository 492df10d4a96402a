import Torch

/// Augmentation as strong as the discriminators need it in order not to learn the pictures by heart.
///
/// Source: Karras et al. 2020, arXiv:2006.06676, section 3: the probability of each change rises while
/// the scores of real pictures are too often above 0, and falls while they are not.
final class AdaptiveAugmentation {
  /// What the mean sign of real scores shall be.
  let target: Double
  /// Probability of each change, and since its last change the sum of the mean signs, and how many.
  let state = Tensor.zeros([3])
  private var augmentation = Augmentation()
  private var random = SplitMix64(seed: 0, stream: 0)

  /// Steps from one change of the probability to the next, and thousands of images in which it moves
  /// by 1 at most.
  private static let interval = 4
  private static let kimg = 500.0

  init(target: Double) { self.target = target }

  var probability: Double { Double(state.floats[0]) }

  /// From here on everything random follows from these.
  func begin(seed: UInt64, stream: UInt64) { random = SplitMix64(seed: seed, stream: stream) }

  /// Images as a discriminator shall see them.
  func callAsFunction(_ images: Tensor) -> Tensor {
    let (p, size) = (probability, images.shape[3])
    let changes = (0..<images.shape[0]).map { _ in ImageChange(p: p, size: size, &random) }
    return augmentation.changed(images, changes)
  }

  /// Takes note of the real pictures' scores, and now and then moves the probability.
  ///
  /// - Parameters:
  ///   - scores: Of real pictures, by the discriminator whose learning counts.
  ///   - step: Of the run.
  ///   - batch: Images of a step, of all processes.
  ///   - processes: Those who must come to the same probability.
  func note(_ scores: Tensor, step: Int, batch: Int, _ processes: Processes?) {
    let signs = (scores.detached * 1e30).clamped(to: -1...1).mean
    let all = (processes?.averaged([signs])[0] ?? signs).item
    var (p, sum, count) = (probability, Double(state.floats[1]) + all, Double(state.floats[2]) + 1)
    if step % Self.interval == 0 {
      let excess = sum / count - target
      let way = excess > 0 ? 1.0 : excess < 0 ? -1 : 0
      p = max(p + way * Double(batch * Self.interval) / (Self.kimg * 1000), 0)
      (sum, count) = (0, 0)
    }
    state.assign(.values([Float(p), Float(sum), Float(count)], [3]))
  }
}
