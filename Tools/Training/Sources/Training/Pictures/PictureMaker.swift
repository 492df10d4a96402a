import Checkpoint
import Core
import FoundationEssentials
import Glibc
import ImageFile
import Obverse

/// Draws the pictures of a `.obv`, by the runtime itself, into a folder that `PictureSet` reads.
///
/// Pictures are averaged as they are seen: in bytes, over whole squares. The same model and the same w
/// give the same bytes, whatever the threads, and wherever it was stopped before.
public final class PictureMaker {
  /// Where w come from.
  public enum Source {
    /// Seeds from this one on, as `obverse generate` takes them, truncated.
    case seeds(from: Int, psi: Double)
    /// A `.npy` of float32 `[N, wDim]`, taken as they are.
    case file(String, skip: Int)
  }

  /// Pictures that lay there before.
  public let found: Int
  public let count: Int
  private let generator: Obverse.Generator
  private let folder: String
  private let facts: PictureSet.Facts
  /// `[count, wDim]`.
  private let w: [Float]
  /// Held while this exists: two programs would append to the same files.
  private let lock: Int32
  /// Open for appending, in the order of the sizes.
  private var files: [Int32] = []

  /// Opens or makes the folder, and settles all w.
  ///
  /// - Parameters:
  ///   - path: A model of the runtime that draws RGB.
  ///   - sizes: Sides to keep; each divides the model's.
  ///   - source: Where w come from.
  ///   - count: Pictures, those that are there already among them; nil takes a whole file of w.
  ///   - folder: Made if absent; what it holds must have been drawn from the same.
  ///   - threads: 0 takes the processors there are.
  /// - Throws: What reading the model and w says; `request` where model, sizes or folder do not fit;
  ///   `cannotCreate`, `inputOutput`.
  public init(
    model path: String, sizes: [Int], source: Source, count: Int?, folder: String, threads: Int
  ) throws(ObverseError) {
    let model = try Model(path: path)
    guard model.imageChannels == 3, model.classes == 0 else {
      throw .request(
        "'\(path)' draws \(model.imageChannels) channels of \(model.classes) classes; pictures are RGB"
          + " of none", hint: nil)
    }
    for size in sizes where size < 1 || model.resolution % size != 0 {
      throw .request(
        "pictures of \(model.resolution) px cannot be averaged to \(size)",
        hint: "a size divides the model's own")
    }
    generator = try Obverse.Generator(model, threads: threads)
    self.folder = folder
    var facts = PictureSet.Facts(
      model: model.weightsSHA256, resolution: model.resolution, sizes: sizes, wDim: model.wDim)
    switch source {
    case .seeds(let first, let psi): (facts.firstSeed, facts.psi) = (first, psi)
    case .file(let path, let skip):
      facts.wFile = try Bytes(mapping: path).withSpan { SHA256.hex($0) }
      facts.skipped = skip
    }
    self.facts = facts
    w = try Self.latents(source, count: count, generator)
    self.count = w.count / model.wDim
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw .cannotCreate(path: folder, why: "the folder cannot be made")
    }
    lock = try Self.lock(folder)
    do throws(ObverseError) {
      found = try Self.prepare(folder, facts, w)
      for size in sizes {
        files.append(
          try Self.open(PictureSet.path(ofSize: size, in: folder), at: found * 3 * size * size))
      }
    } catch {
      for file in files { close(file) }
      close(lock)
      throw error
    }
  }

  deinit {
    for file in files { close(file) }
    close(lock)
  }

  /// Draws what is missing.
  ///
  /// - Parameters:
  ///   - progress: Receives the number of pictures that are there.
  ///   - stop: Asked after each; what is drawn stays, and another call goes on.
  /// - Throws: `cancelled` where `stop` said so; `inputOutput`.
  public func draw(
    progress: (Int) -> Void, stop: () -> Bool
  ) throws(ObverseError) {
    let (side, wDim) = (facts.resolution, facts.wDim)
    var bytes: [UInt8] = []
    for index in min(found, count)..<count {
      let ws = try generator.ws(from: Array(w[index * wDim..<(index + 1) * wDim]))
      try generator.synthesize(ws: ws, into: &bytes)
      let drawn = Pixels(width: side, height: side, channels: 3, bytes: bytes)
      for (size, file) in zip(facts.sizes, files) {
        let small = drawn.averaged(by: side / size)
        try Self.append(
          PictureSet.planes(small.bytes), to: file, named: PictureSet.path(ofSize: size, in: folder)
        )
      }
      progress(index + 1)
      if stop() { throw .cancelled }
    }
  }

  private static func latents(
    _ source: Source, count: Int?, _ generator: Obverse.Generator
  ) throws(ObverseError) -> [Float] {
    let wDim = generator.model.wDim
    switch source {
    case .seeds(let first, let psi):
      guard let count else {
        throw .usage("pictures of seeds need --count", hint: "obverse-train help pictures")
      }
      guard first >= 0, first + count <= 1 << 32 else {
        throw .usage("seeds end at \(UInt32.max)", hint: nil)
      }
      var w: [Float] = []
      w.reserveCapacity(count * wDim)
      for seed in first..<first + count {
        let mapped = try generator.map(z: generator.latent(seed: UInt32(seed)))
        // The first of equal rows.
        w += try generator.ws(from: mapped, psi: Float(psi)).prefix(wDim)
      }
      return w
    case .file(let path, let skip):
      let stored = try PictureSet.latents(path, wDim: wDim)
      let left = stored.shape[0] - skip
      guard left > 0, left >= count ?? 1 else {
        throw .request(
          "'\(path)' holds \(stored.shape[0]) w, after \(skip) there are \(max(left, 0))", hint: nil
        )
      }
      return (skip..<skip + (count ?? left)).flatMap { PictureSet.row($0, of: stored) }
    }
  }

  /// Makes the folder's facts and w, or finds them equal.
  ///
  /// - Returns: How many pictures are whole in every size.
  private static func prepare(
    _ folder: String, _ facts: PictureSet.Facts, _ w: [Float]
  ) throws(ObverseError) -> Int {
    var kept = 0
    if PictureSet.exists(at: folder) {
      guard try PictureSet.Facts(reading: folder) == facts else {
        throw .request(
          "'\(folder)' holds pictures of another model, other sizes or other w",
          hint: "name a folder of its own for each")
      }
      kept = try PictureSet.latents(PictureSet.path(ofWIn: folder), wDim: facts.wDim).shape[0]
    }
    if w.count / facts.wDim > kept {
      let npy = NumPy.npy(shape: [w.count / facts.wDim, facts.wDim], floats: w)
      try AtomicFile.write(npy.span.bytes, to: PictureSet.path(ofWIn: folder))
      try facts.write(to: folder)
    }
    let counts = facts.sizes.map { size in
      var status = stat()
      guard stat(PictureSet.path(ofSize: size, in: folder), &status) == 0 else { return 0 }
      return Int(status.st_size) / (3 * size * size)
    }
    return counts.min() ?? 0
  }

  private static func lock(_ folder: String) throws(ObverseError) -> Int32 {
    let path = "\(folder)/lock"
    let file = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard file >= 0 else { throw .cannotCreate(path: path, why: ObverseError.reason(errno)) }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      close(file)
      throw .cannotCreate(path: folder, why: "another program is drawing into it")
    }
    return file
  }

  /// Opens for appending after `length` bytes; a picture that was cut off behind them goes.
  private static func open(_ path: String, at length: Int) throws(ObverseError) -> Int32 {
    let file = Glibc.open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND, 0o666)
    guard file >= 0 else { throw .cannotCreate(path: path, why: ObverseError.reason(errno)) }
    guard ftruncate(file, off_t(length)) == 0 else {
      let why = ObverseError.reason(errno)
      close(file)
      throw .inputOutput(path: path, why: why)
    }
    return file
  }

  private static func append(
    _ bytes: [UInt8], to file: Int32, named path: String
  ) throws(ObverseError) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        write(file, $0.baseAddress?.advanced(by: done), bytes.count - done)
      }
      guard count >= 0 else {
        if errno == EINTR { continue }
        throw .inputOutput(path: path, why: ObverseError.reason(errno))
      }
      done += count
    }
  }
}
