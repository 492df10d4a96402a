import CSystem
import Kernels

/// Where the noise inputs of the synthesis network come from.
public enum NoiseMode: Sendable, Equatable {
  /// The planes stored with the model.
  case const
  /// Fresh normals, the same for the same seed whatever the thread count.
  case random(seed: UInt32)
  /// No noise at all.
  case none
}

/// Draws faces from one model: scratch memory and worker threads, for one task at a time.
///
/// The same latents, settings and instruction set give the same bytes for any thread count.
public final class Generator {
  /// What it draws from.
  public let model: Model
  /// Workers in use, the calling thread among them.
  public let threads: Int
  /// Ends a running face at its next layer; from any thread or a signal handler.
  public let cancellation: Cancellation

  let workers: Workers
  let arena: FloatBuffer
  let run: FaceRun
  let schedule: Schedule
  /// Those of one thread that `each` works with, once it was called.
  var alone: [Generator] = []

  /// - Parameters:
  ///   - model: What to draw from; may be shared with other generators.
  ///   - threads: 0 takes the physical cores within the affinity mask and the cgroup's quota.
  /// - Throws: `resources`.
  public convenience init(_ model: Model, threads: Int = 0) throws(ObverseError) {
    try self.init(model, threads: threads, Cancellation())
  }

  /// The same with a cancellation that another one may share.
  init(_ model: Model, threads: Int, _ cancellation: Cancellation) throws(ObverseError) {
    self.model = model
    self.cancellation = cancellation
    self.threads = threads > 0 ? threads : ProcessorCount.automatic
    let plan = model.plan
    schedule = try plan.schedule(workers: self.threads, model.description)
    let count = schedule.arenaCount(workers: self.threads)
    try MemoryLimit.inForce.expect(floats: count, for: "drawing")
    try Memory.expectRoom(for: Memory.small)
    arena = try FloatBuffer(zeros: count)
    workers = try Workers(self.threads)
    for (place, values) in plan.constants { arena.write(values, at: place) }
    run = FaceRun(model, schedule, arena, cancellation)
  }

  deinit {
    workers.stop()
  }

  /// Bytes that a generator allocates for drawing.
  ///
  /// - Parameters:
  ///   - model: What to draw from.
  ///   - threads: 0 takes what `init` takes.
  /// - Returns: The bytes of its arena.
  package static func memory(of model: Model, threads: Int) -> Int {
    let threads = threads > 0 ? threads : ProcessorCount.automatic
    return model.plan.arenaCount(workers: threads) * MemoryLayout<Float>.size
  }

  /// The input latent of a seed, `[zDim]`: NumPy's `RandomState(seed).randn` as float32.
  public func latent(seed: UInt32) -> [Float] {
    var random = RandomState(seed: seed)
    return random.normals(model.zDim)
  }

  /// Maps `z` to `w`, `[wDim]`.
  ///
  /// - Throws: `request` for a wrong count, a missing or an impossible label; `cancelled`.
  public func map(z: [Float], label: Int? = nil) throws(ObverseError) -> [Float] {
    try place(z: z, label: label, psi: 1, cutoff: nil)
    run.synthesizes = false
    try start()
    return arena.read(at: model.plan.ws, count: model.wDim)
  }

  /// Maps several `z` to their `w`, `[wDim]` each: the same numbers as one by one, but the mapping's
  /// weights are fetched once for up to 8 of them.
  ///
  /// - Parameters:
  ///   - latents: `[zDim]` each.
  ///   - labels: A class of a conditional model for each; nil for none.
  /// - Returns: The w of each.
  /// - Throws: `request` for a wrong count, a missing or an impossible label; `cancelled`.
  public func map(_ latents: [[Float]], labels: [Int?]? = nil) throws(ObverseError) -> [[Float]] {
    if let labels, labels.count != latents.count {
      throw .request("\(labels.count) labels for \(latents.count) latents", hint: nil)
    }
    let plan = model.plan
    var mapped: [[Float]] = []
    mapped.reserveCapacity(latents.count)
    for first in stride(from: 0, to: latents.count, by: Plan.mappedAtOnce) {
      if cancellation.isCancelled { throw .cancelled }
      let chunk = first..<min(first + Plan.mappedAtOnce, latents.count)
      for face in chunk {
        try place(
          z: latents[face], label: labels.flatMap { $0[face] }, psi: 1, cutoff: nil,
          number: face - first)
      }
      run.maps = chunk.count
      run.synthesizes = false
      try start()
      for face in chunk {
        mapped.append(
          arena.read(
            at: plan.mappedOutput + (face - first) * plan.mappedStride, count: model.wDim))
      }
    }
    return mapped
  }

