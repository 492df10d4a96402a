import Checkpoint
import Core
import Networks
import Torch

/// A teacher in training: both networks, the averaged generator, and all that goes on.
public final class Teacher {
  public let settings: TeacherSettings
  public let device: Device
  public let generator: Generator
  public let discriminator: Discriminator
  /// The averaged generator, which is what a run is for.
  public let average: Generator
  private let generatorAdam: Adam
  private let discriminatorAdam: Adam
  /// Running mean of path lengths.
  private let pathMean: Tensor
  /// Steps taken and real images shown.
  public private(set) var step = 0
  public private(set) var images = 0
  private var order: Order
  private let data: ImageData
  private let pairs: Pairs?
  /// Parameters of the generator that move: all but a borrowed mapping's.
  private let trained: [Registry.Entry]

  /// - Throws: What reading the pairs says.
  public init(
    _ settings: TeacherSettings, data: ImageData, device: Device
  ) throws(ObverseError) {
    self.settings = settings
    self.data = data
    self.device = device
    Torch.seed(settings.seed)
    generator = Generator(settings.generator, device: device)
    discriminator = Discriminator(settings.discriminator, device: device)
    average = Generator(settings.generator, device: device)
    if let start = settings.pairs {
      try generator.mapping.load(folded: start.mapping)
      pairs = try Pairs(
        start, wAverage: generator.mapping.wAverage.floats, listed: data.listedCount)
      trained = generator.registry.parameters.filter { !$0.name.hasPrefix("mapping.") }
    } else {
      pairs = nil
      trained = generator.registry.parameters
    }
    average.copy(generator)
    generatorAdam = Self.adam(trained.map(\.tensor), settings.rate, every: settings.pathInterval)
    discriminatorAdam = Self.adam(
      discriminator.parameters, settings.rate, every: settings.r1Interval)
    pathMean = .zeros([], on: device)
    order = Order(count: data.count, seed: settings.seed)
  }

  /// Adam for parameters that a penalty moves once more on every `every`th step.
  ///
  /// Rate and decay are lowered so that `every + 1` updates do as much as `every` would.
  private static func adam(_ parameters: [Tensor], _ rate: Double, every: Int) -> Adam {
    let share = Double(every) / Double(every + 1)
    return Adam(parameters, rate: rate * share, beta1: 0, beta2: power(0.99, share))
  }

  /// What one step did, as tensors that nobody has waited for yet.
  struct Losses {
    var values: [(name: String, value: Tensor)] = []

    mutating func add(_ name: String, _ value: Tensor) { values.append((name, value.detached)) }
  }

  /// Takes one step: generator, its penalty, discriminator, its penalty, average.
  func takeStep() throws(ObverseError) -> Losses {
    // Everything random follows from the seed and the step alone.
    var random = SplitMix64(seed: settings.seed, stream: UInt64(step))
    Torch.seed(random.next())
    var losses = Losses()

    let n = settings.batch
    if let pairs, let start = settings.pairs, Double(images) < start.kimg * 1000 {
      losses.add("regression", try regress(pairs))
      finishStep()
      return losses
    }
    let real = try realImages(&random)

    let scores = discriminator(generator.synthesis(latents(n, &random), noise: .random))
    let generatorLoss = Training.Losses.generator(scores)
    losses.add("loss_g", generatorLoss)
    generatorAdam.minimize(generatorLoss)

    if step % settings.pathInterval == 0, settings.pathWeight > 0 {
      let ws = latents(n / 2, &random)
      let drawn = generator.synthesis(ws, noise: .random)
      let penalty = Training.Losses.pathLength(
        drawn, ws, directions: .normal(drawn.shape, on: device), mean: pathMean)
      losses.add("path_penalty", penalty)
      generatorAdam.minimize(penalty * (settings.pathWeight * Double(settings.pathInterval)))
    }

    let fake = Torch.withoutGradients {
      generator.synthesis(latents(n, &random), noise: .random)
    }
    let (fakeScores, realScores) = (discriminator(fake), discriminator(real))
    let discriminatorLoss = Training.Losses.discriminator(
      fakeScores: fakeScores, realScores: realScores)
    losses.add("loss_d", discriminatorLoss)
    losses.add("score_real", realScores.mean)
    losses.add("score_fake", fakeScores.mean)
    discriminatorAdam.minimize(discriminatorLoss)

    if step % settings.r1Interval == 0, settings.gamma > 0 {
      let penalty = Training.Losses.r1(discriminator, real)
      losses.add("r1", penalty)
      discriminatorAdam.minimize(penalty * (settings.gamma / 2 * Double(settings.r1Interval)))
    }

    finishStep()
    return losses
  }

  /// Draws the pictures of known w without noise, and moves them towards the real ones.
  private func regress(_ pairs: Pairs) throws(ObverseError) -> Tensor {
    // Unmirrored: the mirrored picture has another w.
    let indices = (0..<settings.batch).map { order.image(at: images + $0) }
    let real = try data.batch(
      indices, mirrored: indices.map { _ in false }, on: device)
    let w = pairs.batch(indices.map { data.readable[$0] }, on: device)
    let drawn = generator.synthesis(generator.broadcast(w), noise: .none)
    let loss = Training.Losses.regression(drawn, real)
    generatorAdam.minimize(loss * 2)
    return loss
  }

