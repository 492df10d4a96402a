import Core
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

/// What the student drew from a batch of latents.
struct Drawing {
  let latents: Latents
  /// `[N, wsCount, wDim]`; where latents are shifted, the second half is.
  let ws: Tensor
  /// Of the unshifted latents.
  let images: Tensor
  /// What each block made of all of `ws`, by side.
  let features: [Int: Tensor]
}

extension Drawing {
  init(
    _ latents: Latents, by generator: Generator, noise: NoiseMode = .random,
    updatesAverage: Bool = false
  ) {
    self.latents = latents
    ws = latents.ws(of: generator, updatesAverage: updatesAverage)
    var features: [Int: Tensor] = [:]
    let drawn = generator.synthesis(ws, noise: noise) { features[$0] = $1 }
    self.features = features
    let n = latents.z.shape[0]
    images = latents.shifts == nil ? drawn : drawn.slice(axis: 0, 0..<n)
  }
}

/// A network that a method trains beside the student.
struct Learner {
  /// What stands before its tensors' names in states, and in `steps_`.
  let name: String
  let network: any Network
  /// nil for one whose parameters move with the generator's.
  let adam: Adam?
}

/// What a method may use to train networks of its own.
struct Lesson {
  let settings: RunSettings
  let step: Int
  let student: Generator
  let latents: Latents
  let real: Tensor
  /// Share that the averaged generator keeps of itself in this step.
  let kept: Double
}

/// What a way of training adds to the adversarial losses.
///
/// The loop is the same for all of them: a method is a value with the networks and numbers that it
/// needs, and functions from what was drawn to losses.
protocol Method {
  /// Networks of its own that learn.
  var learners: [Learner] { get }

  /// Further tensors of its own that a resumed run needs.
  var state: [Registry.Entry] { get }

  /// Changes what the generator draws from.
  func prepare(_ latents: inout Latents, _ random: inout SplitMix64)

  /// What the generator minimises beside the adversarial loss.
  func generatorTerms(_ drawing: Drawing) -> [Term]

  /// What the student's own discriminator minimises beside the adversarial loss.
  func discriminatorTerms(_ latents: Latents, _ discriminator: Discriminator) -> [Term]

  /// What the gates of that discriminator minimise beside what it minimises.
  func gateTerms(fakeScores: Tensor) -> [Term]

  /// Takes the steps of its own networks, after those of the discriminators.
  /// - Returns: Losses for the log.
  func learn(_ lesson: Lesson) -> [(name: String, value: Tensor)]
}

extension Method {
  var learners: [Learner] { [] }
  var state: [Registry.Entry] { [] }
  func prepare(_ latents: inout Latents, _ random: inout SplitMix64) {}
  func generatorTerms(_ drawing: Drawing) -> [Term] { [] }
  func discriminatorTerms(_ latents: Latents, _ discriminator: Discriminator) -> [Term] { [] }
  func gateTerms(fakeScores: Tensor) -> [Term] { [] }
  func learn(_ lesson: Lesson) -> [(name: String, value: Tensor)] { [] }
}
