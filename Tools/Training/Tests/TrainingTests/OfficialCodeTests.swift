import Testing

import Networks
import Torch

@testable import Training

/// Gradients of every phase of NICKEL & DiME at 256 px against those of the authors' own loss class;
/// Reference/official.py made the numbers.
@Suite(.serialized)
struct OfficialCodeTests {
  let reference: LossReference
  let student: Generator
  let teacher: Generator
  let own: Discriminator
  let theirs: Discriminator
  let real: Tensor

  init() throws {
    Torch.threads = 1
    reference = try LossReference("official")
    func shape(_ width: Int) -> GeneratorShape {
      let widths = [Int](repeating: width, count: 14)
      return GeneratorShape(zDim: 16, wDim: 16, mappingLayers: 2, widths: widths)
    }
    let opponent = DiscriminatorShape(widths: [Int](repeating: 8, count: 7), groupSize: 4)
    (student, teacher) = (Generator(shape(4)), Generator(shape(8)))
    (own, theirs) = (Discriminator(opponent), Discriminator(opponent))
    real = Self.tiled(try reference.tensor("real"))
    try load(student, "S")
    try load(teacher, "T")
    try load(own, "D")
    try load(theirs, "DT")
  }

  private func load(_ network: any Network, _ prefix: String) throws {
    for (name, tensor) in network.registry.parameters {
      tensor.assign(try reference.tensor("\(prefix).\(name)"))
    }
  }

  /// Each number as a square of 32x32 pixels.
  private static func tiled(_ small: Tensor) -> Tensor {
    let (n, c) = (small.shape[0], small.shape[1])
    return small.reshaped([n, c, 8, 1, 8, 1]).expanded([n, c, 8, 32, 8, 32])
      .reshaped([n, c, 256, 256])
  }

  /// To 1e-4 of a gradient's length, or 1e-6 of the longest; both sides work in float32.
  private func check(
    _ phase: String, _ loss: Tensor, _ network: any Network, _ prefix: String
  ) throws {
    // Their networks lack noise here, so its strength does not count.
    let parameters = network.registry.parameters.filter { !$0.name.hasSuffix("noise_strength") }
    let found = Tensor.gradients(of: loss, with: parameters.map(\.tensor))
    let expected = try parameters.map { try reference.tensor("grad.\(phase).\(prefix).\($0.name)") }
    let lengths = expected.map { $0.squared.sum.item.squareRoot() }
    let longest = lengths.max() ?? 0
    #expect(longest > 0)
    for (i, gradient) in found.enumerated() {
      let gap = gradient.map { ($0 - expected[i]).squared.sum.item.squareRoot() } ?? lengths[i]
      #expect(gap <= 1e-4 * lengths[i] + 1e-6 * longest, "\(phase) \(prefix) \(parameters[i].name)")
    }
  }

  private func latents(_ n: Int) throws -> Latents {
    Latents(z: try reference.tensor("z").slice(axis: 0, 0..<n), second: nil, cutoff: 1)
  }

  @Test func generatorStepsAgree() throws {
    let eyes = try [("dino", 20.0), ("clip", 15.0)].map { name, weight in
      DiME.Eye(
        network: SmallEye(try reference.tensor(name), side: name == "clip" ? 224 : nil),
        weight: weight,
        moments: (
          try reference.tensor("global_\(name)_first"),
          try reference.tensor("global_\(name)_second")
        ))
    }
    let dime = DiME(eyes: eyes, distance: .absolute, group: 8, teacher: teacher)
    let drawing = Drawing(try latents(4), by: student)
    let adversarial =
      Losses.generator(own(drawing.images)) + Losses.generator(theirs(drawing.images))
    let loss = dime.generatorTerms(drawing).reduce(adversarial) { $0 + $1.value * $1.weight }
    try check("Gmain", loss, student, "S")
  }

  @Test func pathLengthsAgree() throws {
    let ws = try latents(2).ws(of: student)
    let penalty = Losses.pathLength(
      student.synthesis(ws, noise: .random), ws,
      directions: Self.tiled(try reference.tensor("directions")), mean: .zeros([]))
    try check("Greg", penalty * 2, student, "S")
  }

  @Test func discriminatorStepsAgree() throws {
    let latents = try latents(4)
    let fake = Drawing(latents, by: student).images.detached
    let nickel = try NICKEL(
      teacher: teacher, discriminator: own.shape, comparison: .haar, weight: 10)
    let terms = nickel.discriminatorTerms(latents, own)
    #expect(terms.count == 1)
    for (network, prefix) in [(own, "D"), (theirs, "DT")] {
      let loss = Losses.discriminator(fakeScores: network(fake), realScores: network(real))
      let more = prefix == "D" ? terms[0].value * terms[0].weight : .zeros([])
      try check("Dmain", loss + more, network, prefix)
    }
  }

  @Test func slopesAgree() throws {
    for (network, prefix) in [(own, "D"), (theirs, "DT")] {
      try check("Dreg", Losses.r1(network, real) * 0.5, network, prefix)
    }
  }
}
