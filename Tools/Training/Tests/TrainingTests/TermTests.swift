import Testing

import Networks
import Torch

@testable import Training

/// Terms of other methods and their gradients against PyTorch's; Reference/baselines.py made the numbers.
@Suite(.serialized)
struct TermTests {
  let reference: LossReference
  let networks: LossReference
  let generator: Generator

  init() throws {
    reference = try LossReference("baselines")
    networks = try LossReference("losses")
    generator = try networks.generator()
    Torch.threads = 1
  }

  func tensor(_ name: String) throws -> Tensor { try reference.tensor(name) }

  var ws: Tensor {
    get throws { generator.broadcast(generator.mapping(try networks.tensor("z"))) }
  }

  func check(_ name: String, _ loss: Tensor) throws {
    try reference.check(name, loss, generator.registry.parameters, "G.")
  }

  @Test func maskedPixelsAgree() throws {
    let terms = ImageTerms(pixelWeight: 3, perceptualWeight: 0, lpips: nil, parser: nil)
    let images = generator.synthesis(try ws, noise: .stored)
    let found = terms.terms(
      student: images, teacher: try tensor("theirs"), mask: try tensor("mask"))
    #expect(found.map(\.weight) == [3])
    try check("pixel", found[0].value)
    let whole = terms.terms(student: images, teacher: try tensor("theirs"))
    #expect(whole[0].value.item > 1.5 * found[0].value.item)
  }

  @Test func relationsAgree() throws {
    let (ws, shift) = (try ws, try tensor("shift"))
    var features: Tensor?
    _ = generator.synthesis(
      .concatenated([ws, ws + shift.reshaped([4, 1, 10])], axis: 0), noise: .stored
    ) { side, x in if side == 16 { features = x } }
    try check(
      "relation",
      StyleKD.relation(student: try #require(features), teacher: try tensor("maps")))
  }

  /// Up to its sign each direction is the eigenvector; they come by their weight.
  @Test func directionsAreEigenvectors() throws {
    let (found, expected) = (StyleKD.directions(of: generator), try tensor("directions"))
    #expect(found.shape == [10, 10])
    for (i, cosine) in (found * expected).sum(over: [1]).floats.enumerated() {
      #expect(abs(abs(cosine) - 1) < 1e-4, "direction \(i)")
    }
  }

  /// The second half of a shifted batch has the w of the first and more; images are the first half's.
  @Test func shiftsDoubleTheBatch() throws {
    var random = SplitMix64(seed: 1, stream: 0)
    var latents = Latents(3, generator.shape, mixing: 1, &random, on: .cpu)
    let plain = latents.ws(of: generator)
    let method = StyleKD(
      teacher: generator,
      imageTerms: ImageTerms(pixelWeight: 3, perceptualWeight: 3, lpips: nil, parser: nil),
      weight: 30)
    method.prepare(&latents, &random)
    let drawing = Drawing(latents, by: generator)
    #expect(drawing.images.shape == [3, 3, 16, 16])
    #expect(drawing.features[16]?.shape[0] == 6)
    #expect(largestDifference(drawing.ws.slice(axis: 0, 0..<3), plain) == 0)
    let shifts = (drawing.ws.slice(axis: 0, 3..<6) - plain).element(axis: 1, 2)
    #expect(largestDifference(shifts, try #require(latents.shifts)) < 1e-5)
    #expect(latents.prefix(2).ws(of: generator).shape[0] == 2)
    let terms = method.generatorTerms(drawing)
    #expect(terms.map(\.name) == ["pixel", "relation"])
    #expect(terms.map(\.weight) == [3, 30])
  }

  @Test func sparsityAgrees() throws {
    try check("sparsity", GANSlimming.sparsity(generator, try ws))
  }

  /// Content and Gram terms, and their gradient in the projection too.
  @Test(arguments: ["content", "gram"])
  func mapsAgree(name: String) throws {
    let projection = try tensor("projection")
    projection.setRequiresGradient()
    var features: Tensor?
    let images = generator.synthesis(try ws, noise: .stored) { side, x in
      if side == 8 { features = x }
    }
    let seen = try networks.discriminator().features(images, side: 4)
    let pairs = [
      (try #require(features).convolved(projection), try tensor("map8")),
      (seen, try tensor("map4")),
    ]
    let compared = name == "gram" ? pairs.map { (gram($0.0), gram($0.1)) } : pairs
    try reference.check(
      name, GCC.content(compared),
      generator.registry.parameters + [("projection", projection)], "G.")
  }

  /// The losses through closed and open gates, in weights and gates.
  @Test func gatesAgree() throws {
    let discriminator = try networks.discriminator(hasGates: true)
    let gates = try #require(discriminator.gates)
    try reference.load(gates, "gates.")
    let images = generator.synthesis(try ws, noise: .stored).detached
    let parameters = discriminator.registry.parameters + gates.registry.parameters
    let loss = Losses.discriminator(
      fakeScores: discriminator(images), realScores: discriminator(try networks.tensor("real")))
    try reference.check("gated", loss, parameters, "D.")
    let balance = GCC.gateLoss(discriminator(images), balance: .full(0.4, []))
    try reference.check("balance", balance, parameters, "D.")
  }

  /// A step moves gates by their own loss too, weights by theirs alone, and keeps gates in 0...1.
  @Test func gatesMoveByThemselves() throws {
    func stepped(_ hasGateLoss: Bool) throws -> Discriminator {
      let discriminator = try networks.discriminator(hasGates: true)
      let gates = try #require(discriminator.gates)
      let opponent = Trainer.Opponent(
        name: "D", network: discriminator,
        adam: Adam(discriminator.parameters, rate: 0.01, beta1: 0, beta2: 0.99),
        gateAdam: Adam(gates.parameters, rate: 0.01, beta1: 0, beta2: 0.99))
      let scores = discriminator(try networks.tensor("real"))
      let loss = scores.mean
      opponent.minimize(loss, ofGates: hasGateLoss ? loss - scores.sum : nil)
      return discriminator
    }
    let (plain, gated) = (try stepped(false), try stepped(true))
    #expect(plain.fingerprint == gated.fingerprint)
    #expect(plain.fingerprint != (try networks.discriminator().fingerprint))
    let values = try [plain, gated].map { try #require($0.gates).parameters.flatMap(\.floats) }
    #expect(values[0] != values[1])
    #expect(values.joined().allSatisfy { (0...1).contains($0) })
    #expect(values.joined().contains { $0 < 1 })
  }

  /// The energy model with its sampling, its power iterations and one branch with each bound.
  @Test func energyAgrees() throws {
    let energy = EnergyModel(resolution: 8, width: 4)
    try reference.load(energy, "E.")
    let (teacher, student) = (try tensor("teacher8"), try tensor("student8"))
    Torch.seed(21)
    let loss = ITGC.loss(energy, teacher: teacher, student: student)
    try reference.check("energy", loss, energy.registry.parameters, "E.")
    for (name, vector) in energy.registry.buffers {
      #expect(largestDifference(vector, try tensor("E_after.\(name)")) < 1e-5, "\(name)")
    }
    student.setRequiresGradient()
    Torch.seed(22)
    let gap = ITGC.gap(energy, teacher: teacher, student: student)
    try reference.check(
      "information", gap.real.mean - gap.sampled.mean, [("student8", student)], "")
  }
}
