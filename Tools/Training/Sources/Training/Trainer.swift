import Converter
import Core
import Networks
import Torch

/// A generator in training, a teacher or a student: its opponents, its average, and all that goes on.
public final class Trainer {
  public let settings: RunSettings
  public let device: Device
  /// The others who train the same networks on other parts of each batch.
  let processes: Processes?
  public let generator: Generator
  /// Whom the generator plays against; its own discriminator first.
  let opponents: [Opponent]
  /// The averaged generator, which is what a run is for.
  public let average: Generator
  /// Whether products of the large phases use bfloat16 factors; for GPUs, and processors that have them.
  public var usesBFloat16 = false
  let generatorAdam: Adam
  /// Running mean of path lengths.
  let pathMean: Tensor
  /// Steps taken and real images shown.
  public internal(set) var step = 0
  public internal(set) var images = 0
  var order: Order
  let data: ImageData
  let methods: [any Method]
  /// Changes what discriminators see, if asked for.
  let augmentation: AdaptiveAugmentation?
  let pairs: Pairs?
  /// Sees the pictures of a paired start.
  let pairEye: EfficientNetLite0?
  let inherited: [String]
  /// Multiply-adds, by the paper's count, of the generator that a student was pruned from.
  let teacherMACs: Int?
  /// What multiplies the rate of each of `trained`, where that is not one for all.
  let rateScales: Tensor?
  /// Images that are kept out of the data, and what the generator makes of their w is measured.
  let heldOut: ImageData?
  /// What a model file says of where the generator began.
  let origin: NamedModel.Origin
  /// Parameters of the generator that move: all but a borrowed mapping's.
  let trained: [Registry.Entry]

  /// Makes all networks, in the states that a run begins with.
  ///
  /// - Throws: What reading pairs, teacher, student and kernels says.
  public init(
    _ settings: RunSettings, data: ImageData, device: Device, processes: Processes? = nil
  ) throws(ObverseError) {
    self.settings = settings
    self.processes = processes
    self.data = data
    self.device = device
    Torch.seed(settings.seed)
    heldOut = try settings.heldOutPart.map { part throws(ObverseError) in
      try ImageData(settings.data, size: settings.size, part: part)
    }
    let start = try Start(settings, on: device)
    (generator, methods, inherited) = (start.generator, start.methods, start.inherited)
    (teacherMACs, origin) = (start.teacherMACs, start.origin)
    guard processes == nil || methods.allSatisfy(\.learners.isEmpty) else {
      throw .usage(
        "method '\(settings.distil?.method.rawValue ?? "")' trains other networks too, which it does"
          + " in one process only", hint: nil)
    }
    average = Generator(generator.shape, device: device)
    let paired = try settings.pairs.map { pairs throws(ObverseError) in
      try PairedParts(pairs, settings, data: data, start.generator, on: device)
    }
    (pairs, pairEye) = (paired?.pairs, paired?.eye)
    trained = paired?.trained ?? start.trained
    average.copy(generator)
    generatorAdam = Self.adam(trained.map(\.tensor), settings.rate, every: settings.pathInterval)
    // StyleGAN2's weights are all about 1 and scaled where they are used, so that one rate suits them.
    // MobileStyleGAN's are used as they are: a rate that moves one would throw another off.
    let isOneRate = settings.tuning == nil && generator.shape.family == .styleGAN2
    rateScales = isOneRate ? nil : Tuning.scales(trained)
    let augmentation = settings.augmentTarget.map(AdaptiveAugmentation.init)
    self.augmentation = augmentation
    opponents = start.opponents.map { name, network, learns in
      let adam = Self.adam(network.parameters, settings.rate, every: settings.r1Interval)
      let gateAdam = network.gates.map {
        Self.adam($0.parameters, settings.rate / 8, every: settings.r1Interval)
      }
      return Opponent(
        name: name, network: network, adam: learns ? adam : nil, gateAdam: gateAdam,
        augmentation: augmentation)
    }
    pathMean = .zeros([], on: device)
    for adam in [generatorAdam] + opponents.compactMap(\.adam) { adam.processes = processes }
    order = Order(count: data.count, seed: settings.seed)
  }

