import Core
import Torch

/// DINO's ResNet-50 up to its pooled features.
///
/// Source: Caron et al. 2021, arXiv:2104.14294; the file is the authors' `dino_resnet50_pretrain`,
/// names are torchvision's.
public final class DINOResNet50: FeatureNetwork {
  public let kind = FeatureKind.dinoResNet50
  public let width = 2048
  public let preparation: String
  public let fileHash: String

  private struct Bottleneck {
    let conv1: FrozenConv
    let conv2: FrozenConv
    let conv3: FrozenConv
    let downsample: FrozenConv?

    func callAsFunction(_ x: Tensor) -> Tensor {
      let y = conv3(conv2(conv1(x).relu, padding: 1).relu)
      return (y + (downsample.map { $0(x) } ?? x)).relu
    }
  }

  private let stem: FrozenConv
  private let blocks: [Bottleneck]
  private let scale: ColourScale?

  init(_ weights: FrozenWeights, normalizes: Bool) throws(ObverseError) {
    fileHash = weights.fileHash
    scale = normalizes ? .imageNet(on: weights.device) : nil
    preparation =
      "bilinear to 256x256, " + (normalizes ? "ImageNet's mean and deviation" : "range -1 to 1")
    func conv(
      _ name: String, _ norm: String, _ shape: [Int], stride: Int = 1
    ) throws(ObverseError) -> FrozenConv {
      try weights.conv(name, norm: norm, shape, epsilon: 1e-5, stride: stride)
    }
    stem = try conv("conv1", "bn1", [64, 3, 7, 7], stride: 2)
    var blocks: [Bottleneck] = []
    var input = 64
    for (stage, count) in [3, 4, 6, 3].enumerated() {
      let narrow = 64 << stage
      for i in 0..<count {
        let name = "layer\(stage + 1).\(i)"
        let stride = i == 0 && stage > 0 ? 2 : 1
        blocks.append(
          Bottleneck(
            conv1: try conv("\(name).conv1", "\(name).bn1", [narrow, input, 1, 1]),
            conv2: try conv(
              "\(name).conv2", "\(name).bn2", [narrow, narrow, 3, 3], stride: stride),
            conv3: try conv("\(name).conv3", "\(name).bn3", [4 * narrow, narrow, 1, 1]),
            downsample: i > 0
              ? nil
              : try conv(
                "\(name).downsample.0", "\(name).downsample.1", [4 * narrow, input, 1, 1],
                stride: stride)))
        input = 4 * narrow
      }
    }
    self.blocks = blocks
  }

  public func callAsFunction(_ images: Tensor) -> Tensor {
    var x = images.resized(to: 256)
    if let scale { x = scale(x) }
    x = stem(x, padding: 3).relu.maxPooled(3, stride: 2, padding: 1)
    for block in blocks { x = block(x) }
    return x.mean(over: [2, 3])
  }
}
