import Checkpoint
import Core
import Torch

/// The named tensors of a network: what is trained, and what only travels with it.
public final class Registry {
  public typealias Entry = (name: String, tensor: Tensor)

  public let device: Device
  public private(set) var parameters: [Entry] = []
  public private(set) var buffers: [Entry] = []
  /// Tensors that every network of this kind has alike; written, never read.
  public private(set) var constants: [Entry] = []

  public init(device: Device) { self.device = device }

  /// Adds a tensor that is trained.
  ///
  /// It is made on the CPU and moved, so that one seed starts one network on every device.
  func parameter(_ name: String, _ initial: Tensor) -> Tensor {
    let tensor = initial.moved(to: device)
    tensor.setRequiresGradient()
    parameters.append((name, tensor))
    return tensor
  }

  func buffer(_ name: String, _ initial: Tensor) -> Tensor {
    let tensor = initial.moved(to: device)
    buffers.append((name, tensor))
    return tensor
  }

  func constant(_ name: String, _ tensor: Tensor) { constants.append((name, tensor)) }
}

/// A network with named tensors.
public protocol Network: AnyObject {
  var registry: Registry { get }
}

extension Network {
  public var parameters: [Tensor] { registry.parameters.map(\.tensor) }

  /// All tensors under their names, in a fixed order.
  public var tensors: [Registry.Entry] {
    registry.parameters + registry.buffers + registry.constants
  }

  /// Takes every tensor from a checkpoint, where it is called `prefix` and its name here.
  ///
  /// - Throws: `missingTensor`; `shape`.
  public func load(_ file: CheckpointFile, prefix: String = "") throws(ObverseError) {
    var stored: [String: StoredTensor] = [:]
    for (name, tensor) in file.tensors { stored[name] = tensor }
    for (name, target) in registry.parameters + registry.buffers {
      guard let source = stored[prefix + name] else { throw .missingTensor(prefix + name) }
      guard source.shape == target.shape else {
        throw .shape(
          tensor: prefix + name, expected: target.shape, found: source.shape, why: "its layer needs"
        )
      }
      target.assign(.values(source.floats, source.shape))
    }
  }

  /// Takes every tensor from a network of the same shape.
  public func copy(_ other: Self) {
    for (mine, theirs) in zip(tensors, other.tensors) { mine.tensor.assign(theirs.tensor) }
  }
}
