/// Random numbers of one picture: SplitMix64, and what is made of it by exact arithmetic alone.
///
/// Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators".
struct SeededNumbers {
  private var state: UInt64

  /// - Parameters:
  ///   - seed: The picture's.
  ///   - stream: Apart for each part of a picture, so that one part's draws never move another's.
  init(seed: UInt64, stream: UInt64) {
    state = seed
    state = next() &+ stream &* 0xd134_2543_de82_ef95
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
    return word ^ word >> 31
  }

  /// The next number of [0, 1), from 24 random bits.
  mutating func unit() -> Float { Float(next() >> 40) / 0x1p24 }

  /// Even between the bounds.
  mutating func even(_ low: Float, _ high: Float) -> Float { low + (high - low) * unit() }

  /// The mean of three: the middle is common, the bounds are rare.
  mutating func bell(_ low: Float, _ high: Float) -> Float {
    low + (high - low) * (unit() + unit() + unit()) / 3
  }

  mutating func chance(_ share: Float) -> Bool { unit() < share }

  /// One of the values, each as likely as its weight.
  mutating func pick<Value>(_ weighted: [(Value, Float)]) -> Value {
    var rest = unit() * weighted.reduce(0) { $0 + $1.1 }
    for (value, weight) in weighted {
      rest -= weight
      if rest < 0 { return value }
    }
    return weighted[weighted.count - 1].0
  }
}
