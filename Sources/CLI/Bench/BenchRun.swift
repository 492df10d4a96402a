import ImageFile
import ModelFile
import Obverse

/// What a run measures, and how often.
struct BenchRequest {
  var repeats = 20
  var warmup = 3
  /// Faces drawn at once, each on a thread of its own; 1 draws one face on all threads.
  var batch = 1
  var encodes = false
  /// Whether to time the steps of a face.
  var timesSteps = false
  /// Whether to measure the machine.
  var measuresRoof = false
  var rule = CountRule.input
  /// Of all 3x3 convolutions that can take it; nil for what the plan chooses.
  var algorithm: ConvAlgorithm?
  var precision = Precision.float32
}

/// The times of one model with one thread count.
struct BenchRun {
  let path: String
  let network: NetworkFacts
  let modelSHA256: String
  let instructionSet: String
  let threads: Int
  let batch: Int
  let load: UInt64
  let first: UInt64
  /// Of a face, or of a batch.
  let samples: [UInt64]
  /// Of a face's PNG.
  let encodeSamples: [UInt64]
  let peakBytes: Int
  /// Events of the processor, a face.
  let events: [(name: String, count: Double)]
  let roof: MachineRoof?
  let steps: StepTimes?

  /// Loads, warms up and draws; `counters` were opened before.
  init(
    _ path: String, threads: Int, _ request: BenchRequest, _ counters: Counters?,
    _ console: Console
  ) throws(ObverseError) {
    Machine.resetPeakMemory()
    let start = Clock.now
    let model = try Model(
      ModelFile.read(path: path), precision: request.precision, forced: request.algorithm)
    load = Clock.now - start
    let drawer = try Drawer(model, threads: threads, batch: request.batch)
    Interrupt.stops(drawer.generator)
    first = try drawer.draw(0).time
    for seed in 0..<request.warmup { _ = try drawer.draw(seed) }
    var samples: [UInt64] = []
    var encodeSamples: [UInt64] = []
    let progress = Progress(
      console, total: request.repeats, noun: request.batch > 1 ? "batches" : "faces",
      now: Clock.now)
    let before = counters?.totals ?? []
    for repetition in 0..<request.repeats {
      let seed = repetition * request.batch
      let drawn =
        if let counters {
          try counters.count { () throws(ObverseError) in try drawer.draw(seed) }
        } else {
          try drawer.draw(seed)
        }
      samples.append(drawn.time)
      if request.encodes { encodeSamples.append(try Self.encode(drawn.image)) }
      progress.finished(drawn.time, now: Clock.now)
    }
    progress.end()
    let faces = Double(request.repeats * request.batch)
    events = (counters?.totals ?? []).map { name, count in
      (name, (count - (before.first { $0.name == name }?.count ?? 0)) / faces)
    }
    self.samples = samples
    self.encodeSamples = encodeSamples
    peakBytes = Machine.peakMemory
    self.path = path
    network = NetworkFacts(NetworkText(model.description, rule: request.rule))
    modelSHA256 = model.weightsSHA256
    instructionSet =
      model.instructionSet.rawValue
      + (model.precision == .float32 ? "" : "+" + model.precision.rawValue)
    self.threads = drawer.threads
    batch = request.batch
    let roof = request.measuresRoof ? try drawer.roof() : nil
    self.roof = roof
    steps = request.timesSteps ? try drawer.steps(request, roof) : nil
  }

  private static func encode(_ image: Image) throws(ObverseError) -> UInt64 {
    let start = Clock.now
    let file = try PNG.encode(
      Pixels(
        width: image.width, height: image.height, channels: image.channels, bytes: image.pixels))
    guard !file.isEmpty else { throw .bug("a PNG of no bytes") }
    return Clock.now - start
  }

  var median: UInt64 { Samples.median(samples) }
  var quantile95: UInt64 { Samples.quantile(samples, 95) }
  var least: UInt64 { samples.min() ?? 0 }
  var encode: UInt64 { Samples.median(encodeSamples) }
  var facesPerSecond: Double { Double(batch) * 1e9 / Double(max(median, 1)) }
  /// Share of the measured multiply-adds that the counted ones of a face are.
  var peakShare: Double? {
    roof.map { 2 * Double(network.macs) * facesPerSecond / $0.flopsPerSecond }
  }
}

/// What is said of a network, without the network: a run must not keep the model of the one before in
/// memory.
struct NetworkFacts {
  let type: String
  let parameters: String
  let macs: Int
  let rule: CountRule
  let json: JSON

  init(_ network: NetworkText) {
    type = network.type
    parameters = network.parameters
    macs = network.shape.macs(network.rule)
    rule = network.rule
    json = network.json
  }
}

/// One face on all threads, or a batch with a thread each.
private enum Drawer {
  case face(Generator)
  case batch(Generator, Int)

  init(_ model: Model, threads: Int, batch: Int) throws(ObverseError) {
    self =
      batch == 1
      ? .face(try Generator(model, threads: threads))
      : .batch(try Self.generator(model, threads: threads, atMost: batch), batch)
  }

  /// A generator of no more threads than it shall draw faces at once.
  private static func generator(
    _ model: Model, threads: Int, atMost most: Int
  ) throws(ObverseError) -> Generator {
    let threads = threads > 0 ? threads : ProcessorCount.automatic
    return try Generator(model, threads: min(threads, most))
  }

  /// The generator, which Ctrl-C stops.
  var generator: Generator {
    switch self {
    case .face(let generator), .batch(let generator, _): generator
    }
  }

  var threads: Int { generator.threads }

  private var model: Model { generator.model }

  // Labels change nothing about the time.
  private var label: Int? { model.classes > 0 ? 0 : nil }

  func draw(_ number: Int) throws(ObverseError) -> (time: UInt64, image: Image) {
    if Interrupt.isRequested { throw .cancelled }
    let seed = UInt32(truncatingIfNeeded: number)
    let start = Clock.now
    let image =
      switch self {
      case .face(let generator): try generator.face(seed: seed, label: label)
      case .batch(let generator, let count):
        try generator.faces(
          seeds: (0..<UInt32(count)).map { seed &+ $0 }, label: label)[0]
      }
    let time = Clock.now - start
    // Asked for, so that no compiler may leave the work out.
    guard image.pixels.count == image.width * image.height * image.channels else {
      throw .bug("a face of \(image.pixels.count) bytes")
    }
    return (time, image)
  }

  func roof() throws(ObverseError) -> MachineRoof {
    try MachineRoof(measuring: model.instructionSet, threads: threads)
  }

  /// Times the steps; nil for a batch, whose faces are at different steps.
  func steps(_ request: BenchRequest, _ roof: MachineRoof?) throws(ObverseError) -> StepTimes? {
    guard case .face(let generator) = self, let roof else { return nil }
    return try StepTimes(generator, label: label, request, roof)
  }
}
