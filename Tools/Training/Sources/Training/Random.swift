/// SplitMix64: the numbers that the loop itself draws.
///
/// Each step starts its own generator from the run's seed and its number, so that a resumed run needs
/// no generator's state to go on as if nothing had happened.
struct SplitMix64 {
  private var state: UInt64

  init(seed: UInt64, stream: UInt64) {
    state = seed &* 0xd134_2543_de82_ef95 &+ stream
    state = next()
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

  /// A number of [0, 1).
  mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number of `0..<bound`; the bias of the remainder is below 2⁻⁴⁰ for any data set.
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// Which image comes at which position of a run: each epoch is a shuffle of its own.
struct Order {
  let count: Int
  let seed: UInt64
  private var epoch = -1
  private var shuffle: [Int] = []

  init(count: Int, seed: UInt64) {
    self.count = count
    self.seed = seed
  }

  /// The image at `position`, counted over all epochs.
  mutating func image(at position: Int) -> Int {
    if position / count != epoch {
      epoch = position / count
      // Streams of epochs stay clear of those of steps.
      var random = SplitMix64(seed: seed, stream: 1 << 48 + UInt64(epoch))
      shuffle = Array(0..<count)
      for i in stride(from: count - 1, to: 0, by: -1) { shuffle.swapAt(i, random.below(i + 1)) }
    }
    return shuffle[position % count]
  }
}
