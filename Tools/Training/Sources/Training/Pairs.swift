// The paired start is ours and not the papers': images that a generator has drawn come with their w,
// so that a new one can begin by drawing the same picture for the same w.

import Checkpoint
import Core
import Networks
import Torch

/// Where a paired start takes its latents from, and how long it lasts.
public struct PairedStart: Codable, Equatable, Sendable {
  /// `.npy`, float32 `[images, wDim]`: one w for each file of the data, in the order of names.
  public var w: String
  /// `.npz` of the source's mapping, every gain folded: `fc0_weight`, `fc0_bias`, …, `w_avg`.
  public var mapping: String
  /// Thousands of images that are learned by regression before the discriminator plays.
  public var kimg: Double
  /// The truncation that `w` went through; it is undone.
  public var psi = 1.0
  /// EfficientNet-Lite0's file: its features are compared beside the pixels.
  public var features: String?
  /// The weight of an adversarial loss beside a regression that goes on to the end; nil ends the
  /// regression after `kimg`, and the discriminator plays alone.
  public var adversarial: Double?

  public init(
    w: String, mapping: String, kimg: Double, psi: Double = 1, features: String? = nil,
    adversarial: Double? = nil
  ) {
    self.w = w
    self.mapping = mapping
    self.kimg = kimg
    self.psi = psi
    self.features = features
    self.adversarial = adversarial
  }
}

/// One w for each listed image, before truncation.
struct Pairs {
  private let values: [Float]
  private let wDim: Int

  /// Reads the latents.
  ///
  /// - Parameters:
  ///   - start: Names the file, and the truncation to undo.
  ///   - wAverage: The centre of that truncation.
  ///   - listed: Files of the data, those that could not be read among them.
  /// - Throws: `shape`, `missingTensor`, and what opening says.
  init(_ start: PairedStart, wAverage: [Float], listed: Int) throws(ObverseError) {
    let file = try CheckpointFile.open(start.w)
    guard let array = file.tensors.first?.tensor else { throw .missingTensor("array") }
    guard array.shape == [listed, wAverage.count] else {
      throw ObverseError.shape(
        tensor: "w", expected: [listed, wAverage.count], found: array.shape,
        why: "images and mapping ask for"
      ).inFile(start.w)
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

extension Trainer {
  /// Draws the pictures of known w without noise, and moves them towards the real ones.
  ///
  /// Blurred answers are the best that a regression finds; a discriminator does not let them pass.
  ///
  /// - Parameters:
  ///   - pairs: The w of each image.
  ///   - adversarial: The weight of the adversarial loss; nil leaves the discriminator out.
  ///   - losses: Receives what was found.
  /// - Throws: What reading the data says.
  func regress(
    _ pairs: Pairs, adversarial: Double?, _ losses: inout Losses
  ) throws(ObverseError) {
    // Unmirrored: the mirrored picture has another w.
    let indices = positions.map { order.image(at: $0) }
    let real = try data.batch(
      indices, mirrored: indices.map { _ in false }, on: device)
    let w = pairs.batch(indices.map { data.readable[$0] }, on: device)
    let (drawn, loss) = Torch.withBFloat16(usesBFloat16) {
      let drawn = generator.synthesis(generator.broadcast(w), noise: .none)
      let pixels = Training.Losses.regression(drawn, real)
      losses.add("regression", pixels)
      var loss = pixels * 2
      if let pairEye {
        let features = Training.Losses.features(drawn, real, pairEye)
        losses.add("regression_features", features)
        loss = loss + features
      }
      if let adversarial {
        let played = Training.Losses.generator(opponents[0].scores(drawn))
        losses.add("loss_g", played)
        loss = loss + played * adversarial
      }
      return (drawn, loss)
    }
    generatorAdam.minimize(loss)
    guard adversarial != nil else { return }
    trainDiscriminators(real: real, fake: drawn.detached, nil, &losses)
  }
}
