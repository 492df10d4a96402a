import Glibc

/// What is decided about one picture: a number of [0, 1) for each decision, and what is made of it.
///
/// Every picture takes the same decisions in the same order, also those that do not show, so that a place
/// among them always means the same. Of a seed, only exact arithmetic decides.
package struct Decisions {
  /// The numbers where they are given; empty where they follow from a seed.
  private let given: [Float]
  private let seed: UInt64
  private var state: UInt64 = 0
  /// How many were taken.
  package private(set) var count = 0
  /// Each decision in words that networks read and say easily; empty where they follow from a seed.
  ///
  /// Hues are points of a circle, kinds 2 where they win and 0 where they lose, yes and no 1 and -1, with a slope
  /// between where it is a near thing; all else is one number about 0.
  package private(set) var code: [Float] = []

  init(seed: UInt64) {
    (self.seed, given) = (seed, [])
  }

  init(given: [Float]) {
    (seed, self.given) = (0, given)
  }

  /// Begins with the decisions about one part of a picture; of a seed, no part's numbers move another's.
  mutating func begin(stream: UInt64) {
    state = seed
    state = next() &+ stream &* 0xd134_2543_de82_ef95
  }

  /// SplitMix64.
  ///
  /// Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators".
  private mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
    return word ^ word >> 31
  }

  /// The next number: of a seed, 24 random bits.
  private mutating func number() -> Float {
    defer { count += 1 }
    return given.isEmpty ? Float(next() >> 40) / 0x1p24 : given[count]
  }

  private mutating func keep(_ values: @autoclosure () -> [Float]) {
    if !given.isEmpty { code += values() }
  }

  /// A number of [0, 1).
  mutating func unit() -> Float {
    let number = number()
    keep([(number - 0.5) * 3.46])
    return number
  }

  /// A part of a turn, of [0, 1): its ends are one place.
  mutating func turn() -> Float {
    let turns = number()
    let angle = Rotation(turns: turns)
    keep([1.41 * angle.cosine, 1.41 * angle.sine])
    return turns
  }

  /// Even between the bounds.
  mutating func even(_ low: Float, _ high: Float) -> Float { low + (high - low) * unit() }

  /// Between the bounds: the middle is common, the ends are rare.
  mutating func bell(_ low: Float, _ high: Float) -> Float {
    let t = 2 * number() - 1
    let square = t * t
    let place = t * (0.4 + 0.6 * square * square * square)
    keep([place * 2.77])
    return (low + high) / 2 + (high - low) / 2 * place
  }

  mutating func chance(_ share: Float) -> Bool {
    let number = number()
    keep([Self.lead(Self.odds(share) - Self.odds(number))])
    return number < share
  }

  /// Between the bounds in a share of pictures, else nothing.
  mutating func sometimes(_ share: Float, _ low: Float, _ high: Float) -> Float {
    let isSo = chance(share)
    let amount = even(low, high)
    return isSo ? amount : 0
  }

  /// One of the values, each as likely as its weight.
  mutating func pick<Value>(_ weighted: [(Value, Float)]) -> Value {
    let weights = weighted.map(\.1)
    let chosen = given.isEmpty ? pickedByOne(weights) : pickedByRace(weights)
    return weighted[chosen].0
  }

  private mutating func pickedByOne(_ weights: [Float]) -> Int {
    var rest = number() * weights.reduce(0, +)
    for (index, weight) in weights.enumerated() {
      rest -= weight
      if rest < 0 { return index }
    }
    return weights.count - 1
  }

  /// A number for each value: those that follow from a latent, so that each value is a direction of it.
  ///
  /// The first of exponential times, whose rates are the weights, comes with these probabilities.
  private mutating func pickedByRace(_ weights: [Float]) -> Int {
    var times: [Float] = []
    for weight in weights { times.append(log(-log(max(number(), 0x1p-24)) / max(weight, 1e-6))) }
    let order = times.indices.sorted { times[$0] < times[$1] }
    keep(
      times.indices.map { index in
        let other = index == order[0] ? order[1] : order[0]
        return 1 + Self.lead(times[other] - times[index])
      })
    return order[0]
  }

  /// A lead in logarithms of odds, so told that a mapping network finds it and a near thing shows.
  private static func lead(_ difference: Float) -> Float { tanh(0.7 * difference) }

  /// Tells a change of lightness that follows from other decisions: a generator that had to find it among colours
  /// would need a network for it.
  ///
  /// Decisions that are taken anew until they suit are the other way, which no network can follow.
  mutating func tell(_ change: Float) -> Float {
    keep([change * 6])
    return change
  }

  private static func odds(_ share: Float) -> Float {
    let share = min(max(share, 0.001), 0.999)
    return log(share / (1 - share))
  }
}
