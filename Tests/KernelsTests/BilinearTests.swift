import Testing

/// The bounds of Winograd's layers are as good as the matrices that they are made from.
struct BilinearTests {
  private let weights = [0.75, -1.25, 2.5]

  @Test func fourByThreeConvolves() {
    let inputs: [Double] = [3, -1, 4, 1, -5, 9]
    let found = Bilinear.fourByThree.tile(weights, inputs)
    for t in 0..<4 {
      let wanted = (0..<3).reduce(0) { $0 + weights[$1] * inputs[t + $1] }
      #expect(abs(found[t] - wanted) < 1e-12)
    }
    #expect(found.count == 4)
  }

  /// Tap k of input y is raw 2y + k; the tile's first input stands in front of it.
  @Test(arguments: [(Bilinear.transposed, 4), (.phases, 1)])
  func transposedConvolves(axis: Bilinear, count: Int) {
    let inputs = [Double]([3, -1, 4, 1, -5][...count])
    let found = axis.tile(weights, inputs)
    var wanted = [Double](repeating: 0, count: 2 * count)
    for (y, value) in inputs.enumerated() {
      for k in 0..<3 where wanted.indices.contains(2 * (y - 1) + k) {
        wanted[2 * (y - 1) + k] += weights[k] * value
      }
    }
    #expect(found.count == 2 * count)
    for (a, b) in zip(found, wanted) { #expect(abs(a - b) < 1e-12) }
  }
}
