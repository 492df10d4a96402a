import Core
import Torch

/// A small network that is trained on the faces alone, to measure with what no loss has seen.
///
/// Three to five convolutions that halve the size, the mean of each channel, and in training two
/// dense layers behind them.
public final class Judge: FeatureNetwork, Network {
  public let kind = FeatureKind.judge
  public let width = 128
  public var preparation: String { "averaged to \(size)x\(size), range -1 to 1" }
  public private(set) var fileHash = ""
  public let registry: Registry
  /// Side of the images that it was trained on.
  public let size: Int
  private let convs: [(weight: Tensor, bias: Tensor)]
  private let dense: [(weight: Tensor, bias: Tensor)]

  public init(size: Int, device: Device) {
    self.size = size
    let registry = Registry(device: device)
    self.registry = registry
    let count = min(max(size.trailingZeroBitCount - 2, 2), 5)
    var input = 3
    convs = (0..<count).map { i in
      let output = i == count - 1 ? 128 : min(32 << i, 128)
      let gain = (2 / Double(input * 9)).squareRoot()
      let weight = registry.parameter(
        "conv\(i).weight", Tensor.normal([output, input, 3, 3]) * gain)
      input = output
      return (weight, registry.parameter("conv\(i).bias", .zeros([output])))
    }
    dense = [(128, 128), (128, 64)].enumerated().map { i, sizes in
      let gain = (2 / Double(sizes.0)).squareRoot()
      let weight = registry.parameter(
        "dense\(i).weight", Tensor.normal([sizes.1, sizes.0]) * gain)
      return (weight, registry.parameter("dense\(i).bias", .zeros([sizes.1])))
    }
    registry.constant("size", .full(Double(size), []))
  }

  convenience init(_ weights: FrozenWeights) throws(ObverseError) {
    let size = Int(try weights.tensor("size", []).item)
    guard (8...1024).contains(size), size.nonzeroBitCount == 1 else {
      throw .malformed(what: "tensor size", why: "it is \(size), no power of two from 8 to 1024")
    }
    self.init(size: size, device: weights.device)
    for entry in registry.parameters {
      entry.tensor.assign(try weights.tensor(entry.name, entry.tensor.shape))
    }
    fileHash = weights.fileHash
  }

  public func callAsFunction(_ images: Tensor) -> Tensor {
    var x = images
    if x.shape[2] > size { x = x.averagePooled(x.shape[2] / size) }
    for (weight, bias) in convs {
      // Normalized image by image, so that brightness alone tells little.
      let y = x.convolved(weight, padding: 1) + bias.overPixels
      let centred = y - y.mean(over: [1, 2, 3], keepingAxes: true)
      let spread = centred.squared.mean(over: [1, 2, 3], keepingAxes: true) + 1e-5
      x = (centred * spread.reciprocalSquareRoot).leakyReLU(slope: 0.1).averagePooled(2)
    }
    return x.mean(over: [2, 3])
  }

  /// Features as the contrast of training sees them, of unit length: `[N, 64]`.
  public func projected(_ images: Tensor) -> Tensor {
    var x = self(images).linear(dense[0].weight, bias: dense[0].bias).relu
    x = x.linear(dense[1].weight, bias: dense[1].bias)
    return x * (x.squared.sum(over: [1], keepingAxes: true) + 1e-8).reciprocalSquareRoot
  }
}
