import Core
import Torch

/// The convolutions of VGG16.
///
/// Source: Simonyan and Zisserman 2015, arXiv:1409.1556; names are torchvision's, with `features.`
/// before them.
public final class VGG16 {
  /// Places in torchvision's list and outputs of each stage's convolutions.
  private static let stages: [(places: [Int], width: Int)] = [
    ([0, 2], 64), ([5, 7], 128), ([10, 12, 14], 256), ([17, 19, 21], 512), ([24, 26, 28], 512),
  ]
  private let stages: [[FrozenConv]]
  /// SHA-256 of the file.
  public let fileHash: String

  init(_ weights: FrozenWeights) throws(ObverseError) {
    var stages: [[FrozenConv]] = []
    var input = 3
    for (places, width) in Self.stages {
      var convs: [FrozenConv] = []
      for place in places {
        let name = "features.\(place)"
        convs.append(
          FrozenConv(
            weight: try weights.tensor("\(name).weight", [width, input, 3, 3]),
            bias: try weights.tensor("\(name).bias", [width]).overPixels, stride: 1, groups: 1))
        input = width
      }
      stages.append(convs)
    }
    self.stages = stages
    fileHash = weights.fileHash
  }

  /// Reads torchvision's file.
  /// - Throws: `missingTensor`, `shape`, and what opening says.
  public convenience init(_ path: String, on device: Device) throws(ObverseError) {
    let weights = try FrozenWeights(path, on: device)
    do throws(ObverseError) { try self.init(weights) } catch { throw error.inFile(path) }
  }

  /// The last maps of the first stages: relu1_2, relu2_2, relu3_3, relu4_3, relu5_3.
  ///
  /// - Parameters:
  ///   - images: `[N, 3, S, S]` in whatever range, sides from 16.
  ///   - count: Stages, up to five.
  /// - Returns: `[N, C, S / 2^i, S / 2^i]` of stage i, counted from 0.
  public func maps(_ images: Tensor, stages count: Int = 5) -> [Tensor] {
    var x = images
    var maps: [Tensor] = []
    for (i, stage) in stages.prefix(count).enumerated() {
      if i > 0 { x = x.maxPooled(2, stride: 2) }
      for conv in stage { x = conv(x, padding: 1).relu }
      maps.append(x)
    }
    return maps
  }
}
