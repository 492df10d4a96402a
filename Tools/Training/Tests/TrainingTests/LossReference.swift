import Checkpoint
import Foundation
import Testing

import Networks
import Torch

@testable import Training

/// What PyTorch computed in float64: a file of Reference.
struct LossReference {
  private let file: CheckpointFile
  private var tensors: [String: StoredTensor] = [:]

  static func path(_ name: String) -> String {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    return folder.appending(path: "Reference/\(name).safetensors").path(percentEncoded: false)
  }

  init(_ name: String) throws {
    file = try CheckpointFile.open(Self.path(name))
    for (name, tensor) in file.tensors { tensors[name] = tensor }
  }

  func tensor(_ name: String) throws -> Tensor {
    let stored = try #require(tensors[name], "\(name)")
    return .values(stored.floats, stored.shape)
  }

  func load(_ network: any Network, _ prefix: String) throws {
    try network.load(file, prefix: prefix)
  }

  /// The generator of losses.safetensors.
  func generator() throws -> Generator {
    let generator = Generator(try GeneratorShape(file, prefix: "G."))
    try load(generator, "G.")
    return generator
  }

  /// The discriminator of losses.safetensors.
  func discriminator(hasGates: Bool = false) throws -> Discriminator {
    let shape = DiscriminatorShape(widths: [5, 6, 4], groupSize: 2)
    let discriminator = Discriminator(shape, hasGates: hasGates)
    try load(discriminator, "D.")
    return discriminator
  }

  /// Compares a loss to 1e-5 and each gradient to 1e-4 of its length.
  ///
  /// Float32 sums of some hundred terms stay well below; a wrong gain or sign does not.
  func check(
    _ name: String, _ loss: Tensor, _ parameters: [Registry.Entry], _ prefix: String
  ) throws {
    let expected = try tensor("loss.\(name)").item
    #expect(abs(loss.item / expected - 1) < 1e-5)
    let gradients = Tensor.gradients(of: loss, with: parameters.map(\.tensor))
    for (entry, gradient) in zip(parameters, gradients) {
      let expected = try tensor("grad.\(name).\(prefix)\(entry.name)").floats
      let found = gradient?.floats ?? [Float](repeating: 0, count: expected.count)
      var (difference, length) = (0.0, 0.0)
      for (a, b) in zip(found, expected) {
        difference += Double(a - b) * Double(a - b)
        length += Double(b) * Double(b)
      }
      #expect(
        difference.squareRoot() <= 1e-4 * length.squareRoot() + 1e-7, "\(name) \(entry.name)")
    }
  }
}

extension Drawing {
  /// Images that are there already.
  init(_ latents: Latents, images: Tensor) {
    self.init(latents: latents, ws: images, images: images, features: [:])
  }
}
