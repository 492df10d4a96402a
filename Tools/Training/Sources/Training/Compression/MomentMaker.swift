import Core
import Networks
import Torch

/// Takes the moments of a teacher.
public enum MomentMaker {
  /// How many images are drawn, and from what.
  public struct Settings {
    public var count = 50_000
    public var batch = 16
    public var seed: UInt64 = 0

    public init() {}
  }

  /// Draws images at psi 1 with random noise and unmixed styles, and writes their moments.
  ///
  /// - Parameters:
  ///   - path: Holds the teacher.
  ///   - kernels: Who looks at the images.
  ///   - normalizes: Applies each kernel's own mean and deviation.
  ///   - settings: How many images.
  ///   - output: The file.
  ///   - device: Where it is computed.
  ///   - progress: Receives the number of images so far.
  /// - Throws: What reading and writing say.
  public static func make(
    _ path: String, kernels: [DistilSettings.Kernel], normalizes: Bool = false,
    _ settings: Settings, to output: String, device: Device, progress: (Int) -> Void = { _ in }
  ) throws(ObverseError) {
    let teacher = try GeneratorFile(path).generator(on: device)
    var networks: [any FeatureNetwork] = []
    for kernel in kernels {
      networks.append(try kernel.kind.network(kernel.path, normalizes: normalizes, on: device))
    }
    try write(teacher, networks, settings, to: output, progress: progress)
  }

  static func write(
    _ teacher: Generator, _ networks: [any FeatureNetwork], _ settings: Settings,
    to output: String, progress: (Int) -> Void = { _ in }
  ) throws(ObverseError) {
    let device = teacher.registry.device
    var sums = networks.map { network in
      (
        first: [Double](repeating: 0, count: network.width),
        second: [Double](repeating: 0, count: network.width)
      )
    }
    Torch.seed(settings.seed)
    var done = 0
    while done < settings.count {
      let n = min(settings.batch, settings.count - done)
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
      "count": "\(settings.count)", "psi": "1", "noise": "random", "mixing": "0",
      "seed": "\(settings.seed)",
    ]
    var tensors: [Registry.Entry] = []
    for (network, sum) in zip(networks, sums) {
      let name = network.kind.short
      metadata["\(name).sha256"] = network.fileHash
      metadata["\(name).preparation"] = network.preparation
      for (order, values) in [("first", sum.first), ("second", sum.second)] {
        guard values.allSatisfy(\.isFinite) else {
          throw .request("the teacher's images or their features are not finite", hint: nil)
        }
        let means = values.map { Float($0 / Double(settings.count)) }
        tensors.append(("global_\(name)_\(order)", .values(means, [network.width])))
      }
    }
    try SafetensorsWriter.write(tensors, metadata: metadata, to: output)
  }
}
