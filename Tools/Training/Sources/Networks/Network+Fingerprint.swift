import Core
import Torch

extension Network {
  /// SHA-256 over names and float32 values of all that is trained, and of what travels with it.
  ///
  /// Equal for one network in two containers, such as a snapshot and the state that it came from.
  public var fingerprint: String {
    var hash = SHA256()
    for (name, tensor) in registry.parameters + registry.buffers {
      let words = Array(name.utf8)
      hash.update(words.span.bytes)
      let values = tensor.floats
      hash.update(values.span.bytes)
    }
    return hash.finish()
  }
}
