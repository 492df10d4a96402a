import Core
import Torch

/// The perceptual distance LPIPS, version 0.1, with VGG16.
///
/// Source: Zhang et al. 2018, arXiv:1801.03924; the heads' names are those of PyPI's lpips
/// (`weights/v0.1/vgg.pth`).
public final class LPIPS {
  public let vgg: VGG16
  /// What the squared difference of each channel counts, `[1, C, 1, 1]` of each stage.
  private let heads: [Tensor]
  private let scale: ColourScale

  init(_ vgg: VGG16, heads weights: FrozenWeights) throws(ObverseError) {
    self.vgg = vgg
    var heads: [Tensor] = []
    for (i, width) in [64, 128, 256, 512, 512].enumerated() {
      heads.append(try weights.tensor("lin\(i).model.1.weight", [1, width, 1, 1]))
    }
    self.heads = heads
    // Its own numbers, for images of -1 to 1; as ones of 0 to 1 they are ImageNet's.
    scale = ColourScale(
      means: [0.485, 0.456, 0.406], deviations: [0.229, 0.224, 0.225], on: weights.device)
  }

  /// Reads the heads.
  /// - Throws: `missingTensor`, `shape`, and what opening says.
  public convenience init(
    _ vgg: VGG16, heads path: String, on device: Device
  ) throws(ObverseError) {
    let weights = try FrozenWeights(path, on: device)
    do throws(ObverseError) { try self.init(vgg, heads: weights) } catch {
      throw error.inFile(path)
    }
  }

  /// The mean distance of pairs of images `[N, 3, S, S]` of -1 to 1, a scalar.
  public func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor { distances(a, b).mean }

  /// The distance of each pair of images `[N, 3, S, S]` of -1 to 1, `[N]`.
  public func distances(_ a: Tensor, _ b: Tensor) -> Tensor {
    let pairs = zip(vgg.maps(scale(a)), vgg.maps(scale(b)))
    return zip(heads, pairs).reduce(Tensor.zeros([], on: a.device)) { sum, stage in
      let gap = Self.unit(stage.1.0) - Self.unit(stage.1.1)
      return sum + (gap.squared * stage.0).sum(over: [1]).mean(over: [1, 2])
    }
  }

  /// Brings the channels of each pixel to length 1.
  private static func unit(_ x: Tensor) -> Tensor {
    // A pixel that no channel sees stays 0; without a bound its root would have no gradient.
    let energy = x.squared.sum(over: [1], keepingAxes: true).clamped(to: 1e-20...Double.infinity)
    return x / (energy.squareRoot + 1e-10)
  }
}
