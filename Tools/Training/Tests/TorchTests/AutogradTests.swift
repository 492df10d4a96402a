import Testing
import Torch

@Suite(.serialized)
struct AutogradTests {
  /// Differentiating a gradient: the penalty `(d/dx Σ x³)²` has slope `36 x³`.
  @Test func differentiatesAGradient() throws {
    let x = Tensor.values([0.5, -1, 2], [3])
    x.setRequiresGradient()
    let slope = try #require(
      Tensor.gradients(of: (x * x * x).sum, with: [x], createGraph: true)[0])
    let second = try #require(Tensor.gradients(of: slope.squared.sum, with: [x])[0])
    for (found, value) in zip(second.floats, [0.5, -1, 2] as [Float]) {
      #expect(abs(found - 36 * value * value * value) <= 1e-4 * 288)
    }
  }

  /// A smooth penalty on a convolution's gradient against central differences in its weights.
  ///
  /// The activation is smooth: with leaky ReLU a difference quotient sees masks flip, which a
  /// derivative must not.
  @Test func penaltyAgreesWithDifferences() throws {
    Torch.seed(7)
    let weight = Tensor.normal([4, 3, 3, 3]) * 0.3
    weight.setRequiresGradient()
    let direction = Tensor.normal([4, 3, 3, 3])
    let image = Tensor.normal([2, 3, 6, 6])
    func penalty(_ weight: Tensor) throws -> Tensor {
      let x = image.detached
      x.setRequiresGradient()
      let y = x.convolved(weight, padding: 1)
      let loss = (y + y.squared * 0.05).sum
      return try #require(Tensor.gradients(of: loss, with: [x], createGraph: true)[0]).squared.sum
    }
    let gradient = try #require(Tensor.gradients(of: try penalty(weight), with: [weight])[0])
    let expected = (gradient * direction).sum.item
    let step = 1e-2
    let right = try penalty(weight.detached + direction * step).item
    let left = try penalty(weight.detached - direction * step).item
    // Two float32 sums of a few hundred terms, and a third derivative that the step sees squared.
    #expect(abs((right - left) / (2 * step) / expected - 1) < 5e-3)
  }

  @Test func unusedInputHasNoGradient() {
    let (x, y) = (Tensor.zeros([2]), Tensor.zeros([2]))
    x.setRequiresGradient()
    y.setRequiresGradient()
    let gradients = Tensor.gradients(of: x.sum, with: [x, y])
    #expect(gradients[0]?.floats == [1, 1])
    #expect(gradients[1] == nil)
  }

  @Test func nothingIsRecordedWithoutGradients() {
    let x = Tensor.full(2, [])
    x.setRequiresGradient()
    let y = Torch.withoutGradients { x * 3 } + x
    #expect(Tensor.gradients(of: y, with: [x])[0]?.item == 1)
  }
}

struct TensorTests {
  @Test func seedRepeats() {
    Torch.seed(85)
    let first = Tensor.normal([16]).floats
    Torch.seed(85)
    #expect(Tensor.normal([16]).floats == first)
  }

  /// Temporaries die as soon as ARC allows; their handles must not.
  @Test func temporariesOutliveTheirCalls() {
    var sum = Tensor.zeros([4])
    for i in 0..<1000 {
      sum = sum + (Tensor.full(Double(i), [4]) * 1).mean(over: [0], keepingAxes: true)
    }
    #expect(sum.floats == [Float](repeating: 499_500, count: 4))
  }

  @Test func shapesFollow() {
    let x = Tensor.values([0, 1, 2, 3, 4, 5], [2, 3])
    #expect(x.permuted([1, 0]).floats == [0, 3, 1, 4, 2, 5])
    #expect(x.flipped(axis: 1).floats == [2, 1, 0, 5, 4, 3])
    #expect(x.element(axis: 1, 2).floats == [2, 5])
    #expect(x.selected(axis: 0, .indices([1, 1])).floats == [3, 4, 5, 3, 4, 5])
    #expect(Tensor.concatenated([x, x], axis: 0).shape == [4, 3])
    #expect(x.sum(over: [0]).floats == [3, 5, 7])
  }

  /// Two steps against the formula of the paper in Double.
  @Test func adamFollowsItsFormula() {
    let x = Tensor.values([1], [1])
    x.setRequiresGradient()
    let adam = Adam([x], rate: 0.1, beta1: 0.5, beta2: 0.9)
    var (value, m, v) = (1.0, 0.0, 0.0)
    for step in 1...2 {
      adam.minimize(x.squared.sum)
      let gradient = 2 * value
      m = 0.5 * m + 0.5 * gradient
      v = 0.9 * v + 0.1 * gradient * gradient
      var (a, b) = (1.0, 1.0)
      for _ in 0..<step { (a, b) = (a * 0.5, b * 0.9) }
      value -= 0.1 * (m / (1 - a)) / ((v / (1 - b)).squareRoot() + 1e-8)
      #expect(abs(x.item - value) < 1e-6)
    }
  }
}
