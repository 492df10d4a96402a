import Core
import Kernels
import Testing

struct FastWinogradTests {
  @Test(
    arguments: [
      Shape(1, 1, 4), Shape(3, 4, 8), Shape(4, 3, 16), Shape(5, 7, 8), Shape(7, 8, 12),
      Shape(8, 5, 4), Shape(13, 16, 8), Shape(16, 17, 8), Shape(17, 16, 16), Shape(26, 33, 4),
      Shape(33, 26, 8), Shape(52, 13, 8), Shape(1, 33, 16), Shape(3, 5, 64), Shape(13, 7, 32),
      Shape(120, 3, 32),  // several bands
    ])
  func agreesWithDouble(shape: Shape) throws {
    try check(shape, Settings())
  }

  @Test(arguments: Settings.all)
  func finishes(settings: Settings) throws {
    try check(Shape(9, 17, 8), settings)
  }

  private func check(_ shape: Shape, _ settings: Settings) throws {
    let trial = LayerTrial(shape, settings, seed: 11)
    let sums = trial.modulated.convolved(trial.weight, rows: .fourByThree, columns: .fourByThree)
    try trial.expect(sums) { (fast, outputs, finish, _) throws(ObverseError) in
      .init(
        try FastWinograd(
          fast, weight: .of(trial.weight), size: shape.size, inChannels: shape.inChannels,
          outputs: outputs, finish: finish))
    }
  }
}
