import Checkpoint
import Core
import Networks
import Torch

/// Fits a mapping network to known pairs of z and w, before any picture is drawn.
///
/// Ours, not a paper's: where it is known what each number of z decides, w can say it in words that a
/// synthesis network reads easily, and the mapping learns to say them.
public struct MappingFit {
  public var layers = 8
  public var steps = 40_000
  public var batch = 256
  /// Adam's at the beginning; it falls to nothing evenly.
  private let rate = 0.002
  public var seed: UInt64 = 0
  /// Rows that are kept out, to measure with.
  public var heldOut = 4096

  public init() {}

  /// Fits, and writes the mapping with every gain folded, as `PairedStart.mapping` takes it.
  ///
  /// - Parameters:
  ///   - path: `.npz` with float32 `z`, `[N, zDim]`, and `w`, `[N, wDim]`.
  ///   - output: The file, `.npz`: `fc0_weight`, `fc0_bias`, …, `w_avg`.
  ///   - device: Where it is computed.
  ///   - progress: Receives the number of steps so far.
  /// - Returns: The share of w's variance that the mapping finds, on rows it has not seen.
  /// - Throws: `missingTensor`, `shape`, and what reading and writing say.
  public func fit(
    _ path: String, to output: String, on device: Device, progress: (Int) -> Void = { _ in }
  ) throws(ObverseError) -> Double {
    let pairs = try Tables(path)
    guard pairs.count > 2 * heldOut else {
      throw .request("'\(path)' has \(pairs.count) pairs, too few to fit a mapping to", hint: nil)
    }
    Torch.seed(seed)
    var random = SplitMix64(seed: seed, stream: 0)
    let mapping = Mapping(
      Registry(device: device), zDim: pairs.z.width, wDim: pairs.w.width, layers: layers)
    let dense = mapping.denseLayers
    // A step of the weights as they are used.
    let adam = Adam(
      dense.flatMap { [$0.weight, $0.bias] }, rate: rate, beta1: 0.9, beta2: 0.99)
    adam.scales = dense.flatMap { [1 / $0.weightGain, 1 / $0.biasGain] }
    for step in 0..<steps {
      adam.rate = rate * (1 - Double(step) / Double(steps))
      let rows = (0..<batch).map { _ in heldOut + random.below(pairs.count - heldOut) }
      let error = mapping(pairs.z.rows(rows, on: device)) - pairs.w.rows(rows, on: device)
      adam.minimize(error.squared.mean)
      progress(step + 1)
    }
    mapping.wAverage.assign(.values(pairs.w.means, [pairs.w.width], on: device))
    let file = NumPy.npz(mapping.folded)
    try AtomicFile.write(file.span.bytes, to: output)
    let rows = Array(0..<heldOut)
    let seen = Torch.withoutGradients { mapping(pairs.z.rows(rows, on: device)) }
    let truth = pairs.w.rows(rows, on: device)
    let spread = (truth - truth.mean(over: [0], keepingAxes: true)).squared.mean
    return 1 - (seen - truth).squared.mean.item / spread.item
  }

  /// Rows of numbers.
  private struct Table {
    let width: Int
    let values: [Float]

    init(_ file: CheckpointFile, _ name: String, path: String) throws(ObverseError) {
      guard let tensor = file.tensors.first(where: { $0.name == name })?.tensor else {
        throw ObverseError.missingTensor(name).inFile(path)
      }
      guard tensor.shape.count == 2, tensor.shape[0] > 0, tensor.shape[1] > 0 else {
        throw ObverseError.shape(
          tensor: name, expected: [tensor.shape.first ?? 0, 1], found: tensor.shape,
          why: "a row for each picture asks for"
        ).inFile(path)
      }
      (width, values) = (tensor.shape[1], tensor.floats)
    }

    var count: Int { values.count / width }

    func rows(_ rows: [Int], on device: Device) -> Tensor {
      .values(
        rows.flatMap { values[$0 * width..<($0 + 1) * width] }, [rows.count, width], on: device)
    }

    var means: [Float] {
      var sums = [Double](repeating: 0, count: width)
      for (i, value) in values.enumerated() { sums[i % width] += Double(value) }
      return sums.map { Float($0 / Double(count)) }
    }
  }

  private struct Tables {
    let z, w: Table
    var count: Int { w.count }

    init(_ path: String) throws(ObverseError) {
      let file = try CheckpointFile.open(path)
      z = try Table(file, "z", path: path)
      w = try Table(file, "w", path: path)
      guard z.count == w.count else {
        throw ObverseError.shape(
          tensor: "z", expected: [w.count, z.width], found: [z.count, z.width], why: "w asks for"
        ).inFile(path)
      }
    }
  }
}
