import Glibc
import Testing

import Networks
import Torch

@testable import Training

/// Augmentation against NVlabs' own; Reference/augment.py made the pictures.
@Suite(.serialized)
struct AugmentationTests {
  let reference: LossReference

  init() throws {
    reference = try LossReference("augment")
    Torch.threads = 1
  }

  /// What NVlabs' pipeline does at a percentile for debugging.
  func change(_ kinds: String, _ q: Double) throws -> ImageChange {
    let normal = try reference.tensor("normal.\(q)").item
    var change = ImageChange()
    if kinds == "blits" || kinds == "all" {
      change.flips = q >= 0.5
      change.quarterTurns = Int(q * 4)
      let shift = ((2 * q - 1) * 0.125 * 16).rounded(.toNearestOrEven)
      change.shift = (shift, shift)
    }
    if kinds == "geometry" || kinds == "all" {
      change.scale = exp2(normal * 0.2)
      change.firstTurn = (2 * q - 1) * .pi
      change.aspect = exp2(normal * 0.2)
      change.fraction = (normal * 0.125, normal * 0.125)
    }
    if kinds == "colour" || kinds == "all" {
      change.brightness = normal * 0.2
      change.contrast = exp2(normal * 0.5)
      change.flipsLuma = q >= 0.5
      change.hue = (2 * q - 1) * .pi
      change.saturation = exp2(normal)
    }
    return change
  }

  @Test(arguments: ["blits", "geometry", "colour", "all"], [0.3, 0.55, 0.85])
  func picturesAgree(kinds: String, q: Double) throws {
    var augmentation = Augmentation()
    let images = try reference.tensor("images").detached
    images.setRequiresGradient()
    let change = try change(kinds, q)
    let changed = augmentation.changed(images, [change, change])
    #expect(largestDifference(changed, try reference.tensor("\(kinds).\(q)")) < 2e-4)
    let loss = (changed * (try reference.tensor("weights"))).sum
    let slope = try #require(Tensor.gradients(of: loss, with: [images])[0])
    #expect(largestDifference(slope, try reference.tensor("\(kinds).\(q).slope")) < 2e-4)
    if kinds == "all" {
      let grey = augmentation.changed(try reference.tensor("grey"), [change, change])
      #expect(largestDifference(grey, try reference.tensor("grey.\(q)")) < 2e-4)
    }
  }

  /// R1 differentiates a gradient that has passed through the change: against differences.
  @Test func gradientsHaveGradients() throws {
    var augmentation = Augmentation()
    let change = try change("all", 0.85)
    let images = try reference.tensor("images").detached
    images.setRequiresGradient()
    let weights = try reference.tensor("weights")
    func penalty(_ x: Tensor) -> Tensor {
      let y = augmentation.changed(x, [change, change])
      let slope = Tensor.gradients(of: (y.squared * weights).sum, with: [x], createGraph: true)[0]
      return (slope ?? .zeros([1])).squared.sum
    }
    let found = try #require(Tensor.gradients(of: penalty(images), with: [images])[0])
    let direction = found * (1 / found.squared.sum.item.squareRoot())
    func moved(_ step: Double) -> Double {
      let x = (images.detached + direction * step).detached
      x.setRequiresGradient()
      return penalty(x).item
    }
    let expected = (moved(0.01) - moved(-0.01)) / 0.02
    #expect(abs((found * direction).sum.item / expected - 1) < 1e-3)
  }

  /// As often as asked for, and nothing at all at 0.
  @Test func changesHappenByChance() throws {
    var random = SplitMix64(seed: 1, stream: 2)
    let never = (0..<200).map { _ in ImageChange(p: 0, size: 16, &random) }
    #expect(never.allSatisfy { $0.places(size: 16) == .identity(3) && $0.colours == .identity(4) })
    let some = (0..<4000).map { _ in ImageChange(p: 0.5, size: 16, &random) }
    func share(_ isTrue: (ImageChange) -> Bool) -> Double {
      Double(some.count(where: isTrue)) / 4000
    }
    #expect(abs(share { $0.flips } - 0.25) < 0.03)
    #expect(abs(share { $0.quarterTurns != 0 } - 0.375) < 0.03)
    #expect(abs(share { $0.scale != 1 } - 0.5) < 0.03)
    #expect(abs(share { $0.firstTurn != 0 || $0.secondTurn != 0 } - 0.5) < 0.03)
    #expect(abs(share { $0.hue != 0 } - 0.5) < 0.03)
    let scales = some.map { log2($0.scale) }.filter { $0 != 0 }
    let deviation = (scales.reduce(0) { $0 + $1 * $1 } / Double(scales.count)).squareRoot()
    #expect(abs(deviation - 0.2) < 0.02)
  }

  /// Every fourth step, up and down by batch * 4 / 500,000, never below 0.
  @Test func probabilityFollowsTheSigns() {
    let adaptive = AdaptiveAugmentation(target: 0.6)
    func note(_ scores: [Float], _ steps: Range<Int>) {
      for step in steps { adaptive.note(.values(scores, [4, 1]), step: step, batch: 1000, nil) }
    }
    note([1, 1, 1, 1], 1..<4)
    #expect(adaptive.probability == 0)
    note([1, 1, 1, 1], 4..<9)
    #expect(abs(adaptive.probability - 0.016) < 1e-6)
    // A mean sign of 0.5.
    note([3, 0.1, -5, 2], 9..<13)
    #expect(abs(adaptive.probability - 0.008) < 1e-6)
    note([-1, -1, -1, -1], 13..<40)
    #expect(adaptive.probability == 0)
  }
}
