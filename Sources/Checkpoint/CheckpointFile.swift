import Core

/// A value that a checkpoint holds beside its tensors.
public enum Attribute: Sendable, Equatable {
  case none
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case list([Attribute])
}

/// A name that a pickle asked for.
public struct PickleName: Sendable, Equatable {
  /// `module.name`.
  public let name: String
  /// Whether it stands on the list of names that have a meaning here; all others build nothing.
  public let isKnown: Bool
  /// How often it was asked for.
  public let count: Int

  public init(name: String, isKnown: Bool, count: Int) {
    self.name = name
    self.isKnown = isKnown
    self.count = count
  }
}

/// What an open checkpoint holds, whatever its container: names, tensors, attributes.
///
/// Opening runs no code of the file, and copies no tensor that lies plainly in it.
public struct CheckpointFile: Sendable {
  public enum Container: String, Sendable, CaseIterable {
    case torchZip = "torch zip"
    case torchScript = "TorchScript"
    case torchFolder = "unpacked torch zip"
    case torchLegacy = "torch legacy"
    case pickle = "pickle"
    case safetensors = "safetensors"
    case npz = "npz"
    case npy = "npy"
    case openVINO = "OpenVINO IR"
  }

  public let path: String
  public let container: Container
  /// Such as `pickle protocol 4`; equals the container's name where there is no more to say.
  public let containerDetail: String
  /// Dotted paths in file order: `g_ema.style.1.weight`, `G_ema.synthesis.b4.const`, `latent_avg`.
  public let tensors: [(name: String, tensor: StoredTensor)]
  /// Numbers, texts and lists by dotted path, such as `G_ema.synthesis.b8.conv0.conv_clamp`;
  /// safetensors' `__metadata__` entries as `__metadata__.KEY`.
  public let attributes: [String: Attribute]
  /// Class names of pickled modules by dotted path: `G_ema.synthesis.input` -> `SynthesisInput`;
  /// `tensorFlowNetwork` for networks of dnnlib's TensorFlow.
  public let modules: [String: String]
  /// Dotted paths whose value would have been made by code that was not run, with the code's name.
  public let placeholders: [String: String]
  /// Every global that the pickles named, in order of first use.
  public let pickleNames: [PickleName]
  /// The graphs of an OpenVINO package by network name: `MappingNetwork`, `SynthesisNetwork`.
  public let graphs: [String: IRGraph]

  /// Bytes of the file itself, once it is unpacked; nil where it is none.
  public private(set) var byteCount: Int?
  /// Constants of a TorchScript program's code that are tensors.
  public private(set) var constantCount = 0

  /// What `modules` calls a network of dnnlib's TensorFlow.
  public static let tensorFlowNetwork = "tflib.network.Network"

  public init(
    path: String, container: Container, containerDetail: String,
    tensors: [(name: String, tensor: StoredTensor)], attributes: [String: Attribute] = [:],
    modules: [String: String] = [:], placeholders: [String: String] = [:],
    pickleNames: [PickleName] = [], graphs: [String: IRGraph] = [:]
  ) {
    self.path = path
    self.container = container
    self.containerDetail = containerDetail
    self.tensors = tensors
    self.attributes = attributes
    self.modules = modules
    self.placeholders = placeholders
    self.pickleNames = pickleNames
    self.graphs = graphs
  }
}

extension CheckpointFile {
  /// The same with the size of what it was read from.
  func sized(_ byteCount: Int) -> CheckpointFile {
    var file = self
    file.byteCount = byteCount
    return file
  }

  /// The same with the tensors that a program's code holds.
  func withConstants(_ count: Int) -> CheckpointFile {
    var file = self
    file.constantCount = count
    return file
  }
}
