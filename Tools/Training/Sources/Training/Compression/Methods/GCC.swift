import Core
import Networks
import Options
import Torch

/// GCC: a student's discriminator with gates against a teacher pair that goes on learning.
///
/// Source: Li et al. 2021, arXiv:2110.14439.
struct GCC: Method {
  private let teacher: Generator
  private let teacherDiscriminator: Discriminator
  private let projections: Projections
  private let contentWeight: Double
  private let gramWeight: Double
  private let generatorAdam: Adam
  private let discriminatorAdam: Adam
  private let pathMean: Tensor
  /// Running mean of how far the teacher pair's two losses are from each other.
  private let balance: Tensor

  /// Sides of the compared maps: at 256 px 16 to 128 of generators and 64 to 16 of discriminators,
  /// at other sizes the same blocks counted from the image.
  private let generatorSides: [Int]
  private let discriminatorSides: [Int]

  /// - Parameters:
  ///   - teacher: Trained on from here.
  ///   - discriminator: The teacher's, trained on too.
  ///   - student: Whose maps are compared.
  ///   - weights: Of the terms.
  ///   - settings: Of the run, for the teacher's own optimisers.
  init(
    teacher: Generator, discriminator: Discriminator, student: Generator,
    weights: TermSettings, settings: RunSettings
  ) {
    self.teacher = teacher
    teacherDiscriminator = discriminator
    let sides = (0..<teacher.shape.blockCount).map { 4 << $0 }
    let resolution = teacher.shape.resolution
    generatorSides = sides.filter { (resolution / 16...resolution / 2).contains($0) }
    discriminatorSides = sides.filter { (resolution / 16...resolution / 4).contains($0) }
    let device = teacher.registry.device
    projections = Projections(
      from: student.shape, to: teacher.shape, sides: generatorSides, device: device)
    (contentWeight, gramWeight) = (weights.contentWeight, weights.gramWeight)
    generatorAdam = Trainer.adam(
      teacher.parameters, settings.rate, every: settings.pathInterval)
    discriminatorAdam = Trainer.adam(
      discriminator.parameters, settings.rate, every: settings.r1Interval)
    pathMean = .zeros([], on: device)
    balance = .zeros([], on: device)
  }

  var learners: [Learner] {
    [
      Learner(name: "projections", network: projections, adam: nil),
      Learner(name: "G_T", network: teacher, adam: generatorAdam),
      Learner(name: "D_T", network: teacherDiscriminator, adam: discriminatorAdam),
    ]
  }

  var state: [Registry.Entry] { [("G_T.path.mean", pathMean), ("D_T.balance", balance)] }

  func generatorTerms(_ drawing: Drawing) -> [Term] {
    let theirs = Torch.withoutGradients { Drawing(drawing.latents, by: teacher) }
    var pairs: [(Tensor, Tensor)] = generatorSides.compactMap { side in
      guard let mine = drawing.features[side] else { return nil }
      return theirs.features[side].map { (projections(mine), $0) }
    }
    for side in discriminatorSides {
      let mine = teacherDiscriminator.features(drawing.images, side: side)
      let other = Torch.withoutGradients {
        teacherDiscriminator.features(theirs.images, side: side)
      }
      pairs.append((mine, other))
    }
    return [
      Term(name: "content", value: Self.content(pairs), weight: contentWeight),
      Term(
        name: "gram", value: Self.content(pairs.map { (gram($0.0), gram($0.1)) }),
        weight: gramWeight),
    ]
  }

  /// The roots of the mean squared differences, added.
  static func content(_ pairs: [(Tensor, Tensor)]) -> Tensor {
    pairs.dropFirst().reduce(distance(pairs[0])) { $0 + distance($1) }
  }

  private static func distance(_ pair: (Tensor, Tensor)) -> Tensor {
    (pair.0 - pair.1).squared.mean.squareRoot
  }

  /// Gates keep the student's pair as well balanced as the teacher's.
  func gateTerms(fakeScores: Tensor) -> [Term] {
    [Term(name: "gates", value: Self.gateLoss(fakeScores, balance: balance), weight: 1)]
  }

  static func gateLoss(_ scores: Tensor, balance: Tensor) -> Tensor {
    (imbalance(scores) - balance).magnitude.mean
  }

  /// `|softplus(-s) - softplus(s)|`: the two players' losses of an image.
  private static func imbalance(_ scores: Tensor) -> Tensor {
    ((-scores).softplus - scores.softplus).magnitude
  }

  /// One step of the teacher and its discriminator, by the run's own recipe.
  func learn(_ lesson: Lesson) -> [(name: String, value: Tensor)] {
    let settings = lesson.settings
    let drawn = Drawing(lesson.latents, by: teacher, updatesAverage: true)
    let loss = Losses.generator(teacherDiscriminator(drawn.images))
    generatorAdam.minimize(loss)
    if lesson.step % settings.pathInterval == 0, settings.pathWeight > 0 {
      let ws = lesson.latents.prefix(settings.batch / 2).ws(of: teacher)
      let images = teacher.synthesis(ws, noise: .random)
      let penalty = Losses.pathLength(
        images, ws, directions: .normal(images.shape, on: images.device), mean: pathMean)
      generatorAdam.minimize(penalty * (settings.pathWeight * Double(settings.pathInterval)))
    }
    let fake = Torch.withoutGradients { Drawing(lesson.latents, by: teacher).images }
    let fakeScores = teacherDiscriminator(fake)
    let theirs = Losses.discriminator(
      fakeScores: fakeScores, realScores: teacherDiscriminator(lesson.real))
    Tensor.move(
      [balance], towards: [Self.imbalance(fakeScores.detached).mean], by: 1 - lesson.kept)
    discriminatorAdam.minimize(theirs)
    if lesson.step % settings.r1Interval == 0, settings.gamma > 0 {
      let penalty = Losses.r1(teacherDiscriminator, lesson.real)
      discriminatorAdam.minimize(penalty * (settings.gamma / 2 * Double(settings.r1Interval)))
    }
    return [("loss_g_t", loss), ("loss_d_t", theirs)]
  }
}

extension GCC: RegisteredMethod {
  static let options = [
    Option("content", "X", "weight of maps", preset: "1", rare: true),
    Option("gram", "X", "weight of Gram matrices", preset: "1", rare: true),
    DistilSettings.discriminatorOption,
  ]

  static func read(
    _ options: ParsedOptions, into settings: inout DistilSettings
  ) throws(ObverseError) {
    var weights = TermSettings()
    weights.contentWeight = try options.number("content", least: 0) ?? weights.contentWeight
    weights.gramWeight = try options.number("gram", least: 0) ?? weights.gramWeight
    settings.terms = weights
    settings.discriminatorStart = try options.choice("student-d") ?? settings.discriminatorStart
  }

  static func check(_ settings: DistilSettings) throws(ObverseError) {
    let weights = settings.terms ?? TermSettings()
    guard weights.contentWeight > 0 || weights.gramWeight > 0 else {
      throw .usage("GCC needs its content or its Gram term", hint: nil)
    }
  }

  static func parts(_ scene: Scene) throws(ObverseError) -> (opponents: Opponents, [any Method]) {
    let own = Discriminator(scene.discriminator.shape, hasGates: true, device: scene.device)
    if scene.settings.discriminatorStart == .teacher { own.copy(scene.discriminator) }
    let method = GCC(
      teacher: scene.teacher, discriminator: scene.discriminator, student: scene.student,
      weights: scene.weights, settings: scene.run)
    return ([("D", own, true)], [method])
  }
}
