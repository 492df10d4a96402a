import Checkpoint
import Core

/// Shapes of a network's tensors, by their names behind its prefix.
struct NamedShapes {
  private let prefix: String
  private var shapes: [String: [Int]] = [:]

  init(_ file: CheckpointFile, prefix: String) {
    self.prefix = prefix
    for (name, tensor) in file.tensors where name.hasPrefix(prefix) {
      shapes[String(name.dropFirst(prefix.count))] = tensor.shape
    }
  }

  subscript(name: String) -> [Int]? { shapes[name] }

  /// The shape of a tensor that has to be there, of so many axes.
  ///
  /// - Throws: `missingTensor`, `unsupported`.
  func shape(_ name: String, axes: Int) throws(ObverseError) -> [Int] {
    guard let shape = shapes[name] else { throw .missingTensor(prefix + name) }
    guard shape.count == axes else {
      throw .unsupported(
        what: "tensor \(prefix)\(name)", why: "it has \(shape.count) axes, not \(axes)", hint: nil)
    }
    return shape
  }
}
