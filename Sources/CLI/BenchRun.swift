import Obverse

/// The times of one model with one thread count.
struct BenchRun {
  let network: NetworkText
  let modelSHA256: String
  let instructionSet: String
  let threads: Int
  let load: UInt64
  let first: UInt64
  let samples: [UInt64]
  let peakBytes: Int

  /// Loads, warms up and draws.
  init(
    _ path: String, threads: Int, repeats: Int, warmup: Int, _ console: Console
  ) throws(ObverseError) {
    Machine.resetPeakMemory()
    let start = Clock.now
    let model = try Model(path: path)
    load = Clock.now - start
    // Labels change nothing about the time.
    let label = model.classes > 0 ? 0 : nil
    let generator = try Generator(model, threads: threads)
    Interrupt.stops(generator)
    func draw(_ seed: Int) throws(ObverseError) -> UInt64 {
      if Interrupt.isRequested { throw .cancelled }
      let start = Clock.now
      let image = try generator.face(seed: UInt32(truncatingIfNeeded: seed), label: label)
      let time = Clock.now - start
      // Asked for, so that no compiler may leave the work out.
      guard image.pixels.count == image.width * image.height * image.channels else {
        throw .bug("a face of \(image.pixels.count) bytes")
      }
      return time
    }
    first = try draw(0)
    for seed in 0..<warmup { _ = try draw(seed) }
    var samples: [UInt64] = []
    let progress = Progress(console, total: repeats, noun: "faces", now: Clock.now)
    for seed in 0..<repeats {
      samples.append(try draw(seed))
      progress.finished(samples[seed], now: Clock.now)
    }
    progress.end()
    self.samples = samples
    peakBytes = Machine.peakMemory
    network = NetworkText(model.description)
    modelSHA256 = model.weightsSHA256
    instructionSet = model.instructionSet.rawValue
    self.threads = generator.threads
  }

  var median: UInt64 { Samples.median(samples) }
  var quantile95: UInt64 { Samples.quantile(samples, 95) }
  var least: UInt64 { samples.min() ?? 0 }
  var facesPerSecond: Double { 1e9 / Double(max(median, 1)) }

  var members: [(String, JSON)] {
    [
      ("threads", .integer(threads)), ("batch", .integer(1)), ("load_ns", .nanoseconds(load)),
      ("first_ns", .nanoseconds(first)), ("median_ns", .nanoseconds(median)),
      ("p95_ns", .nanoseconds(quantile95)), ("min_ns", .nanoseconds(least)),
      ("faces", .integer(samples.count)), ("peak_bytes", .integer(peakBytes)),
      ("samples_ns", .list(samples.map { .nanoseconds($0) })),
    ]
  }
}
