import Kernels

/// What follows a convolution, in every combination that is asked for.
struct Settings: CustomStringConvertible, Sendable {
  enum Noise: CaseIterable, Sendable { case none, stored, drawn }

  var noise = Noise.stored
  var clamp: Float?
  var slope: Float = 0.2
  var gain: Float = 1.5

  static let all: [Settings] = Noise.allCases.flatMap { noise in
    [nil, 0.75].flatMap { clamp in
      [(0.2, 1.414_213_5), (1, 1)].map { (slope, gain) in
        Settings(noise: noise, clamp: clamp, slope: slope, gain: gain)
      }
    }
  }

  var description: String { "noise \(noise), clamp \(clamp ?? .infinity), gain \(gain)" }
}

/// The numbers of a finished layer: drawn once, used by `Exact` and by each target.
struct Numbers {
  let settings: Settings
  let size: Int
  let bias: [Float]
  let factors: [Float]
  let plane: [Float]
  let strength: Float = 0.375

  init(_ settings: Settings, channels: Int, size: Int, _ random: inout SplitMix64) {
    self.settings = settings
    self.size = size
    bias = random.floats(channels)
    factors = random.floats(channels).map { abs($0) + 0.5 }
    plane = random.floats(size * size)
  }

  private var noise: [Float]? { settings.noise == .none ? nil : plane }

  /// What must follow `sums`; a separable convolution is not demodulated.
  func finished(_ sums: Exact, isDemodulated: Bool) -> Exact {
    sums.finished(
      factors: isDemodulated ? factors : nil, noise: noise, strength: strength, bias: bias,
      slope: settings.slope, gain: settings.gain, clamp: settings.clamp)
  }

  func finish(_ slots: ChannelSlots) throws -> Finish {
    try Finish(
      bias: .of(bias), slots: slots, slope: settings.slope, gain: settings.gain,
      clamp: settings.clamp)
  }

  func places(
    _ arena: inout Arena, input: Int, style: Int, output: Int, slots: ChannelSlots
  ) -> LayerPlaces {
    var places = LayerPlaces(input: input, style: style, output: output)
    // What demodulation makes of a lane without weights.
    places.factors = arena.place(slots.spread(factors, rest: 1e4))
    places.strength = strength
    switch settings.noise {
    case .none: break
    case .stored: places.noise = FloatBuffer.of(plane)
    case .drawn: places.drawnNoise = arena.place(plane)
    }
    return places
  }
}
