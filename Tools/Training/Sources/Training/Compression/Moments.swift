import Checkpoint
import Core
import Networks
import Torch

/// DiME's global features: moments of very many of a teacher's images, taken once.
///
/// The file keeps what they were made with, since a loss compares raw numbers: another teacher,
/// another preparation or another network would be another number, not an error anybody sees.
struct Moments {
  private let path: String
  private let file: CheckpointFile

  /// Opens a file of moments.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - teacher: Fingerprint of the generator that they must belong to.
  /// - Throws: `request` where they are another teacher's; what opening says.
  init(_ path: String, of teacher: String) throws(ObverseError) {
    self.path = path
    file = try CheckpointFile.open(path)
    guard let found = Self.word("teacher", file) else {
      throw ObverseError.malformed(what: "moments", why: "they do not say whose they are")
        .inFile(path)
    }
    guard found == teacher else {
      throw .request(
        "'\(path)' holds the moments of another teacher (\(found.prefix(12)), not"
          + " \(teacher.prefix(12)))", hint: "obverse-train moments --teacher … makes them")
    }
  }

  /// The moments in the eyes of one network.
  ///
  /// - Throws: `request` where they were made with another file or preparation.
  func pair(
    for network: any FeatureNetwork, on device: Device
  ) throws(ObverseError) -> (first: Tensor, second: Tensor) {
    let name = network.kind.short
    guard let hash = Self.word("\(name).sha256", file) else {
      throw .request(
        "'\(path)' holds no moments of \(network.kind.rawValue)",
        hint: "obverse-train moments takes the same kernels as distil")
    }
    guard hash == network.fileHash else {
      throw .request(
        "'\(path)' was made with another \(network.kind.rawValue) (\(hash.prefix(12)), not"
          + " \(network.fileHash.prefix(12)))", hint: nil)
    }
    let preparation = Self.word("\(name).preparation", file) ?? "nothing"
    guard preparation == network.preparation else {
      throw .request(
        "'\(path)' was made with '\(preparation)', not '\(network.preparation)'", hint: nil)
    }
    func tensor(_ order: String) throws(ObverseError) -> Tensor {
      let key = "global_\(name)_\(order)"
      guard let stored = file.tensors.first(where: { $0.name == key })?.tensor else {
        throw ObverseError.missingTensor(key).inFile(path)
      }
      guard stored.shape == [network.width] else {
        throw ObverseError.shape(
          tensor: key, expected: [network.width], found: stored.shape, why: "the network gives"
        ).inFile(path)
      }
      return .values(stored.floats, stored.shape, on: device)
    }
    return (try tensor("first"), try tensor("second"))
  }

  private static func word(_ key: String, _ file: CheckpointFile) -> String? {
    guard case .text(let text) = file.attributes["__metadata__.\(key)"] else { return nil }
    return text
  }
}
