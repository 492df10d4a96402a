import Testing

import Networks
import Torch

@testable import Training

/// Each loss and its gradient against PyTorch's in float64; Reference/losses.py made the numbers.
@Suite(.serialized)
struct LossTests {
  let reference: LossReference
  let generator: Generator
  let discriminator: Discriminator

  init() throws {
    reference = try LossReference("losses")
    generator = try reference.generator()
    discriminator = try reference.discriminator()
    Torch.threads = 1
  }

  func tensor(_ name: String) throws -> Tensor { try reference.tensor(name) }

  func check(_ name: String, _ loss: Tensor, _ network: any Network, _ prefix: String) throws {
    try reference.check(name, loss, network.registry.parameters, prefix)
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

  /// At full and at quarter size, where a pattern finer than four pixels is gone.
  @Test func regressionSeesTwoSizes() {
    let zero = Tensor.zeros([1, 3, 16, 16])
    let even = Tensor.full(0.5, [1, 3, 16, 16])
    let fine = Tensor.values((0..<768).map { $0 % 2 == 0 ? 0.5 : -0.5 }, [1, 3, 16, 16])
    for squared in [false, true] {
      #expect(Losses.regression(zero, even, squared: squared).item == 1)
      #expect(Losses.regression(zero, fine, squared: squared).item == 0.5)
      #expect(Losses.regression(zero, even * 2, squared: squared).item == (squared ? 4 : 2))
    }
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

  @Test(arguments: [
    ("nickel", DistilSettings.NickelTransform.haar), ("nickel_plain", .plain),
  ])
  func nickelAgrees(name: String, transform: DistilSettings.NickelTransform) throws {
    var features: Tensor?
    let images = Torch.withoutGradients {
      (try? ws).map { ws in
        generator.synthesis(ws, noise: .stored) { side, x in if side == 4 { features = x } }
      }
    }
    let loss = NICKEL.distance(
      discriminator.features(try #require(images), side: 4), try #require(features), transform)
    try check(name, loss, discriminator, "D.")
  }

  /// Three levels, and each of them counts.
  @Test func haarAgrees() throws {
    let (a, b) = (try tensor("maps_a"), try tensor("maps_b"))
    a.setRequiresGradient()
    let loss = NICKEL.distance(a, b, .haar)
    #expect(abs(loss.item / (try tensor("loss.maps").item) - 1) < 1e-5)
    let gradient = try #require(Tensor.gradients(of: loss, with: [a])[0])
    #expect(largestDifference(gradient, try tensor("grad.maps.a")) < 1e-6)
    #expect(Haar.highBands(a, levels: 3).map(\.shape) == [16, 8, 4].map { [2, 3, 3, $0, $0] })
  }

  @Test(arguments: [("dime", DistilSettings.MomentDistance.absolute), ("dime_squared", .squared)])
  func dimeAgrees(name: String, distance: DistilSettings.MomentDistance) throws {
    let eye = SmallEye(try tensor("eye"))
    let moments = (try tensor("eye_first"), try tensor("eye_second"))
    let dime = DiME(
      eyes: [DiME.Eye(network: eye, weight: 3, moments: moments)], distance: distance, group: 2,
      teacher: generator)
    var random = SplitMix64(seed: 0, stream: 0)
    let latents = Latents(4, generator.shape, mixing: 0, &random, on: .cpu)
    let drawing = Drawing(latents, images: generator.synthesis(try ws, noise: .stored))
    let terms = dime.generatorTerms(drawing)
    #expect(terms.map(\.weight) == [3, 3])
    try check(name, terms[0].value + terms[1].value, generator, "G.")
  }

  /// A teacher that draws the student's own images leaves nothing to learn, unless groups differ.
  @Test func batchMomentsComeFromTheSameLatents() throws {
    let eye = SmallEye(try tensor("eye"))
    // Without noise the teacher repeats the student's images.
    for entry in generator.registry.parameters where entry.name.hasSuffix("noise_strength") {
      entry.tensor.assign(.zeros([]))
    }
    let dime = DiME(
      eyes: [DiME.Eye(network: eye, weight: 1, moments: nil)], distance: .absolute, group: 2,
      teacher: generator)
    var random = SplitMix64(seed: 0, stream: 0)
    let latents = Latents(4, generator.shape, mixing: 1, &random, on: .cpu)
    let drawing = Drawing(latents, by: generator)
    let terms = dime.generatorTerms(drawing)
    #expect(terms.allSatisfy { $0.value.item < 1e-6 })
    let others = Latents(4, generator.shape, mixing: 1, &random, on: .cpu)
    let mixed = Drawing(others, images: drawing.images)
    #expect(dime.generatorTerms(mixed)[0].value.item > 1e-3)
  }
}

/// The small network of Reference/losses.py.
final class SmallEye: FeatureNetwork {
  let kind = FeatureKind.dinoResNet50
  let width = 7
  let preparation = "none"
  let fileHash = ""
  private let weight: Tensor
  /// What images are resized to first.
  private let side: Int?

  init(_ weight: Tensor, side: Int? = nil) { (self.weight, self.side) = (weight, side) }

  func callAsFunction(_ images: Tensor) -> Tensor {
    (side.map { images.resized(to: $0) } ?? images).convolved(weight, stride: 2, padding: 1)
      .softplus.mean(over: [2, 3])
  }
}