  private func finishStep() {
    step += 1
    images += settings.batch
    updateAverage()
  }

  private func realImages(_ random: inout SplitMix64) throws(ObverseError) -> Tensor {
    var indices: [Int] = []
    var mirrored: [Bool] = []
    for i in 0..<settings.batch {
      indices.append(order.image(at: images + i))
      mirrored.append(settings.mirror && random.next() & 1 == 1)
    }
    return try data.batch(indices, mirrored: mirrored, on: device)
  }

  /// `[n, wsCount, wDim]` from fresh z, from some layer on perhaps from a second z.
  private func latents(_ n: Int, _ random: inout SplitMix64) -> Tensor {
    let shape = generator.shape
    let z = Tensor.normal([n, shape.zDim], on: device)
    let ws = generator.broadcast(generator.mapping(z, updatesAverage: pairs == nil))
    // Drawn in any case, so that the order of numbers does not depend on the outcome.
    let (chance, cutoff) = (random.fraction(), 1 + random.below(shape.wsCount - 1))
    guard chance < settings.mixing else { return ws }
    let second = generator.mapping(Tensor.normal([n, shape.zDim], on: device))
    return .concatenated(
      [
        ws.slice(axis: 1, 0..<cutoff),
        generator.broadcast(second).slice(axis: 1, cutoff..<shape.wsCount),
      ], axis: 1)
  }

  private func updateAverage() {
    var halfLife = settings.emaKimg * 1000
    if let share = settings.emaRampUp { halfLife = min(halfLife, Double(images) * share) }
    let kept = power(0.5, Double(settings.batch) / max(halfLife, 1e-8))
    Tensor.move(average.parameters, towards: generator.parameters, by: 1 - kept)
    for (mine, theirs) in zip(average.registry.buffers, generator.registry.buffers) {
      mine.tensor.assign(theirs.tensor)
    }
  }

  // MARK: State

  private var networks: [(prefix: String, network: any Network)] {
    [("G.", generator), ("D.", discriminator), ("G_ema.", average)]
  }

  /// Every tensor that a resumed run needs.
  private var state: [Registry.Entry] {
    var state: [Registry.Entry] = []
    for (prefix, network) in networks {
      let entries = network.registry.parameters + network.registry.buffers
      state += entries.map { (prefix + $0.name, $0.tensor) }
    }
    for (prefix, entries, adam) in [
      ("adam.G.", trained, generatorAdam),
      ("adam.D.", discriminator.registry.parameters, discriminatorAdam),
    ] {
      for (i, entry) in entries.enumerated() {
        state.append((prefix + "mean." + entry.name, adam.means[i]))
        state.append((prefix + "square." + entry.name, adam.squares[i]))
      }
    }
    state.append(("path.mean", pathMean))
    return state
  }

  /// Writes all that `load` needs to go on to the bit.
  public func save(_ path: String) throws(ObverseError) {
    try SafetensorsWriter.write(
      state,
      metadata: [
        "step": "\(step)", "images": "\(images)", "steps_g": "\(generatorAdam.step)",
        "steps_d": "\(discriminatorAdam.step)",
      ], to: path)
  }

  /// Takes the state of a run with the same settings.
  /// - Throws: `missingTensor`, `shape`, `malformed`, each in the file.
  public func load(_ path: String) throws(ObverseError) {
    let file = try CheckpointFile.open(path)
    do throws(ObverseError) {
      func number(_ key: String) throws(ObverseError) -> Int {
        guard case .text(let text) = file.attributes["__metadata__.\(key)"],
          let number = Int(text), number >= 0
        else { throw .malformed(what: "metadata \(key)", why: "it is absent or no number") }
        return number
      }
      var stored: [String: StoredTensor] = [:]
      for (name, tensor) in file.tensors { stored[name] = tensor }
      for (name, target) in state {
        guard let source = stored[name] else { throw .missingTensor(name) }
        guard source.shape == target.shape else {
          throw .shape(
            tensor: name, expected: target.shape, found: source.shape, why: "the settings say")
        }
        target.assign(.values(source.floats, source.shape))
      }
      (step, images) = (try number("step"), try number("images"))
      (generatorAdam.step, discriminatorAdam.step) = (
        try number("steps_g"), try number("steps_d")
      )
    } catch {
      throw error.inFile(path)
    }
  }

  /// Writes the averaged generator as `obverse convert` and NVlabs' code name it.
  public func export(_ path: String) throws(ObverseError) {
    var metadata = [
      "format": "pt", "producer": "obverse-train \(Version.number)",
      "kimg": "\(Double(images) / 1000)",
    ]
    if let clamp = settings.clamp { metadata["conv_clamp"] = "\(clamp)" }
    try SafetensorsWriter.write(average.tensors, metadata: metadata, to: path)
  }
}
