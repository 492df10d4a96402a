import Testing

import Torch

@testable import Networks
@testable import Training

/// VGG16, LPIPS and the face parser against other people's code in float64; Reference/perceptual.py.
@Suite(.serialized)
struct PerceptualTests {
  let reference: LossReference

  init() throws {
    reference = try LossReference("perceptual")
    Torch.threads = 1
  }

  /// Random weights as in FeatureTests; heads are positive.
  static func weights() -> FrozenWeights {
    FrozenWeights(on: .cpu) { name, shape in
      let x = (try? FeatureTests.weights().tensor(name, shape)) ?? .zeros(shape)
      return name.hasPrefix("lin") ? x.magnitude : x
    }
  }

  func check(_ found: Tensor, _ name: String) throws {
    let expected = try reference.tensor(name)
    #expect(found.shape == expected.shape, "\(name)")
    let largest = expected.floats.map(abs).max() ?? 0
    #expect(largestDifference(found, expected) < 1e-5 * largest, "\(name)")
  }

  /// A distance to 1e-5, its gradient in the first image to 1e-4 of its length.
  func check(_ name: String, _ distance: (Tensor, Tensor) -> Tensor) throws {
    let images = try reference.tensor("images")
    let drawn = images.slice(axis: 0, 0..<1).detached
    drawn.setRequiresGradient()
    let loss = distance(drawn, images.slice(axis: 0, 1..<2))
    #expect(abs(loss.item / (try reference.tensor("\(name).loss").item) - 1) < 1e-5)
    let found = try #require(Tensor.gradients(of: loss, with: [drawn])[0])
    let expected = try reference.tensor("\(name).gradient")
    let (gap, length) = ((found - expected).squared.sum.item, expected.squared.sum.item)
    #expect(gap.squareRoot() <= 1e-4 * length.squareRoot())
  }

  @Test func vggAgrees() throws {
    let vgg = try VGG16(Self.weights())
    let maps = Torch.withoutGradients { vgg.maps((try? reference.tensor("images")) ?? .zeros([])) }
    for (i, map) in maps.enumerated() {
      func every(_ axis: Int, _ step: Int) -> Tensor {
        .indices(Array(stride(from: 0, to: map.shape[axis], by: step)))
      }
      let step = max(map.shape[2] / 4, 1)
      let some = map.selected(axis: 1, every(1, 16)).selected(axis: 2, every(2, step))
        .selected(axis: 3, every(3, step))
      try check(some, "vgg.\(i)")
    }
  }

  @Test func lpipsAgrees() throws {
    let lpips = try LPIPS(VGG16(Self.weights()), heads: Self.weights())
    try check("lpips") { lpips($0, $1) }
    // A pixel that no channel sees has a gradient too.
    let black = Tensor.zeros([1, 3, 16, 16])
    black.setRequiresGradient()
    let blind = try LPIPS(
      VGG16(FrozenWeights(on: .cpu) { _, shape in .zeros(shape) }), heads: Self.weights())
    let slope = Tensor.gradients(of: blind(black, .normal([1, 3, 16, 16])), with: [black])[0]
    #expect(slope.map { $0.floats.allSatisfy { $0 == 0 } } ?? true)
  }

  /// A square of the slope of what is drawn: hardly another with a longer step, and 0 where w says nothing.
  @Test func pathLengthIsASquaredSlope() throws {
    let lpips = try LPIPS(VGG16(Self.weights()), heads: Self.weights())
    let generator = try LossReference("losses").generator()
    func length(batch: Int = 5, step: Double = 1e-4) -> Double {
      PerceptualPathLength.length(
        generator, lpips, count: 12, batch: batch, seed: 3, step: step)
    }
    let found = length()
    #expect(found > 0 && found == length())
    #expect(found != length(batch: 12))
    #expect(abs(length(step: 4e-4) / found - 1) < 0.02)
    for (name, weight) in generator.registry.parameters where name.hasSuffix("affine.weight") {
      weight.assign(weight.detached * 0)
    }
    #expect(length() == 0)
  }

  /// Percentiles as StyleGAN2's authors take them: the one below the first, the one above the last.
  @Test func pathLengthLeavesOutExtremes() {
    let many = (0..<201).map { Float($0 * $0) }
    let kept = many[2...198]
    let expected = kept.reduce(0) { $0 + Double($1) } / Double(kept.count)
    #expect(abs(PerceptualPathLength.mean(many.shuffled()) - expected) < 1e-6)
    #expect(PerceptualPathLength.mean([3, 1, 2]) == 2)
    #expect(PerceptualPathLength.mean([3]) == 3)
  }

  @Test func perceptualLossAgrees() throws {
    let vgg = try VGG16(Self.weights())
    try check("perceptual") { GANSlimming.perceptual($0, $1, vgg) }
  }

  @Test func parserAgrees() throws {
    let parser = try FaceParser(Self.weights())
    let images = try reference.tensor("images")
    let scores = Torch.withoutGradients { parser.scores(images) }
    #expect(scores.shape == [2, 19, 512, 512])
    let places = Tensor.indices((0..<8).map { 5 + 64 * $0 })
    try check(scores.selected(axis: 2, places).selected(axis: 3, places), "scores")
    #expect(parser.mask(images).shape == [2, 1, 32, 32])
  }

  /// Neither background nor clothes, of a pattern of all 19 labels.
  @Test func masksAgree() throws {
    let pattern = (0..<512 * 512).map { i -> Float in
      let (x, y) = (i % 512, i / 512)
      return Float((x / 9 + 7 * (y / 11)) % 19)
    }
    let labels = Tensor.values(pattern, [1, 512, 512])
    for (name, isNearest) in [("mask", false), ("mask_nearest", true)] {
      let expected = try reference.tensor(name)
      #expect(Set(expected.floats) == [0, 1])
      let found = FaceParser.mask(labels: labels, side: 32, isNearest: isNearest)
      #expect(largestDifference(found, expected) == 0, "\(name)")
    }
    #expect(
      try reference.tensor("mask").floats != reference.tensor("mask_nearest").floats)
  }

  @Test func foreignFilesAreRefused() throws {
    let path = LossReference.path("losses")
    #expect(throws: (any Error).self) { try VGG16(path, on: .cpu) }
    #expect(throws: (any Error).self) { try FaceParser(path, on: .cpu) }
    let vgg = try VGG16(Self.weights())
    #expect(throws: (any Error).self) { try LPIPS(vgg, heads: path, on: .cpu) }
  }
}
