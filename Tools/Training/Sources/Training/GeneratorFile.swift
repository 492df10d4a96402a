import Checkpoint
import Converter
import Core
import FoundationEssentials
import Networks
import Torch

/// A checkpoint with a generator, and perhaps with the discriminator that it was trained against.
public struct GeneratorFile {
  public let path: String
  let file: CheckpointFile
  /// What stands before the generator's names: `G_ema.` or nothing.
  private let prefix: String

  /// Looks for an averaged generator: in a model file, in a run's state, in whatever `obverse convert`
  /// can read.
  ///
  /// - Parameter path: A checkpoint, or the folder of a run: its state, else its light one.
  /// - Throws: What opening and converting say.
  public init(_ path: String) throws(ObverseError) {
    self.path = path
    if NamedModel.isModelFile(path) {
      (file, prefix) = (try CheckpointFile(NamedModel(path: path), path: path), "")
      return
    }
    let file = try Self.open(path)
    // NVlabs' names are training's own; a network under them may come with its discriminator.
    if let prefix = Self.prefix(in: file) {
      (self.file, self.prefix) = (file, prefix)
    } else {
      self.file = try CheckpointFile(NamedModel(path: path), path: path)
      prefix = ""
    }
  }

  private static func prefix(in file: CheckpointFile) -> String? {
    let names = Set(file.tensors.map(\.name))
    return ["G_ema.", ""].first { names.contains("\($0)synthesis.b4.const") }
  }

  private static func open(_ path: String) throws(ObverseError) -> CheckpointFile {
    var isFolder = false
    _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    guard isFolder else { return try CheckpointFile.open(path) }
    let state = "\(path)/state.safetensors"
    guard !FileManager.default.fileExists(atPath: state), let parts = LightState.parts(in: path)
    else { return try CheckpointFile.open(state) }
    var tensors: [(name: String, tensor: StoredTensor)] = []
    var attributes: [String: Attribute] = [:]
    for part in parts {
      let file = try CheckpointFile.open(part)
      tensors += file.tensors
      attributes = file.attributes
    }
    return CheckpointFile(
      path: path, container: .safetensors, containerDetail: "light state", tensors: tensors,
      attributes: attributes)
  }

  /// The generator's shape.
  /// - Throws: `missingTensor`, `unsupported`, each in the file.
  func shape() throws(ObverseError) -> GeneratorShape {
    do throws(ObverseError) {
      return try GeneratorShape(file, prefix: prefix)
    } catch {
      throw error.inFile(path)
    }
  }

  /// - Throws: What `shape` throws.
  public func family() throws(ObverseError) -> GeneratorFamily { try shape().family }

  /// The generator, in the shape that its tensors have.
  /// - Throws: `missingTensor`, `shape`, `unsupported`, each in the file.
  public func generator(on device: Device = .cpu) throws(ObverseError) -> Generator {
    do throws(ObverseError) {
      let generator = Generator(try GeneratorShape(file, prefix: prefix), device: device)
      try generator.load(file, prefix: prefix)
      return generator
    } catch {
      throw error.inFile(path)
    }
  }

  /// The generator of images of a size.
  /// - Throws: `request` where it draws others, and what reading says.
  public func generator(of size: Int, on device: Device) throws(ObverseError) -> Generator {
    let generator = try generator(on: device)
    let side = generator.shape.resolution
    guard side == size else {
      throw .request(
        "'\(path)' draws \(side)x\(side), and the data is \(size)x\(size)", hint: "--size \(side)")
    }
    return generator
  }

  /// Where the network comes from and what it may be used for, as far as the file says.
  var origin: NamedModel.Origin {
    guard NamedModel.isModelFile(path), let model = try? NamedModel(path: path) else {
      return NamedModel.Origin()
    }
    return model.origin
  }

  /// Writes a generator that was made of this one, with what this file says of its origin.
  ///
  /// - Parameters:
  ///   - generator: What is written.
  ///   - facts: Take the place of the file's of the same name.
  ///   - path: The file.
  /// - Throws: What writing says.
  public func writeModel(
    of generator: Generator, adding facts: [String: String] = [:], to path: String
  ) throws(ObverseError) {
    var model = generator.model
    model.origin = origin
    model.origin.facts.removeAll { facts[$0.name] != nil }
    model.origin.facts += facts.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    try model.write(to: path)
  }

  public var hasDiscriminator: Bool { file.tensors.contains { $0.name.hasPrefix("D.b4.") } }

  /// The tensors of the discriminator as the file has them; none where there is none.
  var discriminatorTensors: [Registry.Entry] {
    file.tensors.filter { $0.name.hasPrefix("D.") }.map {
      ($0.name, .values($0.tensor.floats, $0.tensor.shape))
    }
  }

  /// The discriminator of images of a size, in the shape that its tensors have.
  ///
  /// - Parameters:
  ///   - size: Side of the images.
  ///   - groupSize: Images that it compares with each other; no tensor says it.
  ///   - device: Where it is made.
  /// - Returns: The network under the file's `D.`.
  /// - Throws: `request` where there is none for that size; `missingTensor`, `shape`, `unsupported`.
  public func discriminator(
    of size: Int, groupSize: Int, on device: Device = .cpu
  ) throws(ObverseError) -> Discriminator {
    guard hasDiscriminator else {
      throw .request(
        "'\(path)' holds no discriminator, which plays against the student",
        hint: "runs of obverse-train and NVlabs' PyTorch pickles hold one;"
          + " learning from pairs alone needs none")
    }
    let discriminator: Discriminator
    do throws(ObverseError) {
      let clamp = try GeneratorShape(file, prefix: prefix).clamp
      let shape = try DiscriminatorShape(file, prefix: "D.", clamp: clamp, groupSize: groupSize)
      discriminator = Discriminator(shape, device: device)
      try discriminator.load(file, prefix: "D.")
    } catch {
      throw error.inFile(path)
    }
    let side = discriminator.shape.resolution
    guard side == size else {
      throw .request(
        "the discriminator of '\(path)' looks at images of \(side)x\(side)", hint: nil)
    }
    return discriminator
  }

  /// Networks that the generator was trained to please, as far as its writer said.
  var trainedAgainst: [String] {
    (metadata("trained_against") ?? "").split(separator: ",").map(String.init)
  }

  /// A word that the file's writer left beside the tensors.
  func metadata(_ key: String) -> String? {
    guard case .text(let text) = file.attributes["__metadata__.\(key)"] else { return nil }
    return text
  }
}
