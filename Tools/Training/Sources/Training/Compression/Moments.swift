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

/// Takes the moments of a teacher.
public enum MomentMaker {
  /// Draws images at psi 1 with random noise and unmixed styles, and writes their moments.
  ///
  /// - Parameters:
  ///   - path: Holds the teacher.
  ///   - kernels: Who looks at the images.
  ///   - normalizes: Applies each kernel's own mean and deviation.
  ///   - count: Images.
  ///   - batch: Images at once.
  ///   - seed: Of the images.
  ///   - output: The file.
  ///   - device: Where it is computed.
  ///   - progress: Receives the number of images so far.
  /// - Throws: What reading and writing say.
  public static func make(
    _ path: String, kernels: [DistilSettings.Kernel], normalizes: Bool = false, count: Int,
    batch: Int, seed: UInt64, to output: String, device: Device, progress: (Int) -> Void = { _ in }
  ) throws(ObverseError) {
    let teacher = try TeacherFile(path).generator(on: device)
    var networks: [any FeatureNetwork] = []
    for kernel in kernels {
      networks.append(try kernel.kind.network(kernel.path, normalizes: normalizes, on: device))
    }
    var sums = networks.map { network in
      (
        first: [Double](repeating: 0, count: network.width),
        second: [Double](repeating: 0, count: network.width)
      )
    }
    Torch.seed(seed)
    var done = 0
    while done < count {
      let n = min(batch, count - done)
      let images = Torch.withoutGradients {
        teacher(.normal([n, teacher.shape.zDim], on: device), noise: .random)
      }
      for (i, network) in networks.enumerated() {
        let features = Torch.withoutGradients { network(images) }.floats
        // In Double: a sum of ten thousands of Floats would lose what the loss looks for.
        for row in 0..<n {
          for j in 0..<network.width {
            let value = Double(features[row * network.width + j])
            sums[i].first[j] += value
            sums[i].second[j] += value * value
          }
        }
      }
      done += n
      progress(done)
    }
    var metadata = [
      "producer": "obverse-train \(Version.number)", "teacher": teacher.fingerprint,
      "count": "\(count)", "psi": "1", "noise": "random", "mixing": "0", "seed": "\(seed)",
    ]
    var tensors: [Registry.Entry] = []
    for (network, sum) in zip(networks, sums) {
      let name = network.kind.short
      metadata["\(name).sha256"] = network.fileHash
      metadata["\(name).preparation"] = network.preparation
      for (order, values) in [("first", sum.first), ("second", sum.second)] {
        let means = values.map { Float($0 / Double(count)) }
        tensors.append(("global_\(name)_\(order)", .values(means, [network.width])))
      }
    }
    try SafetensorsWriter.write(tensors, metadata: metadata, to: output)
  }
}
