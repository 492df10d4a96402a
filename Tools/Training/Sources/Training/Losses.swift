// The losses of StyleGAN2-ADA's recipe, each a function from tensors to a scalar.

import Networks
import Torch

enum Losses {
  /// What the generator minimises: `softplus(-D(G(z)))`.
  static func generator(_ fakeScores: Tensor) -> Tensor { (-fakeScores).softplus.mean }

  /// What the discriminator minimises: `softplus(D(G(z))) + softplus(-D(x))`.
  static func discriminator(fakeScores: Tensor, realScores: Tensor) -> Tensor {
    fakeScores.softplus.mean + (-realScores).softplus.mean
  }

  /// The mean of `‖∂D/∂x‖²` at real images, before its weight of gamma / 2.
  ///
  /// Source: Mescheder et al. 2018, arXiv:1801.04406.
  static func r1(
    _ discriminator: Discriminator, _ images: Tensor, seenAs change: (Tensor) -> Tensor = { $0 }
  ) -> Tensor {
    let images = images.detached
    images.setRequiresGradient()
    let scores = discriminator(change(images))
    return required(Tensor.gradients(of: scores.sum, with: [images], createGraph: true)[0])
      .squared.sum(over: [1, 2, 3]).mean
  }

  /// The mean of `(‖∂(G(w)·y)/∂w‖ - a)²` for random images y, before its weight.
  ///
  /// Source: Karras et al. 2020, arXiv:1912.04958, section 3.2. As in NVlabs' code the length of a
  /// path is the root of the mean over layers, and the running mean `a` lets the gradient of its
  /// newest share through.
  /// - Parameters:
  ///   - images: Drawn from `ws`, `[N, C, H, W]`.
  ///   - ws: `[N, wsCount, wDim]`.
  ///   - directions: Normals of the shape of `images`.
  ///   - mean: `a`; moved on by a hundredth.
  /// - Returns: A scalar that can be differentiated in the weights.
  static func pathLength(
    _ images: Tensor, _ ws: Tensor, directions: Tensor, mean: Tensor
  ) -> Tensor {
    let shape = images.shape
    let scaled = directions * (1 / Double(shape[2] * shape[3]).squareRoot())
    let slopes = required(
      Tensor.gradients(of: (images * scaled).sum, with: [ws], createGraph: true)[0])
    let lengths = slopes.squared.sum(over: [2]).mean(over: [1]).squareRoot
    let moved = mean + (lengths.mean - mean) * 0.01
    mean.assign(moved.detached)
    return (lengths - moved).squared.mean
  }

  /// Mean absolute differences at full and at quarter size.
  ///
  /// The small pictures make pose and colour follow before texture can.
  static func regression(_ images: Tensor, _ targets: Tensor) -> Tensor {
    let full = (images - targets).magnitude.mean
    guard targets.shape[2] >= 16 else { return full }
    return full + (images.averagePooled(4) - targets.averagePooled(4)).magnitude.mean
  }

  /// Differences of a network's maps as shares of the maps' own size, added over the maps.
  ///
  /// Images above 64 px are averaged down to that: features of parts need no more, and time does.
  static func features(
    _ images: Tensor, _ targets: Tensor, _ network: EfficientNetLite0
  ) -> Tensor {
    func small(_ x: Tensor) -> Tensor { x.shape[2] > 64 ? x.averagePooled(x.shape[2] / 64) : x }
    let theirs = Torch.withoutGradients { network.maps(small(targets)) }
    return zip(network.maps(small(images)), theirs).reduce(
      Tensor.zeros([], on: images.device)
    ) { sum, maps in
      sum + (maps.0 - maps.1).magnitude.mean / (maps.1.magnitude.mean + 1e-8)
    }
  }

  private static func required(_ gradient: Tensor?) -> Tensor {
    guard let gradient else { preconditionFailure("the output depends on the input") }
    return gradient
  }
}
