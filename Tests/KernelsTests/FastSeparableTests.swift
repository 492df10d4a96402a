import Kernels
import Testing

struct FastSeparableTests {
  private static let shapes = [
    Shape(1, 1, 4), Shape(3, 4, 8), Shape(4, 3, 16), Shape(7, 8, 8), Shape(8, 7, 4),
    Shape(9, 13, 16), Shape(13, 9, 8), Shape(16, 17, 8), Shape(17, 16, 16), Shape(26, 33, 4),
    Shape(33, 26, 8),
    Shape(400, 3, 16),  // several bands
  ]

  @Test(arguments: shapes)
  func agreesWithDouble(shape: Shape) throws {
    try check(shape, Settings(), isHaar: false)
  }

  @Test(arguments: shapes)
  func readsAnInverseHaarTransform(shape: Shape) throws {
    try check(shape, Settings(), isHaar: true)
  }

  @Test(arguments: Settings.all, [false, true])
  func finishes(settings: Settings, isHaar: Bool) throws {
    try check(Shape(9, 17, 4), settings, isHaar: isHaar)
  }

  private func check(_ shape: Shape, _ settings: Settings, isHaar: Bool) throws {
    let trial = LayerTrial(shape, settings, seed: 3, kernel: 1)
    var random = SplitMix64(seed: 4)
    let haarStyle = random.floats(4 * shape.inChannels)
    let depthwise = random.floats(shape.inChannels * 9)
    // Half the size and four times the channels are as many numbers.
    let source =
      isHaar
      ? Exact(trial.map, size: shape.size / 2).modulated(haarStyle).inverseHaar()
      : Exact(trial.map, size: shape.size)
    let sums = source.modulated(trial.style).depthwise(depthwise)
      .convolved(trial.weight, kernel: 1)
    try trial.expect(sums, isDemodulated: false, from: isHaar ? .haar : .blocks) {
      fast, outputs, finish, arena in
      let slots = ChannelSlots.haar(4 * shape.inChannels, lanes: fast.lanes)
      return .init(
        try FastSeparable(
          fast, depthwise: .of(depthwise), pointwise: .of(trial.weight), size: shape.size,
          inChannels: shape.inChannels, outputs: outputs, finish: finish),
        haarStyle: isHaar ? arena.place(slots.spread(haarStyle)) : nil)
    }
  }
}
