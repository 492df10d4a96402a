// The paired start is ours and not the papers': images that a generator has drawn come with their w,
// so that a new one can begin by drawing the same picture for the same w.

import Checkpoint
import Core
import Networks
import Torch

/// Where a paired start takes its latents from, and how long it lasts.
public struct PairedStart: Codable, Equatable, Sendable {
  /// `.npy`, float32 `[images, wDim]`: one w for each file of the data, in the order of names; nil
  /// where the data has them beside its pictures.
  public var w: String?
  /// `.npz` of the source's mapping, every gain folded: `fc0_weight`, `fc0_bias`, …, `w_avg`; nil
  /// where the generator begins with it.
  public var mapping: String?
  /// Thousands of images that are learned by regression before the discriminator plays.
  public var kimg: Double
  /// The truncation that `w` went through; it is undone.
  public var psi = 1.0
  /// Compares squares of differences instead of magnitudes; nil for magnitudes.
  public var squared: Bool?
  /// EfficientNet-Lite0's file: its features are compared beside the pixels.
  public var features: String?
  /// The weight of an adversarial loss beside a regression that goes on to the end; nil ends the
  /// regression after `kimg`, and the discriminator plays alone.
  public var adversarial: Double?
  /// Side of the random parts of pictures whose features are compared; nil compares whole pictures,
  /// averaged down to 64 px.
  public var crop: Int?
  /// The weight of the maps that the discriminator makes of drawn and real pictures, once it plays.
  public var matching: Double?

  public init(
    w: String? = nil, mapping: String? = nil, kimg: Double, psi: Double = 1,
    features: String? = nil, adversarial: Double? = nil
  ) {
    self.w = w
    self.mapping = mapping
    self.kimg = kimg
    self.psi = psi
    self.features = features
    self.adversarial = adversarial
  }
}

/// One w for each listed image, before truncation, from a file of its own.
struct Pairs {
  private let values: [Float]
  private let wDim: Int

  /// Reads the latents.
  ///
  /// - Parameters:
  ///   - start: The truncation to undo.
  ///   - path: The file.
  ///   - wAverage: The centre of that truncation.
  ///   - listed: Files of the data, those that could not be read among them.
  /// - Throws: `shape`, `missingTensor`, and what opening says.
  init(
    _ start: PairedStart, path: String, wAverage: [Float], listed: Int
  ) throws(ObverseError) {
    let file = try CheckpointFile.open(path)
    guard
      let array = (file.tensors.first { $0.name == "w" } ?? file.tensors.first)?.tensor
    else { throw .missingTensor("array") }
    guard array.shape == [listed, wAverage.count] else {
      throw ObverseError.shape(
        tensor: "w", expected: [listed, wAverage.count], found: array.shape,
        why: "images and mapping ask for"
      ).inFile(path)
    }
    wDim = wAverage.count
    let stored = array.floats
    let scale = Float(1 / start.psi)
    values = stored.indices.map { i in
      let centre = wAverage[i % wAverage.count]
      return centre + scale * (stored[i] - centre)
    }
  }

  /// `[N, wDim]`.
  func batch(_ listed: [Int], on device: Device) -> Tensor {
    .values(
      listed.flatMap { values[$0 * wDim..<($0 + 1) * wDim] }, [listed.count, wDim], on: device)
  }
}

extension Mapping {
  /// Its arrays, with gains folded into weights and biases.
  var folded: [(name: String, shape: [Int], floats: [Float])] {
    var arrays: [(name: String, shape: [Int], floats: [Float])] = []
    for (i, layer) in denseLayers.enumerated() {
      let (weight, bias) = (layer.weight.detached, layer.bias.detached)
      arrays.append(("fc\(i)_weight", weight.shape, (weight * layer.weightGain).floats))
      arrays.append(("fc\(i)_bias", bias.shape, (bias * layer.biasGain).floats))
    }
    return arrays + [("w_avg", wAverage.shape, wAverage.floats)]
  }

  /// Takes a mapping whose gains are folded into its weights.
  ///
  /// - Throws: `missingTensor`, `shape`, each in the file.
  func load(folded path: String) throws(ObverseError) {
    let file = try CheckpointFile.open(path)
    func take(_ name: String, into target: Tensor, divisor: Double) throws(ObverseError) {
      guard let source = file.tensors.first(where: { $0.name == name })?.tensor else {
        throw ObverseError.missingTensor(name).inFile(path)
      }
      guard source.shape == target.shape else {
        throw ObverseError.shape(
          tensor: name, expected: target.shape, found: source.shape, why: "the settings say"
        ).inFile(path)
      }
      target.assign(.values(source.floats, source.shape) * (1 / divisor))
    }
    for (i, layer) in denseLayers.enumerated() {
      try take("fc\(i)_weight", into: layer.weight, divisor: layer.weightGain)
      try take("fc\(i)_bias", into: layer.bias, divisor: layer.biasGain)
    }
    try take("w_avg", into: wAverage, divisor: 1)
  }
}