  /// One w for each style layer, truncated: `[wsCount * wDim]`.
  ///
  /// - Parameters:
  ///   - w: `[wDim]`.
  ///   - psi: 1 leaves w untouched, 0 gives the average face.
  ///   - cutoff: Truncates the first `cutoff` layers only; nil all.
  /// - Returns: The entries one after the other.
  /// - Throws: `request` where truncation needs a w average that the model lacks.
  public func ws(
    from w: [Float], psi: Float = 1, cutoff: Int? = nil
  ) throws(ObverseError) -> [Float] {
    guard w.count == model.wDim else {
      throw .request("w has \(w.count) numbers, the model takes \(model.wDim)", hint: nil)
    }
    let truncation = try truncation(psi, cutoff)
    var ws: [Float] = []
    ws.reserveCapacity(model.wsCount * model.wDim)
    for layer in 0..<model.wsCount {
      guard let truncation, layer < truncation.cutoff else {
        ws += w
        continue
      }
      for i in w.indices { ws.append(truncation(w[i], i)) }
    }
    return ws
  }

  /// Draws the image of `ws` as bytes, channels interleaved, rows from the top.
  ///
  /// - Parameters:
  ///   - ws: `[wsCount * wDim]`.
  ///   - noise: Where the noise comes from.
  ///   - pixels: Receives `resolution² * imageChannels` bytes; nothing is allocated if it has them.
  /// - Throws: `request`, `cancelled`.
  public func synthesize(
    ws: [Float], noise: NoiseMode = .const, into pixels: inout [UInt8]
  ) throws(ObverseError) {
    try place(ws: ws, noise)
    try draw(into: &pixels)
  }

  /// Draws the image of `ws` as planes, `[imageChannels, H, W]`.
  ///
  /// Values lie around -1 to 1 and are not clamped.
  ///
  /// - Parameters:
  ///   - ws: `[wsCount * wDim]`.
  ///   - noise: Where the noise comes from.
  ///   - planes: Receives `imageChannels * resolution²` floats.
  /// - Throws: `request`, `cancelled`.
  public func synthesize(
    ws: [Float], noise: NoiseMode = .const, into planes: inout [Float]
  ) throws(ObverseError) {
    try place(ws: ws, noise)
    run.synthesizes = true
    try start()
    let count = model.imageChannels * model.resolution * model.resolution
    if planes.count != count {
      try Memory.expectRoom(for: count * MemoryLayout<Float>.size)
      planes = [Float](repeating: 0, count: count)
    }
    arena.copy(at: model.plan.image, into: &planes)
  }

  /// Draws the face of a seed.
  ///
  /// - Parameters:
  ///   - seed: Gives the face.
  ///   - psi: Truncation; 1 for none.
  ///   - cutoff: Truncates the first `cutoff` layers only; nil all.
  ///   - label: A class of a conditional model.
  ///   - noise: Where the noise comes from.
  /// - Returns: An image of the model's own size and channels.
  /// - Throws: `request`, `cancelled`.
  public func face(
    seed: UInt32, psi: Float = 1, cutoff: Int? = nil, label: Int? = nil,
    noise: NoiseMode = .const
  ) throws(ObverseError) -> Image {
    try place(z: latent(seed: seed), label: label, psi: psi, cutoff: cutoff)
    run.noise = try checked(noise)
    var pixels: [UInt8] = []
    try draw(into: &pixels)
    return Image(
      width: model.resolution, height: model.resolution, channels: model.imageChannels,
      pixels: pixels)
  }

