import Core
import Torch

/// EfficientNet-Lite0 up to its pooled features.
///
/// Source: Tan and Le 2019, arXiv:1905.11946; the names are those of PyPI's
/// efficientnet-lite-pytorch. It wants images of -1 to 1, which is what generators draw.
public final class EfficientNetLite0: FeatureNetwork {
  public let kind = FeatureKind.efficientNetLite0
  public let width = 1280
  public let preparation = "bilinear to 224x224, range -1 to 1"
  public let fileHash: String

  /// An inverted bottleneck: widens, filters each channel, narrows.
  private struct Block {
    let expand: FrozenConv?
    let depthwise: FrozenConv
    let project: FrozenConv
    let hasShortcut: Bool

    func callAsFunction(_ x: Tensor) -> Tensor {
      let wide = expand.map { relu6($0(x)) } ?? x
      let y = project(relu6(depthwise.samePadded(wide)))
      return hasShortcut ? y + x : y
    }
  }

  /// Blocks, kernel, first stride, expansion and width of each stage.
  private static let stages = [
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192), (1, 3, 1, 6, 320),
  ]
  private let stem: FrozenConv
  private let stages: [[Block]]
  private let head: FrozenConv

  init(_ weights: FrozenWeights) throws(ObverseError) {
    func conv(
      _ name: String, _ norm: String, _ shape: [Int], stride: Int = 1, groups: Int = 1
    ) throws(ObverseError) -> FrozenConv {
      try weights.conv(
        name, norm: norm, shape, epsilon: 1e-3, stride: stride, groups: groups)
    }
    fileHash = weights.fileHash
    stem = try conv("_conv_stem", "_bn0", [32, 3, 3, 3], stride: 2)
    var (index, width) = (0, 32)
    var stages: [[Block]] = []
    for (count, kernel, stride, expansion, output) in Self.stages {
      var blocks: [Block] = []
      for i in 0..<count {
        let name = "_blocks.\(index)"
        let wide = width * expansion
        blocks.append(
          Block(
            expand: expansion == 1
              ? nil : try conv("\(name)._expand_conv", "\(name)._bn0", [wide, width, 1, 1]),
            depthwise: try conv(
              "\(name)._depthwise_conv", "\(name)._bn1", [wide, 1, kernel, kernel],
              stride: i == 0 ? stride : 1, groups: wide),
            project: try conv("\(name)._project_conv", "\(name)._bn2", [output, wide, 1, 1]),
            hasShortcut: i > 0))
        width = output
        index += 1
      }
      stages.append(blocks)
    }
    self.stages = stages
    head = try conv("_conv_head", "_bn1", [1280, 320, 1, 1])
  }

  /// Reads the authors' file.
  /// - Throws: `missingTensor`, `shape`, and what opening says.
  public convenience init(_ path: String, on device: Device) throws(ObverseError) {
    let weights = try FrozenWeights(path, on: device)
    do throws(ObverseError) { try self.init(weights) } catch { throw error.inFile(path) }
  }

  public func callAsFunction(_ images: Tensor) -> Tensor {
    var x = begin(images.resized(to: 224))
    for block in stages.joined() { x = block(x) }
    return relu6(head(x)).mean(over: [2, 3])
  }

  /// The first layer, from which on channels lie side by side.
  ///
  /// LibTorch then has less to put into another order on processors (Benchmarks/LOG.md).
  private func begin(_ images: Tensor) -> Tensor {
    relu6(stem.samePadded(images.channelsLast))
  }

  /// Outputs of stages 0, 2 and 4 (counted from 0), at the size that images have.
  public func maps(_ images: Tensor) -> [Tensor] {
    var x = begin(images)
    var maps: [Tensor] = []
    for (i, stage) in stages.prefix(5).enumerated() {
      for block in stage { x = block(x) }
      if i % 2 == 0 { maps.append(x) }
    }
    return maps
  }
}

private func relu6(_ x: Tensor) -> Tensor { x.clamped(to: 0...6) }
