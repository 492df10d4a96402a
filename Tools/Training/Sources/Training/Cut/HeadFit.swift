import Core
import Networks
import Torch

/// The last layer of a cut, fitted to pictures of the source: least squares in the image's Haar bands,
/// where an inverse transform of orthonormal bands makes errors of pixels of errors of bands.
///
/// Without styles the layer is linear and has one solution. With them it is the product of two linear
/// maps, which Adam improves on samples that are kept in memory, and the outer one is solved once more.
public struct HeadFit {
  /// Beginning of the names of the layer's parameters.
  static let layer = "synthesis.toimage."

  /// Random places of some pictures: `[n, C, P]` features, `[n, bands, P]` bands, `[n, wDim]`.
  private struct Sample {
    let features: Tensor
    let bands: Tensor
    let w: Tensor
  }

  /// What the fit reached, as shares of the bands' variance that are left.
  public struct Report {
    /// Without styles.
    public let linear: Double
    /// With styles that depend on w.
    public let styled: Double
  }

  private let generator: Generator
  private var samples: [Sample] = []
  private static let ridge = 1e-6
  /// Pictures of one sample, drawn at once.
  private static let batch = 4

  /// Draws features of known pictures.
  ///
  /// - Parameters:
  ///   - generator: The cut.
  ///   - data: Pictures of the source with their w.
  ///   - count: Pictures to use, at most.
  ///   - places: Pixels of the map that are looked at in each.
  ///   - seed: Gives the places.
  ///   - progress: Receives the number of pictures seen.
  /// - Throws: `request` for pictures without w; what reading them says.
  public init(
    _ generator: Generator, _ data: ImageData, count: Int, places: Int, seed: UInt64,
    progress: (Int) -> Void = { _ in }
  ) throws(ObverseError) {
    self.generator = generator
    let device = generator.registry.device
    let side = generator.shape.featureSide
    let all = Array(0..<min(count, data.count))
    for first in stride(from: 0, to: all.count, by: Self.batch) {
      let indices = Array(all[first..<min(first + Self.batch, all.count)])
      guard let w = data.w(indices, on: device) else {
        throw .request(
          "these pictures have no w beside them",
          hint: "obverse-train pictures draws pictures with their w")
      }
      let images = try data.batch(indices, mirrored: indices.map { _ in false }, on: device)
      var random = SplitMix64(seed: seed, stream: UInt64(first))
      let chosen = Tensor.indices((0..<places).map { _ in random.below(side * side) }, on: device)
      samples.append(
        Torch.withoutGradients {
          var map: Tensor?
          _ = generator.synthesis(generator.broadcast(w), noise: .stored) { map = $1 }
          guard let map else { preconditionFailure("a generator has blocks") }
          func picked(_ x: Tensor) -> Tensor {
            x.reshaped([x.shape[0], x.shape[1], side * side]).selected(axis: 2, chosen)
          }
          return Sample(features: picked(map), bands: picked(Haar.bands(images)), w: w)
        })
      progress(indices.count + first)
    }
  }

  /// Fits the layer, and leaves it in the generator.
  ///
  /// - Parameters:
  ///   - steps: Of Adam, for the styles.
  ///   - seed: Gives the order of the samples.
  /// - Returns: How well it fits.
  public func fit(steps: Int, seed: UInt64) -> Report {
    let (weight, bias) = (parameter("weight"), parameter("bias"))
    let linear = solve(weight, bias)
    fitStyles(weight, bias, steps: steps, seed: seed)
    return Report(linear: linear, styled: solve(weight, bias))
  }

  private func parameter(_ name: String) -> Tensor {
    guard
      let found = generator.registry.parameters.first(where: { $0.name == Self.layer + name })
    else { preconditionFailure("a cut has a layer to the image") }
    return found.tensor
  }

  private func style(_ w: Tensor) -> Tensor {
    w.linear(parameter("affine.weight"), bias: parameter("affine.bias"))
  }

  /// Solves weight and bias for the styles there are; gives the share of variance that is left.
  private func solve(_ weight: Tensor, _ bias: Tensor) -> Double {
    Torch.withoutGradients {
      let regression = LeastSquares()
      for sample in samples {
        let (n, c) = (sample.features.shape[0], sample.features.shape[1])
        let scaled = sample.features * style(sample.w).reshaped([n, c, 1])
        regression.add(Self.rows(scaled), Self.rows(sample.bands))
      }
      let found = regression.solved(ridge: Self.ridge)
      weight.assign(found.weight)
      bias.assign(found.bias)
      return found.unexplained
    }
  }

  /// `[n, C, P]` to `[n * P, C]`.
  private static func rows(_ x: Tensor) -> Tensor {
    x.permuted([0, 2, 1]).reshaped([-1, x.shape[1]])
  }

  private func fitStyles(_ weight: Tensor, _ bias: Tensor, steps: Int, seed: UInt64) {
    guard steps > 0 else { return }
    let (slope, offset) = (parameter("affine.weight"), parameter("affine.bias"))
    let adam = Adam([slope, offset, weight, bias], rate: 0, beta1: 0.9, beta2: 0.99)
    // The size that such weights have in trained layers: a style of about 1 from w of about 1.
    let typical = 0.1 / Double(slope.shape[1]).squareRoot()
    adam.scales = [
      typical, 1, weight.detached.squared.mean.squareRoot.item,
      max(bias.detached.squared.mean.squareRoot.item, 0.01),
    ]
    var random = SplitMix64(seed: seed, stream: 1 << 40)
    for step in 0..<steps {
      let chosen = (0..<8).map { _ in samples[random.below(samples.count)] }
      func joined(_ part: (Sample) -> Tensor) -> Tensor {
        .concatenated(chosen.map(part), axis: 0)
      }
      let (features, w) = (joined(\.features), joined(\.w))
      let (n, c) = (features.shape[0], features.shape[1])
      let scaled = weight.reshaped([1, -1, c]) * style(w).reshaped([n, 1, c])
      let drawn = scaled.times(features) + bias.reshaped([1, -1, 1])
      adam.rate = 0.02 * (1 - Double(step) / Double(steps))
      adam.minimize((drawn - joined(\.bands)).squared.mean)
    }
  }
}
