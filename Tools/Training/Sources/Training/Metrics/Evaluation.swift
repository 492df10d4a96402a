import Core
import Networks
import Torch

/// Measures a generator against real images.
public enum Evaluation {
  /// What to measure with.
  public struct Settings {
    /// Drawn images; as many real ones are used, if there are.
    public var count = 10_000
    public var networks: [any FeatureNetwork] = []
    public var batch = 32
    public var seed: UInt64 = 0
    public var measuresPatches = true
    /// Measures the perceptual path length.
    public var lpips: LPIPS?
    /// Says whether faces are those of the same w; such pictures are needed then.
    public var recognizer: Recognizer?
    /// A picture to write: the first eight of the data, under each what is drawn of its w.
    public var strip: String?
    /// Whether the data was drawn to be compared: pictures of other w are refused then.
    public var needsSameW = false

    public init() {}
  }

  /// Points of precision and recall, whose cost grows with the square.
  private static let mostNeighbours = 10_000
  /// Images of one estimate of KID, as its authors take them.
  private static let kernelGroup = 1000

  /// Draws, looks and compares.
  ///
  /// - Parameters:
  ///   - path: The generator's checkpoint.
  ///   - data: Real images, of the generator's size; with their w, each is compared with its own.
  ///   - settings: What to measure with.
  ///   - device: Where it is computed.
  ///   - progress: Receives what is being done, and images done of images to do.
  /// - Returns: All measures: of the same w, of patches, of networks.
  /// - Throws: `request` where sizes differ; what reading says.
  public static func measure(
    _ path: String, data: ImageData, _ settings: Settings, on device: Device,
    progress: (String, Int, Int) -> Void = { _, _, _ in }
  ) throws(ObverseError) -> [Measure] {
    let painter = try Painter(path, size: data.size, on: device)
    let real = ImageSet(data, count: settings.count, on: device)
    let drawn = try painter.set(count: settings.count, seed: settings.seed, on: device)
    let pleased = painter.trainedAgainst
    func mark(_ name: String) -> Measure.Mark {
      pleased.map { $0.contains(name) ? .trainedAgainst : .unseen } ?? .unknown
    }
    var measures: [Measure] = []
    if data.wDim == painter.wDim || settings.needsSameW {
      measures += try Fidelity.measure(
        painter, data: data, count: settings.count, recognizer: settings.recognizer,
        strip: settings.strip, mark: mark, progress: progress)
    }
    if settings.measuresPatches {
      progress("patches", 0, 1)
      let levels = try SlicedWasserstein.distances(real, drawn, seed: settings.seed, on: device)
      let count = min(real.count, drawn.count)
      for (size, distance) in levels {
        measures.append(
          Measure(
            measure: SlicedWasserstein.name, network: "pixels",
            preparation: "level \(size)x\(size)", real: count, drawn: count, value: distance,
            mark: .unseen))
      }
    }
    if let lpips = settings.lpips {
      let generator = try GeneratorFile(path).generator(of: data.size, on: device)
      let length = PerceptualPathLength.length(
        generator, lpips, count: settings.count, batch: settings.batch, seed: settings.seed
      ) { progress("lpips", $0, settings.count) }
      measures.append(
        Measure(
          measure: PerceptualPathLength.name, network: "lpips vgg16",
          networkFile: lpips.vgg.fileHash, preparation: "at most 256x256", real: 0,
          drawn: 2 * settings.count, value: length, mark: mark("vgg16")))
    }
    for network in settings.networks {
      let name = network.kind.rawValue
      let total = real.count + drawn.count
      let a = try real.features(network, batch: settings.batch) { progress(name, $0, total) }
      let b = try drawn.features(network, batch: settings.batch) {
        progress(name, real.count + $0, total)
      }
      for (measure, value, counts) in numbers(a, b) {
        measures.append(
          Measure(
            measure: measure, network: name, networkFile: network.fileHash,
            preparation: network.preparation, real: counts.real, drawn: counts.drawn, value: value,
            mark: mark(name)))
      }
    }
    return measures
  }

  private typealias Counts = (real: Int, drawn: Int)

  private static func numbers(
    _ real: Tensor, _ drawn: Tensor
  ) -> [(measure: String, value: Double, counts: Counts)] {
    let counts = (real: real.shape[0], drawn: drawn.shape[0])
    var numbers: [(measure: String, value: Double, counts: Counts)] = [
      ("frechet", FeatureDistance.frechet(real, drawn), counts)
    ]
    let fewest = min(counts.real, counts.drawn)
    let group = min(kernelGroup, fewest)
    let groups = fewest / group
    let kid = (0..<groups).reduce(0.0) { sum, i in
      let rows = i * group..<(i + 1) * group
      return sum
        + FeatureDistance.kernel(real.slice(axis: 0, rows), drawn.slice(axis: 0, rows))
    }
    numbers.append(
      (
        "kid x1000 (\(groups) groups of \(group))", 1000 * kid / Double(groups),
        (groups * group, groups * group)
      ))
    guard fewest > 4 else { return numbers }
    let some = min(fewest, mostNeighbours)
    let (a, b) = (real.slice(axis: 0, 0..<some), drawn.slice(axis: 0, 0..<some))
    numbers.append(
      ("precision k=3", FeatureDistance.coverage(of: b, by: a, k: 3), (some, some)))
    numbers.append(("recall k=3", FeatureDistance.coverage(of: a, by: b, k: 3), (some, some)))
    return numbers
  }
}
