import Networks
import Torch

/// A loss that a method adds, and the weight that it has.
struct Term {
  /// Its name in the log.
  let name: String
  /// A scalar, before its weight.
  let value: Tensor
  let weight: Double
}

/// What a way of training adds to the adversarial losses.
///
/// The loop is the same for all of them: a method is a value with the networks and numbers that it
/// needs, and a function from what was drawn to losses.
protocol Method {
  /// What the generator minimises beside the adversarial loss.
  func generatorTerms(_ latents: Latents, images: Tensor) -> [Term]

  /// What the student's own discriminator minimises beside the adversarial loss.
  func discriminatorTerms(_ latents: Latents, _ discriminator: Discriminator) -> [Term]
}

extension Method {
  func generatorTerms(_ latents: Latents, images: Tensor) -> [Term] { [] }
  func discriminatorTerms(_ latents: Latents, _ discriminator: Discriminator) -> [Term] { [] }
}
