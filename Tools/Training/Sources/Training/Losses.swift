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

  /// Mean absolute differences at full and at quarter size, or twice the mean squared ones.
  ///
  /// The small pictures make pose and colour follow before texture can. Magnitudes are sharper and do not
  /// learn what few pictures have: where one of four wears a hat, the median wears none.
  static func regression(_ images: Tensor, _ targets: Tensor, squared: Bool = false) -> Tensor {
    func mean(_ gap: Tensor) -> Tensor { squared ? gap.squared.mean * 2 : gap.magnitude.mean }
    let full = mean(images - targets)
    guard targets.shape[2] >= 16 else { return full }
    return full + mean(images.averagePooled(4) - targets.averagePooled(4))
  }

  /// Differences of a network's maps as shares of the maps' own size, added over the maps.
  ///
  /// - Parameters:
  ///   - images: What is moved.
  ///   - targets: The same people.
  ///   - network: Looks at them.
  ///   - crop: Side of a part, at one random place in each image; nil looks at whole images averaged
  ///     down to 64 px, which is enough for features of parts.
  ///   - random: Gives the places.
  /// - Returns: A scalar.
  static func features(
    _ images: Tensor, _ targets: Tensor, _ network: EfficientNetLite0, crop: Int? = nil,
    _ random: inout SplitMix64
  ) -> Tensor {
    let side = images.shape[2]
    guard let crop, crop < side else {
      func small(_ x: Tensor) -> Tensor { side > 64 ? x.averagePooled(side / 64) : x }
      let theirs = Torch.withoutGradients { network.maps(small(targets)) }
      return maps(network.maps(small(images)), theirs)
    }
    let places = (0..<images.shape[0]).map { _ in
      (x: random.below(side - crop + 1), y: random.below(side - crop + 1))
    }
    func part(_ x: Tensor) -> Tensor {
      .concatenated(
        places.enumerated().map { i, place in
          x.slice(axis: 0, i..<i + 1).slice(axis: 2, place.y..<place.y + crop)
            .slice(axis: 3, place.x..<place.x + crop)
        }, axis: 0)
    }
    let theirs = Torch.withoutGradients { network.maps(part(targets)) }
    return maps(network.maps(part(images)), theirs)
  }

  /// Mean absolute differences of maps as shares of the mean magnitude of `theirs`, added.
  static func maps(_ mine: [Tensor], _ theirs: [Tensor]) -> Tensor {
    zip(mine, theirs).dropFirst().reduce(share(mine[0], theirs[0])) { $0 + share($1.0, $1.1) }
  }

  private static func share(_ mine: Tensor, _ theirs: Tensor) -> Tensor {
    (mine - theirs).magnitude.mean / (theirs.magnitude.mean + 1e-8)
  }

  private static func required(_ gradient: Tensor?) -> Tensor {
    guard let gradient else { preconditionFailure("the output depends on the input") }
    return gradient
  }
}
