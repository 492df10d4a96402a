/// Numbers for tests, the same in every run.
struct SplitMix64 {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

  /// Uniform in -1 ..< 1, all 24 bits of them in use.
  mutating func floats(_ count: Int) -> [Float] {
    (0..<count).map { _ in Float(next() >> 40) / 0x1p23 - 1 }
  }

  /// Whole numbers of -7 ... 7: sums of their products are exact.
  mutating func integers(_ count: Int) -> [Float] {
    (0..<count).map { _ in Float(next() >> 40) }.map { $0.truncatingRemainder(dividingBy: 15) - 7 }
  }
}
