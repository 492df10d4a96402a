import CSystem
@_exported import Core
import Kernels
@_exported import enum Kernels.ConvAlgorithm
@_exported import enum Kernels.InstructionSet
@_exported import enum Kernels.Precision
import ModelFile

/// A generator in memory: immutable, checked, ready to draw from any number of threads.
public final class Model: Sendable {
  /// The whole content of the file.
  package let description: ModelDescription
  /// Instruction set that the weights are packed for.
  public let instructionSet: InstructionSet
  /// In which numbers 1x1 convolutions are multiplied.
  public let precision: Precision
  /// Shapes, MACs and parameters.
  public let shape: NetworkShape

  let plan: Plan
  let wAverage: FloatBuffer?
  let embedding: (weight: FloatBuffer, bias: FloatBuffer)?

  /// Opens a model file, checks all of it and prepares its weights for this processor.
  ///
  /// - Parameters:
  ///   - path: A file that `obverse convert` wrote.
  ///   - instructionSet: nil takes `OBVERSE_ISA`, else the best that this processor has.
  ///   - precision: Other than float32 for separable networks alone.
  /// - Throws: What the file breaks, with `inFile` around it; `usage` for an instruction set or a
  ///   precision that this processor lacks; `request` for a precision that the network has no use for.
  public convenience init(
    path: String, instructionSet: InstructionSet? = nil, precision: Precision = .float32
  ) throws(ObverseError) {
    try self.init(
      ModelFile.read(path: path), instructionSet: instructionSet, precision: precision)
    // What was packed for the processor is not read from the file again.
    description.const.bytes.owner.forgetPages()
  }

  /// Prepares a generator that is in memory already, such as one just converted.
  ///
  /// `forced` is an algorithm for all 3x3 convolutions that can take it, for tests and measurements.
  package init(
    _ description: ModelDescription, instructionSet: InstructionSet? = nil,
    precision: Precision = .float32, forced: ConvAlgorithm? = nil
  ) throws(ObverseError) {
    let chosen: InstructionSet
    if let instructionSet { chosen = instructionSet } else { chosen = try .chosen() }
    self.description = description
    self.instructionSet = chosen
    self.precision = precision
    shape = description.shape
    allowsRandomNoise = description.drawn.allowsRandomNoise
    let kernels = try chosen.kernels(precision)
    guard precision == .float32 || description.drawn.isSeparable else {
      throw .request(
        "precision \(precision.rawValue) is for separable networks, and this one is drawn in float32"
          + " alone", hint: nil)
    }
    plan = try Plan(description, kernels, forced: forced)
    wAverage = try description.wAverage?.buffer()
    if let embed = description.embed {
      embedding = (try embed.weight.buffer(), try embed.bias.buffer())
    } else {
      embedding = nil
    }
  }

  /// Side of the square image.
  public var resolution: Int { description.resolution }
  /// 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
  public var imageChannels: Int { description.imageChannels }
  /// Numbers of `z`.
  public var zDim: Int { description.zDim }
  /// Numbers of one `w`.
  public var wDim: Int { description.wDim }
  /// Class labels; 0 for an unconditional model.
  public var classes: Int { description.cDim }
  /// Style layers: entries of ws.
  public var wsCount: Int { description.wsCount }
  /// Whether truncation is possible.
  public var hasWAverage: Bool { description.wAverage != nil }
  /// Whether `NoiseMode.const` draws any noise.
  public var hasStoredNoise: Bool { plan.hasStoredNoise }
  /// Whether `NoiseMode.random` is possible; MobileStyleGAN's strength is frozen into its planes.
  ///
  /// Kept, since it is asked for with each face and a family is an object of its own.
  public let allowsRandomNoise: Bool
  /// Floats of scratch that the worker of a generator of one thread needs.
  package var scratchCount: Int { plan.alone.scratchCount }
  /// SHA-256 of the weights, as the converter stored it.
  public var weightsSHA256: String { description.weightsSHA256 }
}

extension Model {
  /// Checks a model file that is in memory and prepares its weights for this processor.
  ///
  /// Unlike a mapped file, memory cannot be cut short by another process.
  ///
  /// - Parameters:
  ///   - bytes: The whole file. Weights are used in place where they lie at 64-byte boundaries.
  ///   - instructionSet: nil takes `OBVERSE_ISA`, else the best that this processor has.
  ///   - precision: Other than float32 for separable networks alone.
  /// - Throws: What the file breaks; `usage` for an instruction set or a precision that this processor
  ///   lacks; `request` for a precision that the network has no use for.
  public convenience init(
    bytes: Bytes, instructionSet: InstructionSet? = nil, precision: Precision = .float32
  ) throws(ObverseError) {
    try self.init(
      ModelFile.read(bytes), instructionSet: instructionSet, precision: precision)
  }
}

extension InstructionSet {
  /// What `OBVERSE_ISA` asks for, else the best.
  ///
  /// - Throws: `usage` for a name that is none, or one that this processor lacks.
  static func chosen() throws(ObverseError) -> InstructionSet {
    guard let value = unsafe getenv("OBVERSE_ISA") else { return best }
    let name = unsafe String(cString: value)
    guard !name.isEmpty else { return best }
    guard let set = InstructionSet(rawValue: name) else {
      throw .usage("OBVERSE_ISA is '\(name)', not baseline, avx2, avx512 or neon", hint: nil)
    }
    return set
  }

  /// The kernels of this set.
  ///
  /// - Throws: `usage` where this processor lacks it, or the precision.
  func kernels(_ precision: Precision = .float32) throws(ObverseError) -> Fast {
    guard InstructionSet.available.contains(self) else {
      let names = InstructionSet.available.map { $0.rawValue }.joined(separator: ", ")
      throw .usage(
        "instruction set \(rawValue) is not on this processor; it has \(names)", hint: nil)
    }
    guard precision.isAvailable(with: self) else {
      throw .usage(
        "precision \(precision.rawValue) needs AVX512-BF16, "
          + (self == .avx512 ? "which this processor lacks" : "and \(rawValue) is in use"),
        hint: nil)
    }
    return Fast(self, precision)
  }
}
