import Core
import Networks
import Torch

/// Scores by size: of weights, of what a channel holds, of its styles.
///
/// Source: the criteria that CAGC compares itself with (Liu et al. 2021, arXiv:2104.02244), in its
/// authors' code; their incoming score draws the constant's by lot, ours takes its magnitude.
enum MagnitudeScore {
  /// Mean magnitude of what each channel is multiplied with, at the mean w.
  static func weights(_ generator: Generator) -> [[Float]] {
    Torch.withoutGradients { kernels(generator).map { $0.mean(over: [0, 2, 3]).floats } }
  }

  /// Mean magnitude of what each channel is made with; of the constant itself.
  static func incomingWeights(_ generator: Generator) -> [[Float]] {
    Torch.withoutGradients {
      [generator.synthesis.const.magnitude.mean(over: [1, 2]).floats]
        + kernels(generator).dropLast().map { $0.mean(over: [1, 2, 3]).floats }
    }
  }

  /// Magnitudes of the kernels of all readers, modulated and demodulated at the mean w.
  private static func kernels(_ generator: Generator) -> [Tensor] {
    let w = generator.mapping.wAverage.reshaped([1, -1])
    return generator.synthesis.readers.map { reader in
      var kernel = reader.kernel * reader.affine(w).reshaped([1, -1, 1, 1])
      if reader.isDemodulated {
        let energy = kernel.squared.sum(over: [1, 2, 3], keepingAxes: true)
        kernel = kernel * (energy + 1e-8).reciprocalSquareRoot
      }
      return kernel.magnitude
    }
  }

  /// Magnitudes of the mean styles of `settings.samples` latents.
  static func styles(_ generator: Generator, _ settings: PruneSettings) -> [[Float]] {
    Torch.seed(settings.seed)
    return Torch.withoutGradients {
      let z = Tensor.normal(
        [settings.samples, generator.shape.zDim], on: generator.registry.device)
      // The mean of styles is the style of the mean.
      let w = generator.mapping(z).mean(over: [0], keepingAxes: true)
      return generator.synthesis.readers.map { $0.affine(w).magnitude.floats }
    }
  }

  /// What each channel holds in `settings.samples` pictures: its mean magnitude or its deviation.
  static func activations(
    _ generator: Generator, _ settings: PruneSettings, progress: (Int) -> Void
  ) -> [[Float]] {
    Torch.seed(settings.seed)
    var layers: [Sums] = []
    var done = 0
    Torch.withoutGradients {
      while done < settings.samples {
        let n = min(settings.batch, settings.samples - done)
        let z = Tensor.normal([n, generator.shape.zDim], on: generator.registry.device)
        let ws = generator.broadcast(generator.mapping(z))
        var layer = 0
        _ = generator.synthesis(
          ws, noise: .random,
          visitLayer: { x in
            if layer == layers.count { layers.append(Sums(x)) }
            layers[layer].add(x)
            layer += 1
          })
        done += n
        progress(done)
      }
    }
    let isDeviation = settings.score == .deviation
    return layers.map { isDeviation ? $0.deviations(settings.samples) : $0.means(settings.samples) }
  }

  /// Sums over pictures of what one layer holds, `[C, H, W]` each.
  private struct Sums {
    private var magnitudes: Tensor
    /// Of the differences from the first picture, which keeps the digits of what hardly varies.
    private var differences: Tensor
    private var squares: Tensor
    private let base: Tensor

    init(_ x: Tensor) {
      base = x.slice(axis: 0, 0..<1)
      magnitudes = .zeros(base.shape, on: x.device)
      (differences, squares) = (magnitudes, magnitudes)
    }

    mutating func add(_ x: Tensor) {
      let gap = x - base
      magnitudes = magnitudes + x.magnitude.sum(over: [0], keepingAxes: true)
      differences = differences + gap.sum(over: [0], keepingAxes: true)
      squares = squares + gap.squared.sum(over: [0], keepingAxes: true)
    }

    func means(_ count: Int) -> [Float] {
      (magnitudes * (1 / Double(count))).mean(over: [0, 2, 3]).floats
    }

    func deviations(_ count: Int) -> [Float] {
      let share = 1 / Double(count)
      let variance = squares * share - (differences * share).squared
      return variance.clamped(to: 0...Double.infinity).squareRoot.mean(over: [0, 2, 3]).floats
    }
  }
}
