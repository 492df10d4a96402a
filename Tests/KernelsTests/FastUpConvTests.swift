import Core
import Kernels
import Testing

struct FastUpConvTests {
  @Test(
    arguments: [
      Shape(1, 1, 4), Shape(3, 4, 8), Shape(4, 3, 4), Shape(7, 8, 8), Shape(8, 7, 4),
      Shape(9, 13, 8), Shape(13, 9, 4), Shape(16, 17, 8), Shape(17, 16, 4), Shape(26, 33, 4),
      Shape(33, 26, 8), Shape(3, 3, 1), Shape(2, 5, 16),
      Shape(2, 400, 8),  // several bands
      Shape(1, 1700, 8),  // bands of two rows
    ])
  func agreesWithDouble(shape: Shape) throws {
    try check(shape, Settings())
  }

  @Test(arguments: Settings.all)
  func finishes(settings: Settings) throws {
    try check(Shape(9, 17, 4), settings)
  }

  private func check(_ shape: Shape, _ settings: Settings) throws {
    let trial = LayerTrial(shape, settings, seed: 2, doubles: true)
    try trial.expect(trial.modulated.upConvolved(trial.weight)) {
      (fast, outputs, finish, _) throws(ObverseError) in
      .init(
        try FastUpConv(
          fast, weight: .of(trial.weight), size: shape.size, inChannels: shape.inChannels,
          outputs: outputs, finish: finish))
    }
  }
}
