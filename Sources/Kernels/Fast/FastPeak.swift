// The ceilings of one instruction set, to be timed by whoever asks.

extension Fast {
  /// Multiply-adds that a turn of `multiplyAdds` does.
  package var multiplyAddsPerTurn: Int { lanes * kernels.multiplyAddsPerTurn }

  /// `out = a + 0.5 b` on elements `range` of three buffers, whole vectors of any instruction set.
  package func triad(_ a: FloatBuffer, _ b: FloatBuffer, into out: FloatBuffer, _ range: Range<Int>)
  {
    let (from, count) = (range.lowerBound, range.count)
    precondition(from >= 0 && from % 16 == 0 && count % 16 == 0)
    precondition(range.upperBound <= min(a.count, b.count, out.count))
    kernels.triad(a.at(from), b.at(from), into: out.base + from, count: count)
  }
}
