// What the processor does at best: the ceilings that layers are held against.

extension Vectorized {
  /// Vectors of multiply-adds that a turn of `multiplyAdds` does.
  ///
  /// As many sums that do not depend on each other hide a latency of up to six cycles at two a cycle,
  /// and fit the 16 registers of SSE and AVX2 with both operands.
  public var multiplyAddsPerTurn: Int { 12 }

  /// Nothing but multiply-adds on registers; the result only keeps them from being left out.
  @inline(never)
  public func multiplyAdds(turns: Int) -> Float {
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
  }

  /// `out = a + 0.5 b`: two floats read and one written for each of `count`, a multiple of the lanes.
  @inline(never)
  public func triad(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>,
    count: Int
  ) {
    let half = Vector(repeating: 0.5)
    for i in stride(from: 0, to: count, by: Vector.scalarCount) {
      store(multiplyAdd(load(b + i), half, load(a + i)), out + i)
    }
  }
}