  /// Draws the image of `ws` turn by turn, for tests: `body` sees what each touches and the arena, and
  /// does it by the closure.
  package func eachTurn(
    ws: [Float], noise: NoiseMode, _ body: (Access, FloatBuffer, () -> Void) -> Void
  ) throws(ObverseError) {
    try place(ws: ws, noise)
    run.begin(workers)
    for turn in schedule.turns {
      body(schedule.access(turn), arena) { run.whole(turn) }
    }
  }

  /// Draws the image of `ws` turn by turn and shows each map that is whole as planes, for tests.
  package func traceLayers(
    ws: [Float], noise: NoiseMode, _ body: (String, [Float]) -> Void
  ) throws(ObverseError) {
    try place(ws: ws, noise)
    run.begin(workers)
    for turn in schedule.turns {
      run.whole(turn)
      if let map = schedule.steps[turn.step].output { body(map.layer, map.planes(arena)) }
    }
  }

  /// What a face is made of: `latent`, `mapping`, `styles`, then the layers of each step.
  package var parts: [[String]] {
    [["latent"], ["mapping"], ["styles"]] + schedule.steps.map { $0.layers }
  }

  /// Draws the face of a seed and gives the nanoseconds of each part.
  ///
  /// - Throws: `request`, `cancelled`.
  package func timeParts(seed: UInt32, label: Int? = nil) throws(ObverseError) -> [UInt64] {
    let clock = StepClock()
    clock.reset(parts: schedule.steps.count + 3)
    run.clock = clock
    defer { run.clock = nil }
    _ = try face(seed: seed, label: label)
    clock.end()
    return clock.parts
  }

  // MARK: Steps of the above

  private func draw(into pixels: inout [UInt8]) throws(ObverseError) {
    let count = model.resolution * model.resolution * model.imageChannels
    if pixels.count != count {
      try Memory.expectRoom(for: count)
      pixels = [UInt8](repeating: 0, count: count)
    }
    run.synthesizes = true
    let run = run
    let workers = workers
    run.prepare()
    unsafe pixels.withUnsafeMutableBufferPointer { buffer in
      unsafe run.bytes = buffer.baseAddress
      workers.run(run)
      unsafe run.bytes = nil
    }
    if run.wasCancelled { throw .cancelled }
  }

  func start() throws(ObverseError) {
    run.prepare()
    workers.run(run)
    if run.wasCancelled { throw .cancelled }
  }

  private func place(
    z: [Float], label: Int?, psi: Float, cutoff: Int?, number: Int = 0
  ) throws(ObverseError) {
    guard z.count == model.zDim else {
      throw .request("z has \(z.count) numbers, the model takes \(model.zDim)", hint: nil)
    }
    try place(label, psi, cutoff, number: number) { z[$0] }
  }

  private func place(ws: [Float], _ noise: NoiseMode) throws(ObverseError) {
    guard ws.count == model.wsCount * model.wDim else {
      throw .request(
        "ws has \(ws.count) numbers, the model takes \(model.wsCount) x \(model.wDim)", hint: nil)
    }
    run.noise = try checked(noise)
    run.maps = 0
    arena.write(ws, at: model.plan.ws)
  }

  func checked(_ noise: NoiseMode) throws(ObverseError) -> NoiseMode {
    if case .random = noise, !model.allowsRandomNoise {
      throw .request(
        "this model's noise strength is frozen into its planes: noise is const or none", hint: nil)
    }
    return noise
  }

  /// nil where truncation changes nothing.
  func truncation(_ psi: Float, _ cutoff: Int?) throws(ObverseError) -> Truncation? {
    let layers = min(max(cutoff ?? model.wsCount, 0), model.wsCount)
    guard psi.isFinite else { throw .request("psi is not a finite number", hint: nil) }
    guard psi != 1, layers > 0 else { return nil }
    guard let average = model.wAverage else {
      throw .request(
        "this model has no w average, so it cannot truncate",
        hint: "whoever converts the checkpoint again can give or estimate one")
    }
    return Truncation(average: average, psi: psi, cutoff: layers)
  }
}