  /// Adam for parameters that a penalty moves once more on every `every`th step.
  ///
  /// Rate and decay are lowered so that `every + 1` updates do as much as `every` would.
  static func adam(_ parameters: [Tensor], _ rate: Double, every: Int) -> Adam {
    let share = Double(every) / Double(every + 1)
    return Adam(parameters, rate: rate * share, beta1: 0, beta2: power(0.99, share))
  }

  /// What one step did, as tensors that nobody has waited for yet.
  struct StepLosses {
    var values: [(name: String, value: Tensor)] = []

    mutating func add(_ name: String, _ value: Tensor) { values.append((name, value.detached)) }
  }

  /// Takes one step: generator, its penalty, discriminators, their penalty, average.
  func takeStep() throws(ObverseError) -> StepLosses {
    // Everything random follows from the seed, the step and the rank alone.
    var random = SplitMix64(
      seed: settings.seed, stream: UInt64(step) + UInt64(processes?.rank ?? 0) << 52)
    Torch.seed(random.next())
    // Streams of augmentation stay clear of those of steps and epochs.
    augmentation?.begin(
      seed: settings.seed, stream: UInt64(step) + UInt64(processes?.rank ?? 0) << 52 + 1 << 50)
    var losses = StepLosses()

    generatorAdam.scales = rateScales?.floats.map(Double.init)
    if let tuning = settings.tuning { beginTuning(tuning) }
    if let start = settings.pairs {
      let isAlone = Double(images) < start.kimg * 1000
      // No momentum is for playing against somebody who moves; a picture stays where it is.
      generatorAdam.beta1 = isAlone && settings.tuning == nil ? 0.9 : 0
      if isAlone || start.adversarial != nil {
        try regress(start, adversarial: isAlone ? nil : start.adversarial, &random, &losses)
        finishStep()
        return losses
      }
    }
    let real = try realImages(&random)
    trainGenerator(&random, &losses)
    if step % settings.pathInterval == 0, settings.pathWeight > 0 {
      penalizePaths(&random, &losses)
    }
    let latents = latents(share, &random)
    let fake = Torch.withoutGradients {
      Torch.withBFloat16(usesBFloat16) {
        generator.synthesis(
          latents.ws(of: generator, updatesAverage: movesMean), noise: .random)
      }
    }
    trainDiscriminators(real: real, fake: fake, latents, &losses)
    teachMethods(real, &random, &losses)
    finishStep()
    return losses
  }

  private func trainGenerator(_ random: inout SplitMix64, _ losses: inout StepLosses) {
    let loss = Torch.withBFloat16(usesBFloat16) {
      var latents = latents(share, &random)
      for method in methods { method.prepare(&latents, &random) }
      let drawing = Drawing(latents, by: generator, updatesAverage: movesMean)
      var sum = Tensor.zeros([], on: device)
      for opponent in opponents {
        let loss = Losses.generator(opponent.scores(drawing.images))
        losses.add("loss_g\(opponent.suffix)", loss)
        sum = sum + loss
      }
      for term in methods.flatMap({ $0.generatorTerms(drawing) }) {
        losses.add(term.name, term.value)
        sum = sum + term.value * term.weight
      }
      return sum
    }
    generatorAdam.minimize(loss)
  }

  private func penalizePaths(_ random: inout SplitMix64, _ losses: inout StepLosses) {
    let ws = latents(share / 2, &random).ws(of: generator, updatesAverage: movesMean)
    let drawn = generator.synthesis(ws, noise: .random)
    let penalty = Losses.pathLength(
      drawn, ws, directions: .normal(drawn.shape, on: device), mean: pathMean)
    losses.add("path_penalty", penalty)
    generatorAdam.minimize(penalty * (settings.pathWeight * Double(settings.pathInterval)))
  }

