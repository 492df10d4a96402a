import Kernels
import Testing

/// Channels on both sides of each vector width and side of the map.
struct Shape: CustomStringConvertible, Sendable {
  let inChannels: Int
  let outChannels: Int
  let size: Int

  init(_ inChannels: Int, _ outChannels: Int, _ size: Int) {
    self.inChannels = inChannels
    self.outChannels = outChannels
    self.size = size
  }

  var description: String { "\(inChannels) -> \(outChannels) at \(size)" }
}

struct FastConvTests {
  @Test(
    arguments: [
      Shape(1, 1, 4), Shape(3, 4, 8), Shape(4, 3, 16), Shape(7, 8, 8), Shape(8, 7, 4),
      Shape(9, 13, 16), Shape(13, 9, 8), Shape(16, 17, 8), Shape(17, 16, 16), Shape(26, 33, 4),
      Shape(33, 26, 8), Shape(1, 33, 16),
      Shape(512, 3, 16),  // several bands
    ])
  func agreesWithDouble(shape: Shape) throws {
    try check(shape, Settings())
  }

  @Test(arguments: Settings.all)
  func finishes(settings: Settings) throws {
    try check(Shape(9, 17, 4), settings)
  }

  private func check(_ shape: Shape, _ settings: Settings) throws {
    let trial = LayerTrial(shape, settings, seed: 1)
    try trial.expect(trial.modulated.convolved(trial.weight, kernel: 3)) {
      fast, outputs, finish, _ in
      .init(
        try FastConv(
          fast, weight: .of(trial.weight), size: shape.size, inChannels: shape.inChannels,
          outputs: outputs, finish: finish))
    }
  }
}
