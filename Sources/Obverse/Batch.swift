import Synchronization

/// Draws several faces at once, each on a thread of its own: more faces a second than one face on all
/// threads, since no step waits for another face's.
///
/// A face has the same bytes as one of a `Generator`.
package final class Batch {
  package let faces: Int
  /// Workers in use: no more than faces.
  package let threads: Int

  private let generators: [Generator]
  private let workers: Workers

  /// - Parameters:
  ///   - model: What to draw from.
  ///   - faces: Faces of a batch, at least 1.
  ///   - threads: 0 takes the physical cores.
  /// - Throws: `resources`.
  package init(_ model: Model, faces: Int, threads: Int) throws(ObverseError) {
    self.faces = faces
    self.threads = min(threads > 0 ? threads : ProcessorCount.automatic, faces)
    var generators: [Generator] = []
    for _ in 0..<self.threads { generators.append(try Generator(model, threads: 1)) }
    self.generators = generators
    workers = try Workers(self.threads)
  }

  deinit {
    workers.stop()
  }

  /// The generator whose cancellation ends a batch at its next face.
  package var first: Generator { generators[0] }

  /// Draws the faces of `seed`, `seed + 1` and so on, and gives the first.
  ///
  /// - Throws: `request`, `cancelled`.
  package func draw(seed: UInt32, label: Int? = nil) throws(ObverseError) -> Image {
    let work = Work(generators, faces: faces, seed: seed, label: label)
    workers.run(work)
    return try work.image()
  }

  /// One batch on its way: whoever is free takes the next face.
  private final class Work: SharedWork {
    private let generators: [Generator]
    private let faces: Int
    private let seed: UInt32
    private let label: Int?
    private let next = Atomic<Int>(0)
    private let first = Guarded<Image?>(nil)
    private let failure = Guarded<ObverseError?>(nil)

    init(_ generators: [Generator], faces: Int, seed: UInt32, label: Int?) {
      self.generators = generators
      self.faces = faces
      self.seed = seed
      self.label = label
    }

    func work(_ index: Int, _ workers: Workers) {
      let generator = generators[index]
      // Faces that are mapped together, but a share for everybody.
      let together = max(min(Plan.mappedAtOnce, faces / workers.count), 1)
      while !generators[0].cancellation.isCancelled {
        let start = next.add(together, ordering: .relaxed).oldValue
        guard start < faces else { return }
        do throws(ObverseError) {
          let chunk = start..<min(start + together, faces)
          let w = try generator.map(
            chunk.map { generator.latent(seed: seed &+ UInt32(truncatingIfNeeded: $0)) },
            labels: chunk.map { _ in label })
          for (face, w) in zip(chunk, w) {
            guard !generators[0].cancellation.isCancelled else { throw .cancelled }
            var pixels: [UInt8] = []
            try generator.synthesize(ws: generator.ws(from: w), into: &pixels)
            guard face == 0 else { continue }
            let model = generator.model
            let image = Image(
              width: model.resolution, height: model.resolution, channels: model.imageChannels,
              pixels: pixels)
            first.withLock { $0 = image }
          }
        } catch {
          failure.withLock { $0 = error }
          return
        }
      }
      failure.withLock { $0 = .cancelled }
    }

    func image() throws(ObverseError) -> Image {
      if let failure = failure.withLock({ $0 }) { throw failure }
      guard let image = first.withLock({ $0 }) else { throw .bug("a batch without a first face") }
      return image
    }
  }
}
