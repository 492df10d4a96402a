@_exported import Core
import ModelFile

/// A generator in memory: immutable, checked, ready to draw from any number of threads.
public final class Model: Sendable {
  /// The whole content of the file.
  package let description: ModelDescription
  /// Instruction set that the weights are packed for.
  public let instructionSet: InstructionSet

  /// Opens a model file, checks all of it and prepares its weights for this processor.
  ///
  /// - Parameters:
  ///   - path: A file that `obverse convert` wrote.
  ///   - instructionSet: nil takes `OBVERSE_ISA`, else the best that this processor has.
  /// - Throws: What the file breaks, with `inFile` around it; `usage` for an instruction set that
  ///   this processor lacks.
  public convenience init(
    path: String, instructionSet: InstructionSet? = nil
  ) throws(ObverseError) {
    fatalError("not yet")
  }

  /// Prepares a generator that is in memory already, such as one just converted.
  package init(
    _ description: ModelDescription, instructionSet: InstructionSet? = nil
  ) throws(ObverseError) {
    self.description = description
    self.instructionSet = .baseline
  }

  /// Side of the square image.
  public var resolution: Int { description.resolution }
  /// 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
  public var imageChannels: Int { description.imageChannels }
  public var zDim: Int { description.zDim }
  public var wDim: Int { description.wDim }
  /// Class labels; 0 for an unconditional model.
  public var classes: Int { description.cDim }
  /// Style layers: entries of ws.
  public var wsCount: Int { description.wsCount }
  /// Whether truncation is possible.
  public var hasWAverage: Bool { description.wAverage != nil }
  /// Whether `NoiseMode.const` draws any noise.
  public var hasStoredNoise: Bool { false }
  /// Whether `NoiseMode.random` is possible; MobileStyleGAN's strength is frozen into its planes.
  public var allowsRandomNoise: Bool { description.family == .styleGAN2 }
  /// SHA-256 of the weights, as the converter stored it.
  public var weightsSHA256: String { description.weightsSHA256 }
  /// Shapes, MACs and parameters.
  public var shape: NetworkShape { fatalError("not yet") }
}
