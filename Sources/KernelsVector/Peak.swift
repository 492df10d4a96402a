// What the processor does at best: the ceilings that layers are held against.

extension Vectorized {
  /// Vectors of multiply-adds that a turn of `multiplyAdds` does.
  ///
  /// As many sums that do not depend on each other hide a latency of up to six cycles at two a cycle,
  /// and fit the 16 registers of SSE and AVX2 with both operands. NEON has 32, and processors that do
  /// four a cycle.
  var multiplyAddsPerTurn: Int {
    #if arch(arm64)
    24
    #else
    12
    #endif
  }

  /// Nothing but multiply-adds on registers; the result only keeps them from being left out.
  @inline(never)
  func multiplyAdds(turns: Int) -> Float {
    #if arch(arm64)
    return addedProducts(turns: turns)
    #else
    // Sums tend to 1, so that none becomes infinite or subnormal, which some processors do slowly.
    let factor = Vector(repeating: 0.999)
    let addend = Vector(repeating: 0.001)
    // Variables, since the sums of a loop over an array may stay in memory.
    var (a, b, c, d) = (addend, addend + 1, addend + 2, addend + 3)
    var (e, f, g, h) = (addend + 4, addend + 5, addend + 6, addend + 7)
    var (i, j, k, l) = (addend + 8, addend + 9, addend + 10, addend + 11)
    for _ in 0..<turns {
      a = multiplyAdd(a, factor, addend)
      b = multiplyAdd(b, factor, addend)
      c = multiplyAdd(c, factor, addend)
      d = multiplyAdd(d, factor, addend)
      e = multiplyAdd(e, factor, addend)
      f = multiplyAdd(f, factor, addend)
      g = multiplyAdd(g, factor, addend)
      h = multiplyAdd(h, factor, addend)
      i = multiplyAdd(i, factor, addend)
      j = multiplyAdd(j, factor, addend)
      k = multiplyAdd(k, factor, addend)
      l = multiplyAdd(l, factor, addend)
    }
    return ((a + b + c + d) + (e + f + g + h) + (i + j + k + l))[0]
    #endif
  }

  #if arch(arm64)
  /// NEON adds to the register that holds the sum: what is to survive as the addend would have to be copied
  /// each time.
  @inline(__always)
  private func addedProducts(turns: Int) -> Float {
    // Sums grow until a product is too small for them.
    let factor = Vector(repeating: 0.001)
    var a = InlineArray<8, Vector> { i in Vector(repeating: Float(i)) }
    var b = InlineArray<8, Vector> { i in Vector(repeating: Float(8 + i)) }
    var c = InlineArray<8, Vector> { i in Vector(repeating: Float(16 + i)) }
    for _ in 0..<turns {
      for i in 0..<8 { a[i] = multiplyAdd(factor, factor, a[i]) }
      for i in 0..<8 { b[i] = multiplyAdd(factor, factor, b[i]) }
      for i in 0..<8 { c[i] = multiplyAdd(factor, factor, c[i]) }
    }
    var sum = Vector.zero
    for i in 0..<8 { sum += a[i] + b[i] + c[i] }
    return sum[0]
  }
  #endif

  /// `out = a + 0.5 b`: two floats read and one written for each of `count`, a multiple of the lanes.
  @inline(never)
  func triad(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>,
    count: Int
  ) {
    let half = Vector(repeating: 0.5)
    for i in stride(from: 0, to: count, by: Vector.scalarCount) {
      store(multiplyAdd(load(b + i), half, load(a + i)), out + i)
    }
  }
}
