import Checkpoint
import Core

/// What a network of NVlabs' TensorFlow code says of itself, in the arguments that it was made with.
///
/// Names and defaults are those of `G_main`, `G_mapping` and `G_synthesis` in StyleGAN2 and StyleGAN2-ADA.
struct TensorFlow {
  private let file: CheckpointFile
  private let prefix: String

  /// - Throws: `unsupported` for older networks, and for arguments that ask for another arithmetic.
  init(_ file: CheckpointFile, prefix: String) throws(ObverseError) {
    self.file = file
    self.prefix = prefix
    if case .integer(let version) = file.attributes["\(prefix)version"], version < 4 {
      throw .unsupported(
        what: "TensorFlow pickle",
        why: "its networks are of version \(version), from before StyleGAN2, whose version is 4",
        hint: nil)
    }
    if file.tensors.contains(where: { $0.name == "\(prefix)mapping.LabelConcat.weight" }) {
      throw .unsupported(
        what: "tensor \(prefix)mapping.LabelConcat.weight",
        why: "labels are joined to z before it is normalized, as StyleGAN2 did before ADA;"
          + " that is not supported", hint: nil)
    }
    let demands: [(String, Attribute)] = [
      ("nonlinearity", .text("lrelu")), ("mapping_nonlinearity", .text("lrelu")),
      ("normalize_latents", .bool(true)), ("use_noise", .bool(true)),
    ]
    for (name, expected) in demands {
      guard let found = argument(name), found != .none, found != expected else { continue }
      throw .unsupported(
        what: "\(prefix)static_kwargs.\(name)",
        why: "it is \(found.words); only \(expected.words) is supported", hint: nil)
    }
    let taps: [Double] = [1, 3, 3, 1]
    if let kernel = argument("resample_kernel"), kernel != .none, kernel.numbers != taps {
      throw .unsupported(
        what: "\(prefix)static_kwargs.resample_kernel",
        why: "it is \(kernel.words); only [1, 3, 3, 1] is supported", hint: nil)
    }
  }

  /// The clamp of all layers, nil for none.
  func clamp() throws(ObverseError) -> Float? {
    guard let value = try number("conv_clamp") else { return nil }
    guard value > 0 else {
      throw .malformed(what: "\(prefix)static_kwargs.conv_clamp", why: "a clamp is above 0")
    }
    return Float(value)
  }

  /// What the mapping network's learning rate is multiplied with.
  func mappingRate() throws(ObverseError) -> Double {
    guard let rate = try number("mapping_lrmul") else { return 0.01 }
    guard rate > 0 else {
      throw .malformed(what: "\(prefix)static_kwargs.mapping_lrmul", why: "a rate is above 0")
    }
    return rate
  }

  private func argument(_ name: String) -> Attribute? {
    file.attributes["\(prefix)static_kwargs.\(name)"]
  }

  private func number(_ name: String) throws(ObverseError) -> Double? {
    switch argument(name) {
    case nil, .some(.none): return nil
    case .integer(let value): return Double(value)
    case .number(let value) where value.isFinite: return value
    default:
      throw .malformed(what: "\(prefix)static_kwargs.\(name)", why: "it is no finite number")
    }
  }
}

extension Attribute {
  /// The numbers of a list, nil for all else.
  fileprivate var numbers: [Double]? {
    guard case .list(let values) = self else { return nil }
    var numbers: [Double] = []
    for value in values {
      switch value {
      case .integer(let number): numbers.append(Double(number))
      case .number(let number): numbers.append(number)
      default: return nil
      }
    }
    return numbers
  }
}