  /// Teaches the discriminators to tell real from drawn, and holds their slopes down now and then.
  ///
  /// - Parameters:
  ///   - real: Images of the data.
  ///   - fake: Images of the generator, behind which no gradient goes.
  ///   - latents: What methods draw from; nil leaves their terms out.
  ///   - losses: Receives what was found.
  func trainDiscriminators(
    real: Tensor, fake: Tensor, _ latents: Latents?, _ losses: inout StepLosses
  ) {
    for (i, opponent) in opponents.enumerated() {
      guard opponent.adam != nil else { continue }
      var gateLoss: Tensor?
      let loss = Torch.withBFloat16(usesBFloat16) {
        let (fakeScores, realScores) = (opponent.scores(fake), opponent.scores(real))
        var loss = Losses.discriminator(fakeScores: fakeScores, realScores: realScores)
        losses.add("loss_d\(opponent.suffix)", loss)
        losses.add("score_real\(opponent.suffix)", realScores.mean)
        losses.add("score_fake\(opponent.suffix)", fakeScores.mean)
        if i == 0, let augmentation {
          augmentation.note(realScores, step: step, batch: settings.batch, processes)
          losses.add("augment", .full(augmentation.probability, []))
        }
        guard i == 0, let latents else { return loss }
        for term in methods.flatMap({ $0.discriminatorTerms(latents, opponent.network) }) {
          losses.add(term.name, term.value)
          loss = loss + term.value * term.weight
        }
        for term in methods.flatMap({ $0.gateTerms(fakeScores: fakeScores) }) {
          losses.add(term.name, term.value)
          gateLoss = (gateLoss ?? loss) + term.value * term.weight
        }
        return loss
      }
      opponent.minimize(loss, ofGates: gateLoss)
    }
    guard step % settings.r1Interval == 0, settings.gamma > 0 else { return }
    for opponent in opponents where opponent.adam != nil {
      let penalty = Losses.r1(opponent.network, real, seenAs: opponent.seen)
      losses.add("r1\(opponent.suffix)", penalty)
      opponent.minimize(penalty * (settings.gamma / 2 * Double(settings.r1Interval)))
    }
  }

  /// Lets methods train what is their own.
  private func teachMethods(
    _ real: Tensor, _ random: inout SplitMix64, _ losses: inout StepLosses
  ) {
    for method in methods where method.learners.contains(where: { $0.adam != nil }) {
      let lesson = Lesson(
        settings: settings, step: step, student: generator,
        latents: latents(share, &random), real: real,
        kept: kept(after: images + settings.batch))
      for (name, value) in method.learn(lesson) { losses.add(name, value) }
    }
  }

  private func finishStep() {
    step += 1
    images += settings.batch
    updateAverage()
  }

  private func realImages(_ random: inout SplitMix64) throws(ObverseError) -> Tensor {
    var indices: [Int] = []
    var mirrored: [Bool] = []
    for position in positions {
      indices.append(order.image(at: position))
      mirrored.append(settings.mirror && random.next() & 1 == 1)
    }
    return try data.batch(indices, mirrored: mirrored, on: device)
  }

  private func latents(_ n: Int, _ random: inout SplitMix64) -> Latents {
    Latents(n, generator.shape, mixing: settings.mixing, &random, on: device)
  }

  /// Whether the running mean of w follows: a borrowed mapping brings its own.
  private var movesMean: Bool { settings.pairs == nil }

  /// Share that the average keeps of itself in the step that ends with `images`.
  private func kept(after images: Int) -> Double {
    var halfLife = settings.emaKimg * 1000
    if let share = settings.emaRampUp { halfLife = min(halfLife, Double(images) * share) }
    return power(0.5, Double(settings.batch) / max(halfLife, 1e-8))
  }

  private func updateAverage() {
    Tensor.move(
      average.parameters, towards: generator.parameters, by: 1 - kept(after: images))
    for (mine, theirs) in zip(average.registry.buffers, generator.registry.buffers) {
      mine.tensor.assign(theirs.tensor)
    }
  }
}
