import Core
import Testing

import Networks
import Torch

@testable import Training

/// Scores of channels against plain loops, and against Reference/baselines.py.
@Suite(.serialized)
struct ScoreTests {
  let generator: Generator

  init() {
    Torch.threads = 1
    generator = lively(
      GeneratorShape(zDim: 8, wDim: 8, mappingLayers: 2, widths: [5, 4, 3, 4]), seed: 6)
    for entry in generator.registry.parameters where entry.name.hasSuffix("noise_strength") {
      entry.tensor.assign(.zeros([]))
    }
  }

  func settings(_ score: PruneSettings.Score) -> PruneSettings {
    var settings = PruneSettings(perMille: 500, score: score)
    (settings.samples, settings.batch, settings.seed) = (5, 3, 8)
    return settings
  }

  func expectEqual(_ found: [[Float]], _ expected: [[Double]]) {
    #expect(found.map(\.count) == expected.map(\.count))
    for (found, expected) in zip(found, expected) {
      for (a, b) in zip(found, expected) { #expect(abs(Double(a) - b) < 1e-4 * max(b, 0.01)) }
    }
  }

  /// `[channel][picture][pixel]` of every layer for the latents that the score draws.
  func maps() -> [[[[Double]]]] {
    Torch.seed(8)
    // The order of draws is the score's: z, then the noise of every layer, by batches.
    var layers: [[Tensor]] = []
    for n in [3, 2] {
      let z = Tensor.normal([n, 8])
      var layer = 0
      _ = generator.synthesis(
        generator.broadcast(generator.mapping(z)), noise: .random,
        visitLayer: { x in
          if layer == layers.count { layers.append([]) }
          layers[layer].append(x)
          layer += 1
        })
    }
    return layers.map { parts in
      let x = Tensor.concatenated(parts, axis: 0)
      return (0..<x.shape[1]).map { c in
        (0..<5).map { i in x.element(axis: 1, c).element(axis: 0, i).floats.map(Double.init) }
      }
    }
  }

  @Test func activationsAreMeans() throws {
    let expected = maps().map { channels in
      channels.map { pictures in
        let values = pictures.flatMap { $0 }
        return values.reduce(0) { $0 + abs($1) } / Double(values.count)
      }
    }
    #expect(expected.map(\.count) == generator.shape.widths)
    expectEqual(try Pruner.scores(generator, settings(.activation)), expected)
  }

  @Test func deviationsGoOverPictures() throws {
    let expected = maps().map { channels in
      channels.map { pictures in
        let count = pictures[0].count
        let deviations = (0..<count).map { pixel in
          let values = pictures.map { $0[pixel] }
          let mean = values.reduce(0, +) / 5
          return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 5).squareRoot()
        }
        return deviations.reduce(0, +) / Double(count)
      }
    }
    #expect(expected[0].allSatisfy { $0 < 1e-9 } && expected[1].allSatisfy { $0 > 0.01 })
    let found = try Pruner.scores(generator, settings(.deviation))
    // The constant is the same in every picture, to the bit.
    #expect(found[0] == [0, 0, 0, 0, 0])
    expectEqual(found, expected)
  }

  @Test func stylesAreMeansOverLatents() throws {
    Torch.seed(8)
    let w = generator.mapping(.normal([5, 8]))
    let expected = generator.synthesis.readers.map { reader -> [Double] in
      let styles = reader.affine(w)
      return (0..<styles.shape[1]).map { c in
        abs(styles.element(axis: 1, c).floats.reduce(0) { $0 + Double($1) }) / 5
      }
    }
    expectEqual(try Pruner.scores(generator, settings(.style)), expected)
  }

  /// The kernels that make a channel have unit length together; its score is their mean magnitude.
  @Test func incomingWeightsMakeTheChannel() throws {
    let w = generator.mapping.wAverage.reshaped([1, -1])
    let const = generator.synthesis.const
    var expected = [
      (0..<5).map { c in
        const.element(axis: 0, c).floats.reduce(0) { $0 + abs(Double($1)) } / 16
      }
    ]
    for reader in generator.synthesis.readers.dropLast() {
      let style = reader.affine(w).floats.map(Double.init)
      let (out, taps) = (reader.weight.shape[0], reader.weight.shape[1] * 9)
      let floats = reader.weight.floats
      expected.append(
        (0..<out).map { o in
          let kernel = (0..<taps).map { Double(floats[o * taps + $0]) * style[$0 / 9] }
          let energy = kernel.reduce(1e-8) { $0 + $1 * $1 }
          return kernel.reduce(0) { $0 + abs($1) } / energy.squareRoot() / Double(taps)
        })
    }
    expectEqual(try Pruner.scores(generator, settings(.incoming)), expected)
  }

  /// One direction's gradients, of both images.
  @Test func diversitySlopesAgree() throws {
    let networks = try LossReference("losses")
    let reference = try LossReference("baselines")
    let generator = try networks.generator()
    let ws = generator.broadcast(generator.mapping(try networks.tensor("z")))
    let found = DiversityScore.slopes(
      generator, ws, try reference.tensor("shift").slice(axis: 0, 0..<1), noise: .stored)
    expectEqual(
      found,
      try (0..<found.count).map { try reference.tensor("slopes.\($0)").floats.map(Double.init) })
  }

  /// Variance along each main direction is its share, the largest first.
  @Test func directionsVaryByTheirShares() {
    Torch.seed(5)
    let (directions, shares) = DiversityScore.principal(generator)
    #expect(abs(shares.reduce(0, +) - 1) < 1e-5)
    #expect(shares == shares.sorted(by: >) && shares[0] > 1.2 * shares[1])
    let w = generator.mapping(.normal([20_000, 8]))
    let along = (w - w.mean(over: [0])).linear(directions).squared.mean(over: [0]).floats
    let total = along.reduce(0, +)
    // Two samples of thousands: some per cent.
    for (a, b) in zip(along, shares) { #expect(abs(a / total - b) < 0.05 * b) }
  }

  /// One ranking: a layer may lose all but its best channel, another none.
  @Test func globalBudgetsRankAllLayers() {
    let scores: [[Float]] = [[9, 8, 7, 6], [1, 3, 2, 0], [5, 5, 5, 10], [1]]
    let shape = GeneratorShape(widths: [4, 4, 4, 1])
    var settings = PruneSettings(perMille: 500)
    #expect(Pruner.kept(scores, settings, of: shape) == [[0, 1], [1, 2], [0, 3], [0]])
    settings.budget = .global
    #expect(Pruner.kept(scores, settings, of: shape) == [[0, 1, 2, 3], [1], [3], [0]])
    settings.perMille = 400
    #expect(Pruner.kept(scores, settings, of: shape) == [[0, 1, 2, 3], [1], [0, 1, 2, 3], [0]])
    settings.perMille = 500
    settings.multiple = 2
    #expect(Pruner.kept(scores, settings, of: shape) == [[0, 1, 2, 3], [1, 2], [0, 3], [0]])
  }

  @Test func parsersAreForContent() throws {
    var settings = settings(.style)
    settings.parser = "parser.pth"
    #expect(
      throws: ObverseError.usage("a face parser is for the content-aware score", hint: nil)
    ) {
      try Pruner.prune("teacher", settings, to: "student", device: .cpu)
    }
    #expect(PruneSettings(perMille: 1, score: .diversity).samples == 5000)
  }
}
