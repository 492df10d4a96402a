import Checkpoint
import Foundation
import Testing

import Networks
import Torch

@testable import Training

/// Each loss and its gradient against PyTorch's in float64; Reference/losses.py made the numbers.
@Suite(.serialized)
struct LossTests {
  let reference: [String: StoredTensor]
  let generator: Generator
  let discriminator: Discriminator

  init() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    let path = folder.appending(path: "Reference/losses.safetensors").path(percentEncoded: false)
    let file = try CheckpointFile.open(path)
    var reference: [String: StoredTensor] = [:]
    for (name, tensor) in file.tensors { reference[name] = tensor }
    self.reference = reference
    generator = Generator(try GeneratorShape(file, prefix: "G."))
    try generator.load(file, prefix: "G.")
    discriminator = Discriminator(DiscriminatorShape(widths: [6, 5, 4], groupSize: 2))
    try discriminator.load(file, prefix: "D.")
    Torch.threads = 1
  }

  func tensor(_ name: String) throws -> Tensor {
    let stored = try #require(reference[name])
    return .values(stored.floats, stored.shape)
  }

  /// Compares a loss to 1e-5 and each gradient to 1e-4 of its length.
  ///
  /// Float32 sums of some hundred terms stay well below; a wrong gain or sign does not.
  func check(_ name: String, _ loss: Tensor, _ network: any Network, _ prefix: String) throws {
    let expected = try tensor("loss.\(name)").item
    #expect(abs(loss.item / expected - 1) < 1e-5)
    let gradients = Tensor.gradients(of: loss, with: network.parameters)
    for (entry, gradient) in zip(network.registry.parameters, gradients) {
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

  var ws: Tensor {
    get throws { generator.broadcast(generator.mapping(try tensor("z"))) }
  }

  @Test func networksAgree() throws {
    let image = Torch.withoutGradients { try? generator(tensor("z")) }
    #expect(largestDifference(try #require(image), try tensor("image")) < 1e-5)
    let scores = discriminator(try tensor("real"))
    #expect(largestDifference(scores, try tensor("scores")) < 1e-5)
  }

  @Test func generatorLossAgrees() throws {
    let images = generator.synthesis(try ws, noise: .stored)
    try check("generator", Losses.generator(discriminator(images)), generator, "G.")
  }

  @Test func discriminatorLossAgrees() throws {
    let fake = generator.synthesis(try ws, noise: .stored).detached
    let loss = Losses.discriminator(
      fakeScores: discriminator(fake), realScores: discriminator(try tensor("real")))
    try check("discriminator", loss, discriminator, "D.")
  }

  @Test func r1Agrees() throws {
    try check("r1", Losses.r1(discriminator, try tensor("real")), discriminator, "D.")
  }

  @Test func pathLengthAgrees() throws {
    let mean = Tensor.full(0.3, [])
    let ws = try ws
    let loss = Losses.pathLength(
      generator.synthesis(ws, noise: .stored), ws, directions: try tensor("directions"),
      mean: mean)
    try check("path", loss, generator, "G.")
    #expect(abs(mean.item / (try tensor("path_mean").item) - 1) < 1e-5)
  }
}
