// Matrix times vector: mapping, styles and demodulation.

extension Vectorized {
  /// Rows `first ..< last` of `out[r] = W[r] x + bias[r]`.
  ///
  /// Four running sums hide the multiply-add's latency; their order depends on `count` alone.
  @inline(never)
  public static func dense(
    _ weights: UnsafePointer<Float>, _ bias: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
    count: Int, first: Int, last: Int, into out: UnsafeMutablePointer<Float>
  ) {
    for r in first..<last { out[r] = dot(weights + r * count, x, count) + bias[r] }
  }

  /// The same with leaky ReLU 0.2 and gain √2 behind: a layer of the mapping network.
  @inline(never)
  public static func denseActivated(
    _ weights: UnsafePointer<Float>, _ bias: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
    count: Int, first: Int, last: Int, into out: UnsafeMutablePointer<Float>
  ) {
    for r in first..<last {
      let y = dot(weights + r * count, x, count) + bias[r]
      out[r] = (y < 0 ? y * 0.2 : y) * 1.414_213_562_373_095_1
    }
  }

  /// Demodulation factors `first ..< last`: `rsqrt(energy[o] · s² + 1e-8)`.
  @inline(never)
  public static func demodulate(
    _ energy: UnsafePointer<Float>, squares: UnsafePointer<Float>, count: Int, first: Int,
    last: Int, into factors: UnsafeMutablePointer<Float>
  ) {
    for o in first..<last {
      factors[o] = 1 / (dot(energy + o * count, squares, count) + 1e-8).squareRoot()
    }
  }

  @inline(__always)
  private static func dot(_ a: Floats, _ b: Floats, _ count: Int) -> Float {
    let lanes = Vector.scalarCount
    var sum0 = Vector.zero
    var sum1 = Vector.zero
    var sum2 = Vector.zero
    var sum3 = Vector.zero
    var i = 0
    while i + 4 * lanes <= count {
      sum0 = multiplyAdd(load(a + i), load(b + i), sum0)
      sum1 = multiplyAdd(load(a + i + lanes), load(b + i + lanes), sum1)
      sum2 = multiplyAdd(load(a + i + 2 * lanes), load(b + i + 2 * lanes), sum2)
      sum3 = multiplyAdd(load(a + i + 3 * lanes), load(b + i + 3 * lanes), sum3)
      i += 4 * lanes
    }
    while i + lanes <= count {
      sum0 = multiplyAdd(load(a + i), load(b + i), sum0)
      i += lanes
    }
    var rest: Float = 0
    while i < count {
      rest += a[i] * b[i]
      i += 1
    }
    return total((sum0 + sum1) + (sum2 + sum3)) + rest
  }
}
