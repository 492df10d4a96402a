import CSystem

/// NumPy's `RandomState(seed).randn`, bit for bit: the same seed draws the same face as NVlabs' code.
///
/// MT19937 seeded by the one-integer rule, 53-bit doubles, and the polar method that gives the
/// second deviate of each pair first. A value of 2.5 kB; nothing is shared or global.
///
/// Source: Matsumoto and Nishimura 1998 (generator and seeding of 2002), Marsaglia's polar method,
/// both in the order in which NumPy's legacy generator draws.
public struct RandomState: Sendable {
  private var state: InlineArray<624, UInt32>
  /// Next word of `state` to hand out; 624 when a new round is due.
  private var position = 624
  /// The first deviate of the last pair, which is handed out second.
  private var kept: Double?

  public init(seed: UInt32) {
    state = InlineArray(repeating: 0)
    var word = seed
    for i in 0..<624 {
      state[i] = word
      word = 1_812_433_253 &* (word ^ word >> 30) &+ UInt32(truncatingIfNeeded: i + 1)
    }
  }

  /// The next `n` normals, drawn in Double and rounded to Float.
  public mutating func normals(_ n: Int) -> [Float] {
    var values: [Float] = []
    values.reserveCapacity(n)
    for _ in 0..<n { values.append(Float(nextNormal())) }
    return values
  }

  /// The next deviate of mean 0 and variance 1.
  public mutating func nextNormal() -> Double {
    if let value = kept {
      kept = nil
      return value
    }
    while true {
      let x = 2 * nextDouble() - 1
      let y = 2 * nextDouble() - 1
      let square = x * x + y * y
      guard square < 1, square != 0 else { continue }
      let factor = (-2 * log(square) / square).squareRoot()
      kept = factor * x
      return factor * y
    }
  }

  /// The next number of [0, 1), from 53 random bits.
  public mutating func nextDouble() -> Double {
    let high = Double(nextWord() >> 5)
    let low = Double(nextWord() >> 6)
    return (high * 0x1p26 + low) / 0x1p53
  }

  /// The next 32 random bits.
  public mutating func nextWord() -> UInt32 {
    if position == 624 { turn() }
    var word = state[position]
    position += 1
    word ^= word >> 11
    word ^= word << 7 & 0x9d2c_5680
    word ^= word << 15 & 0xefc6_0000
    return word ^ word >> 18
  }

  /// Shuffles as NumPy's `RandomState.shuffle` does: each element from the last on changes places
  /// with one of those up to it.
  public mutating func shuffle<T>(_ values: inout [T]) {
    guard values.count > 1 else { return }
    for i in (1..<values.count).reversed() { values.swapAt(i, Int(nextWord(upTo: UInt32(i)))) }
  }

  /// The next number of `0...limit`: as many bits as that has, drawn until they are within.
  private mutating func nextWord(upTo limit: UInt32) -> UInt32 {
    let mask = UInt32.max >> UInt32(limit.leadingZeroBitCount)
    while true {
      let word = nextWord() & mask
      if word <= limit { return word }
    }
  }

  /// Replaces all 624 words.
  private mutating func turn() {
    for i in 0..<624 {
      let mixed = state[i] & 0x8000_0000 | state[(i + 1) % 624] & 0x7fff_ffff
      let twist: UInt32 = mixed & 1 == 0 ? 0 : 0x9908_b0df
      state[i] = state[(i + 397) % 624] ^ mixed >> 1 ^ twist
    }
    position = 0
  }
}
