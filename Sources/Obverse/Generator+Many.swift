// Many faces: one a worker, where there are at least as many as workers.

import Synchronization

extension Generator {
  /// Draws the faces of several seeds, each on a thread of its own where there are enough of them: more
  /// faces a second than `face`, and the same bytes.
  ///
  /// - Parameters:
  ///   - seeds: Give the faces.
  ///   - psi: Truncation; 1 for none.
  ///   - cutoff: Truncates the first `cutoff` layers only; nil all.
  ///   - label: A class of a conditional model.
  ///   - noise: Where the noise of a seed's face comes from.
  /// - Returns: An image for each seed, in their order.
  /// - Throws: `request`, `cancelled`, `resources`.
  public func faces(
    seeds: [UInt32], psi: Float = 1, cutoff: Int? = nil, label: Int? = nil,
    noise: @escaping @Sendable (UInt32) -> NoiseMode = { _ in .const }
  ) throws(ObverseError) -> [Image] {
    var images: [Image] = []
    let (side, channels) = (model.resolution, model.imageChannels)
    try eachFace(
      of: seeds, label: label, psi: psi, cutoff: cutoff, bytes: 0,
      draw: { (number, ws, generator) throws(ObverseError) in
        var pixels: [UInt8] = []
        try generator.synthesize(ws: ws, noise: noise(seeds[number]), into: &pixels)
        return Image(width: side, height: side, channels: channels, pixels: pixels)
      }, take: { images.append($1) })
    return images
  }

  /// Maps the latents of `seeds`, some together, and calls `draw` with the number and the ws of each
  /// face; otherwise `each`.
  package func eachFace<Made: Sendable>(
    of seeds: [UInt32], label: Int?, psi: Float, cutoff: Int?, bytes: Int,
    draw: @escaping @Sendable (Int, [Float], Generator) throws(ObverseError) -> Made,
    take: @escaping (Int, Made) throws(ObverseError) -> Void
  ) throws(ObverseError) {
    try each(
      seeds.count, bytes: bytes,
      make: { (range, generator, made) throws(ObverseError) in
        let keys = try generator.map(
          range.map { generator.latent(seed: seeds[$0]) }, labels: range.map { _ in label })
        for (number, w) in zip(range, keys) {
          let ws = try generator.ws(from: w, psi: psi, cutoff: cutoff)
          try made(number, try draw(number, ws, generator))
        }
      }, take: take)
  }

  /// Does the numbers 0 ..< `count` on all workers, and takes what is made of them in their order.
  ///
  /// Where there are fewer numbers than workers, all workers draw each face together.
  ///
  /// - Parameters:
  ///   - count: How many there are.
  ///   - bytes: Of what is made of one; bounds how much waits to be taken.
  ///   - make: Does a few neighbours with a generator that is its own meanwhile, and calls its last
  ///     argument for each in turn; from several threads at once.
  ///   - take: Receives what was made, in order, in the calling thread.
  /// - Throws: What `make` or `take` throws first, once what was finished before it is taken;
  ///   `cancelled`.
  package func each<Made: Sendable>(
    _ count: Int, bytes: Int,
    make:
      @escaping @Sendable (
        Range<Int>, Generator, _ made: (Int, Made) throws(ObverseError) -> Void
      ) throws(ObverseError) -> Void,
    take: @escaping (Int, Made) throws(ObverseError) -> Void
  ) throws(ObverseError) {
    // 64 MB at most lie about, but work for everyone.
    let section = max(min(64, (64 << 20) / max(bytes, 1)) / threads, 1) * threads
    var first = 0
    while first < count {
      let numbers = first..<min(first + section, count)
      first = numbers.upperBound
      let generators = numbers.count < threads ? [] : ownGenerators
      guard !generators.isEmpty else {
        for start in stride(from: numbers.lowerBound, to: first, by: Plan.mappedAtOnce) {
          try make(start..<min(start + Plan.mappedAtOnce, first), self, take)
        }
        continue
      }
      let work = ManyFaces(generators, numbers, cancellation, make, take)
      workers.run(work)
      // The workers keep their last piece of work, and what it keeps may own them.
      defer { work.letGo() }
      try work.end()
    }
  }

