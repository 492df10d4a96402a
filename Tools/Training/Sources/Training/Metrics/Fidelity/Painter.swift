import Core
import Networks
import Obverse
import Torch

/// A generator to be measured: a `.obv` is drawn by the runtime, as its users see it, a checkpoint by
/// LibTorch.
enum Painter {
  case runtime(Obverse.Generator, GeneratorFile)
  case network(Networks.Generator, GeneratorFile)

  /// Whether a file is the runtime's own.
  static func isModel(_ path: String) -> Bool { path.hasSuffix(".obv") }

  /// - Parameters:
  ///   - path: A `.obv`, a checkpoint, or a run's folder.
  ///   - size: Side of its images.
  ///   - device: Where a checkpoint is computed.
  /// - Throws: What reading says; `request` where it draws other images.
  init(_ path: String, size: Int, on device: Device) throws(ObverseError) {
    guard Self.isModel(path) else {
      let file = try GeneratorFile(path)
      self = .network(try file.generator(of: size, on: device), file)
      return
    }
    let model = try Model(path: path)
    guard model.resolution == size, model.imageChannels == 3, model.classes == 0 else {
      throw .request(
        "'\(path)' draws \(model.resolution)x\(model.resolution)x\(model.imageChannels) of"
          + " \(model.classes) classes, and the data is \(size)x\(size)x3",
        hint: "--size \(model.resolution)")
    }
    self = .runtime(
      try Obverse.Generator(model, threads: Torch.threads), try GeneratorFile(path))
  }

  /// What a file says about its generator, and what tells its weights from all others.
  static func facts(
    _ path: String
  ) throws(ObverseError) -> (GeneratorFacts, fingerprint: String) {
    let file = try GeneratorFile(path)
    let facts = try file.facts()
    return (
      facts, isModel(path) ? try Model(path: path).weightsSHA256 : try file.generator().fingerprint
    )
  }

  /// Numbers of a w.
  var wDim: Int {
    switch self {
    case .runtime(let generator, _): generator.model.wDim
    case .network(let generator, _): generator.shape.wDim
    }
  }

  /// Networks that it was trained to please; nil where nothing says so.
  var trainedAgainst: [String]? {
    switch self {
    case .runtime(_, let file), .network(_, let file):
      file.metadata("trained_against")?.split(separator: ",").map(String.init)
    }
  }

  /// The picture of a w, bytes `[3, size, size]`, with stored noise.
  func draw(_ w: [Float]) throws(ObverseError) -> [UInt8] {
    switch self {
    case .runtime(let generator, _):
      var bytes: [UInt8] = []
      try generator.synthesize(ws: generator.ws(from: w), into: &bytes)
      return PictureSet.planes(bytes)
    case .network(let generator, _):
      return Torch.withoutGradients {
        let device = generator.registry.device
        let ws = generator.broadcast(.values(w, [1, w.count], on: device))
        return ImageSet.seen(generator.synthesis(ws, noise: .stored))
      }
    }
  }

  /// Its own pictures at psi 1: of a checkpoint with random noise, of a `.obv` those of the seeds from
  /// `seed` on, with stored noise.
  func set(count: Int, seed: UInt64, on device: Device) throws(ObverseError) -> ImageSet {
    switch self {
    case .network(let generator, _):
      return ImageSet(generator, count: count, seed: seed, on: device)
    case .runtime(let generator, _):
      guard seed <= UInt64(UInt32.max) - UInt64(count) else {
        throw .usage("seeds of a .obv end at \(UInt32.max)", hint: nil)
      }
      let size = generator.model.resolution
      return ImageSet(count: count, size: size) { range throws(ObverseError) in
        var bytes: [UInt8] = []
        for i in range {
          bytes += try draw(generator.map(z: generator.latent(seed: UInt32(seed) + UInt32(i))))
        }
        return Tensor.bytes(bytes, [range.count, 3, size, size], on: device) * (1 / 127.5) - 1
      }
    }
  }
}
