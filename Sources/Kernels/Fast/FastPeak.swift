// The ceilings of one instruction set, to be timed by whoever asks.

import KernelsAVX2
import KernelsAVX512
import KernelsBaseline

extension Fast {
  /// Multiply-adds that a turn of `multiplyAdds` does.
  package var multiplyAddsPerTurn: Int { lanes * KernelsBaseline.Vectorized.multiplyAddsPerTurn }

  /// Does nothing but multiply-adds on registers; the result keeps them from being left out.
  package func multiplyAdds(turns: Int) -> Float {
    switch target {
    case .baseline: KernelsBaseline.Vectorized.multiplyAdds(turns: turns)
    case .avx2: KernelsAVX2.Vectorized.multiplyAdds(turns: turns)
    case .avx512: KernelsAVX512.Vectorized.multiplyAdds(turns: turns)
    }
  }

  /// `out = a + 0.5 b` on elements `range` of three buffers, whole vectors of any instruction set.
  package func triad(_ a: FloatBuffer, _ b: FloatBuffer, into out: FloatBuffer, _ range: Range<Int>)
  {
    let (from, count) = (range.lowerBound, range.count)
    precondition(from >= 0 && from % 16 == 0 && count % 16 == 0)
    precondition(range.upperBound <= min(a.count, b.count, out.count))
    switch target {
    case .baseline:
      KernelsBaseline.Vectorized.triad(a.at(from), b.at(from), into: out.base + from, count: count)
    case .avx2:
      KernelsAVX2.Vectorized.triad(a.at(from), b.at(from), into: out.base + from, count: count)
    case .avx512:
      KernelsAVX512.Vectorized.triad(a.at(from), b.at(from), into: out.base + from, count: count)
    }
  }
}