  /// A generator of one thread for each worker, made when they are first asked for; empty for one
  /// worker, and where there is no memory for them: faces can be drawn without.
  private var ownGenerators: [Generator] {
    guard threads > 1 else { return [] }
    if alone.isEmpty {
      // The calling thread's own is cancelled, and watched, as this one is; the others look at it.
      guard var made = try? [Generator(model, threads: 1, cancellation)] else { return [] }
      while made.count < threads {
        let theirs = Cancellation()
        unsafe theirs.watch = { [cancellation] in cancellation.isCancelled }
        guard let generator = try? Generator(model, threads: 1, theirs) else { return [] }
        made.append(generator)
      }
      alone = made
    }
    for generator in alone.dropFirst() { generator.cancellation.reset() }
    return alone
  }
}

/// Some numbers on their way: whoever is free takes the next few.
private final class ManyFaces<Made: Sendable>: SharedWork {
  typealias Make =
    @Sendable (
      Range<Int>, Generator, (Int, Made) throws(ObverseError) -> Void
    ) throws(ObverseError) -> Void
  typealias Take = (Int, Made) throws(ObverseError) -> Void

  private var generators: [Generator]
  private let numbers: Range<Int>
  /// Numbers that a worker takes at a time: their latents are mapped together.
  private let together: Int
  private let cancellation: Cancellation
  /// nil once all is done.
  private var make: Make?
  private var take: Take?
  private let next: Atomic<Int>
  private let ends = Atomic<Bool>(false)
  private let waiting: Guarded<[Made?]>
  private let failure = Guarded<ObverseError?>(nil)
  /// The first number that is not taken yet, and whether taking goes on; used by the calling thread alone.
  private var taken: Int
  private var takes = true

  init(
    _ generators: [Generator], _ numbers: Range<Int>, _ cancellation: Cancellation,
    _ make: @escaping Make, _ take: @escaping Take
  ) {
    self.generators = generators
    self.numbers = numbers
    together = max(min(Plan.mappedAtOnce, numbers.count / generators.count), 1)
    self.cancellation = cancellation
    self.make = make
    self.take = take
    next = Atomic(numbers.lowerBound)
    waiting = Guarded(numbers.map { _ in nil })
    taken = numbers.lowerBound
  }

  func work(_ index: Int, _ workers: Workers) {
    guard let make else { return }
    do throws(ObverseError) {
      while !ends.load(ordering: .relaxed) {
        if cancellation.isCancelled { throw .cancelled }
        let start = next.add(together, ordering: .relaxed).oldValue
        guard start < numbers.upperBound else { return }
        let few = start..<min(start + together, numbers.upperBound)
        try make(few, generators[index]) { (number, made) throws(ObverseError) in
          waiting.withLock { $0[number - numbers.lowerBound] = made }
          if index == 0 { try takeReady() }
          if ends.load(ordering: .relaxed) { throw .cancelled }
        }
      }
    } catch {
      failure.withLock { if $0 == nil { $0 = error } }
      ends.store(true, ordering: .relaxed)
    }
  }

  /// Takes what is ready, in order.
  private func takeReady() throws(ObverseError) {
    while let take, takes, taken < numbers.upperBound {
      let index = taken - numbers.lowerBound
      let ready = waiting.withLock { list in
        defer { list[index] = nil }
        return list[index]
      }
      guard let ready else { return }
      // If it throws, that was the last.
      takes = false
      try take(taken, ready)
      takes = true
      taken += 1
    }
  }

  /// Forgets whoever asked, once all workers are done.
  func letGo() {
    generators = []
    make = nil
    take = nil
  }

  /// Takes the rest, once all workers are done, and throws what went wrong.
  func end() throws(ObverseError) {
    let failure = failure.withLock { $0 }
    guard let failure else { return try takeReady() }
    // What was finished is not lost.
    do throws(ObverseError) { try takeReady() } catch {}
    throw failure
  }
}
