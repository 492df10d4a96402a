import Core
import Networks
import Torch

extension Trainer {
  /// The w of each of some images: from a file of its own, else from beside the pictures.
  func pairedW(_ indices: [Int]) -> Tensor {
    if let pairs { return pairs.batch(indices.map { data.readable[$0] }, on: device) }
    guard let w = data.w(indices, on: device) else { preconditionFailure("checked at the start") }
    return w
  }

  /// How pictures of known w are drawn: what a noise plane adds is no part of what w decides, save
  /// in the family whose noise is a constant.
  var pairedNoise: NoiseMode {
    generator.shape.family == .mobileStyleGAN ? .stored : .none
  }

  /// Draws the pictures of known w, and moves them towards the real ones.
  ///
  /// Blurred answers are the best that a regression finds; a discriminator does not let them pass.
  /// What a student's method compares is compared on the same pictures.
  ///
  /// - Parameters:
  ///   - start: What is compared.
  ///   - adversarial: The weight of the adversarial losses; nil leaves discriminators and methods out.
  ///   - random: Places the parts whose features are compared.
  ///   - losses: Receives what was found.
  /// - Throws: What reading the data says.
  func regress(
    _ start: PairedStart, adversarial: Double?, _ random: inout SplitMix64,
    _ losses: inout StepLosses
  ) throws(ObverseError) {
    // Unmirrored: the mirrored picture has another w.
    let indices = positions.map { order.image(at: $0) }
    let real = try data.batch(
      indices, mirrored: indices.map { _ in false }, on: device)
    let latents = Latents(w: pairedW(indices), zDim: generator.shape.zDim)
    let (drawn, loss) = Torch.withBFloat16(usesBFloat16) {
      let drawing = Drawing(latents, by: generator, noise: pairedNoise)
      let drawn = drawing.images.inFullPrecision
      let pixels = Losses.regression(drawn, real, squared: start.squared ?? false)
      losses.add("regression", pixels)
      var loss = pixels * 2
      if let pairEye {
        let features = Losses.features(drawn, real, pairEye, crop: start.crop, &random)
        losses.add("regression_features", features)
        loss = loss + features
      }
      guard let adversarial else { return (drawn, loss) }
      for opponent in opponents {
        loss = loss + played(opponent, drawn, real, start, adversarial, &losses)
      }
      for term in methods.flatMap({ $0.generatorTerms(drawing) }) {
        losses.add(term.name, term.value)
        loss = loss + term.value * term.weight
      }
      return (drawn, loss)
    }
    generatorAdam.minimize(loss)
    guard adversarial != nil else { return }
    trainDiscriminators(
      real: real, fake: drawn.detached, methods.isEmpty ? nil : latents, &losses)
  }

  /// What the generator minimises for one opponent: the adversarial loss, and the opponent's maps of
  /// drawn and real pictures.
  private func played(
    _ opponent: Opponent, _ drawn: Tensor, _ real: Tensor, _ start: PairedStart,
    _ adversarial: Double, _ losses: inout StepLosses
  ) -> Tensor {
    var mine: [Tensor] = []
    let score = Losses.generator(
      opponent.network(opponent.seen(drawn)) { mine.append($0) })
    losses.add("loss_g\(opponent.suffix)", score)
    guard let matching = start.matching, matching > 0 else { return score * adversarial }
    var theirs: [Tensor] = []
    Torch.withoutGradients { _ = opponent.network(opponent.seen(real)) { theirs.append($0) } }
    let matched = Losses.maps(mine, theirs)
    losses.add("matching\(opponent.suffix)", matched)
    return score * adversarial + matched * matching
  }
}
