import Core
import Networks
import Torch

/// DiME: a student's images shall have the teacher's moments in the eyes of frozen networks.
///
/// Source: Yeo et al. 2024, arXiv:2405.11614, and the authors' code: mean absolute differences of
/// the first and of the raw second moments, over small groups of images.
struct DiME: Method {
  /// A frozen network and what it thinks of the teacher.
  struct Eye {
    let network: any FeatureNetwork
    let weight: Double
    /// First and raw second moments of the teacher, `[d]`; nil takes them from each batch.
    let moments: (first: Tensor, second: Tensor)?
  }

  let eyes: [Eye]
  let distance: DistilSettings.MomentDistance
  /// Images whose moments are taken together, at most.
  let group: Int
  /// Draws the other side where an eye has no moments.
  let teacher: Generator

  func generatorTerms(_ drawing: Drawing) -> [Term] {
    let images = drawing.images
    var drawn: Tensor?
    return eyes.flatMap { eye in
      let features = eye.network(images)
      let target: (first: Tensor, second: Tensor)
      if let moments = eye.moments {
        target = moments
      } else {
        let theirs = Torch.withoutGradients {
          let images =
            drawn ?? teacher.synthesis(drawing.latents.ws(of: teacher), noise: .random)
          drawn = images
          return Self.moments(eye.network(images), group: group)
        }
        target = theirs
      }
      let mine = Self.moments(features, group: group)
      let name = "dime_\(eye.network.kind.short)"
      return [
        Term(name: name, value: compared(mine.first, target.first), weight: eye.weight),
        Term(
          name: name + "_second", value: compared(mine.second, target.second), weight: eye.weight),
      ]
    }
  }

  /// First and raw second moments of each group.
  ///
  /// - Parameters:
  ///   - features: `[N, d]`.
  ///   - group: Rows of a group; a batch that does not divide is one group.
  /// - Returns: Two tensors `[groups, d]`.
  static func moments(_ features: Tensor, group: Int) -> (first: Tensor, second: Tensor) {
    let (n, d) = (features.shape[0], features.shape[1])
    let size = n % group == 0 ? group : n
    let groups = features.reshaped([n / size, size, d])
    return (groups.mean(over: [1]), groups.squared.mean(over: [1]))
  }

  /// The mean over groups of their distances; `b` has one row for each group, or one for all.
  private func compared(_ a: Tensor, _ b: Tensor) -> Tensor {
    switch distance {
    case .absolute: (a - b).magnitude.mean
    case .squared: (a - b).squared.sum(over: [1]).mean
    }
  }
}
