import Core
import ModelFile

/// A generator as named tensors, every gain folded: what this package and training pass to each other.
///
/// Names are those of the file's tensors, such as `b8.conv1.pointwise`, and `LAYER.noise_strength`
/// for the scalar that a file keeps beside its planes. Unstable: only `Tools/Training` uses it.
public struct NamedModel: Sendable {
  public enum Family: String, Sendable, CaseIterable {
    case styleGAN2Skip = "skip"
    case styleGAN2ResNet = "resnet"
    case styleGAN2Orig = "orig"
    case mobileStyleGAN = "mobile"
  }

  /// Row-major values with canonical axes.
  public struct Tensor: Sendable, Equatable {
    public var shape: [Int]
    public var values: [Float]

    public init(shape: [Int], values: [Float]) {
      precondition(values.count == shape.reduce(1, *), "\(values.count) values for \(shape)")
      self.shape = shape
      self.values = values
    }
  }

  /// Where a model comes from and what it may be used for.
  public struct Origin: Sendable {
    public var sourceKind = ""
    public var sourceSHA256 = ""
    public var license = ""
    public var note = ""
    /// Training facts by name, such as `kimg`, in file order.
    public var facts: [(name: String, value: String)] = []
    public var wAverageSource = ""

    public init() {}
  }

  public var family: Family
  public var imageChannels: Int
  public var zDim: Int
  public var wDim: Int
  /// Negative slope of the synthesis network's leaky ReLUs.
  public var slope: Float
  /// Largest magnitude of activations in front of a block's own gain; nil for none.
  public var clamp: Float?
  public var origin: Origin
  /// In the file's order, which writing does not depend on.
  public var tensors: [(name: String, tensor: Tensor)]

  public init(
    family: Family, imageChannels: Int, zDim: Int, wDim: Int, slope: Float = 0.2,
    clamp: Float? = nil, origin: Origin = Origin(), tensors: [(name: String, tensor: Tensor)]
  ) {
    self.family = family
    self.imageChannels = imageChannels
    self.zDim = zDim
    self.wDim = wDim
    self.slope = slope
    self.clamp = clamp
    self.origin = origin
    self.tensors = tensors
  }

  /// Whether a file is one of ours, by its content.
  public static func isModelFile(_ path: String) -> Bool {
    guard let bytes = try? Bytes(mapping: path) else { return false }
    return bytes.has(ModelFile.identifier, at: 4)
  }

  /// Reads a model file, or any checkpoint that can be converted.
  ///
  /// - Throws: What converting says; `unsupported` for a generator with classes, and for one whose
  ///   layers clamp differently.
  public init(path: String) throws(ObverseError) {
    let model = try Converter.convert(path: path).description
    do { try self.init(model) } catch { throw error.inFile(path) }
  }

  /// Writes a model file, whole or not at all.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - type: Of tensors with two or more axes: float32, float16 or int8.
  /// - Throws: `missingTensor`, `shape`, `malformed` for tensors that make no generator;
  ///   `unsupported` for values beyond `type`; `cannotCreate`, `inputOutput`.
  public func write(to path: String, type: ElementType = .float32) throws(ObverseError) {
    try ModelFile.write(try description().converted(to: type), to: path)
  }
}

extension NamedModel {
  /// Takes a description apart.
  init(_ model: ModelDescription) throws(ObverseError) {
    guard model.cDim == 0 else {
      throw .unsupported(
        what: "the generator", why: "it has \(model.cDim) classes",
        hint: "training knows generators without classes")
    }
    let network = model.synthesis.network
    guard let family = Family(rawValue: network.form) else {
      throw .bug("training does not know generators of the form \(network.form)")
    }
    self.family = family
    clamp = try Self.clamp(network.clamps)
    imageChannels = model.imageChannels
    (zDim, wDim, slope) = (model.zDim, model.wDim, model.slope)
    let provenance = model.provenance
    origin = Origin()
    origin.sourceKind = provenance.sourceKind
    origin.sourceSHA256 = provenance.sourceSHA256
    origin.license = provenance.license
    origin.note = provenance.note
    origin.facts = provenance.facts
    origin.wAverageSource = provenance.wAverageSource
    var tensors: [(name: String, tensor: Tensor)] = []
    model.forEachWeights { (name, weights) in
      tensors.append((name, Tensor(shape: weights.shape, values: weights.floats)))
    }
    for (layer, strength) in network.noiseStrengths.sorted(by: { $0.layer < $1.layer }) {
      guard let strength else { continue }
      tensors.append(("\(layer).noise_strength", Tensor(shape: [], values: [strength])))
    }
    self.tensors = tensors
  }

  /// The bound that all layers share, each in front of its block's own gain.
  private static func clamp(_ bounds: [Float?]) throws(ObverseError) -> Float? {
    let first = bounds.first ?? nil
    let agrees = bounds.allSatisfy { bound in
      guard let bound, let first else { return bound == nil && first == nil }
      return abs(bound - first) <= first * 1e-5
    }
    guard agrees else {
      throw .unsupported(
        what: "the generator", why: "its layers clamp differently",
        hint: "training knows one bound for all layers")
    }
    return first
  }
}
