import Core
import Kernels
import Testing

struct FastPlanarTests {
  @Test(
    arguments: [
      Shape(1, 1, 16), Shape(3, 4, 8), Shape(4, 3, 16), Shape(5, 7, 32), Shape(7, 8, 16),
      Shape(8, 5, 8), Shape(13, 16, 16), Shape(16, 17, 32), Shape(17, 13, 16), Shape(26, 33, 16),
      Shape(33, 26, 8), Shape(52, 4, 16), Shape(1, 33, 16), Shape(3, 5, 64), Shape(2, 3, 4),
      Shape(7, 5, 128),  // vectors fill the widest tile several times
      Shape(3, 52, 64),  // several chunks of columns
    ])
  func convolves(shape: Shape) throws {
    try convolution(shape, Settings())
  }

  @Test(arguments: Settings.all)
  func finishesAConvolution(settings: Settings) throws {
    try convolution(Shape(5, 9, 16), settings)
  }

  private func convolution(_ shape: Shape, _ settings: Settings) throws {
    let trial = LayerTrial(shape, settings, seed: 13)
    let sums = trial.modulated.convolved(trial.weight, rows: .fourByThree, columns: .direct)
    try trial.expect(sums, from: .planar, to: .planar) {
      (fast, outputs, finish, _) throws(ObverseError) in
      .init(
        try FastPlanarConv(
          fast, weight: .of(trial.weight), size: shape.size, inChannels: shape.inChannels,
          outputs: outputs, finish: finish))
    }
  }

  @Test(
    arguments: [
      Shape(1, 1, 16), Shape(3, 4, 8), Shape(4, 3, 16), Shape(5, 7, 32), Shape(7, 8, 16),
      Shape(8, 5, 8), Shape(13, 16, 16), Shape(16, 17, 16), Shape(17, 13, 16), Shape(26, 33, 8),
      Shape(33, 26, 16), Shape(52, 4, 16), Shape(1, 33, 16), Shape(2, 3, 64), Shape(2, 3, 4),
      Shape(2, 200, 16), Shape(1, 1000, 16),  // several bands, and such of two rows
    ], [false, true])
  func doublesTheSize(shape: Shape, readsPlanar: Bool) throws {
    try upConvolution(shape, Settings(), readsPlanar)
  }

  @Test(arguments: Settings.all)
  func finishesAnUpConvolution(settings: Settings) throws {
    try upConvolution(Shape(5, 9, 16), settings, true)
  }

  private func upConvolution(_ shape: Shape, _ settings: Settings, _ readsPlanar: Bool) throws {
    let trial = LayerTrial(shape, settings, seed: 14, doubles: true)
    let sums = trial.modulated.upConvolved(trial.weight, by: .phases)
    try trial.expect(sums, from: readsPlanar ? .planar : .blocks, to: .planar) {
      (fast, _, finish, _) throws(ObverseError) in
      .init(
        try FastPlanarUpConv(
          fast, weight: .of(trial.weight), size: shape.size, inChannels: shape.inChannels,
          outChannels: shape.outChannels, readsPlanar: readsPlanar, finish: finish))
    }
  }

  /// `outChannels` are those of the image.
  @Test(
    arguments: [
      Shape(1, 3, 32), Shape(5, 1, 16), Shape(4, 3, 64), Shape(3, 2, 32), Shape(7, 4, 32),
      Shape(13, 3, 8), Shape(17, 3, 32), Shape(33, 3, 32), Shape(52, 1, 64),
    ], [nil, 0.5] as [Float?])
  func addsToTheDoubledImage(shape: Shape, clamp: Float?) throws {
    let trial = ImageTrial(shape, clamp: clamp, seed: 15)
    try trial.expect(from: .planar, roundings: 0) { (fast) throws(ObverseError) in
      2 * fast.lanes <= shape.size
        ? try FastPlanarToRGB(
          fast, weight: .of(trial.weight), bias: .of(trial.bias), clamp: clamp, size: shape.size,
          inChannels: shape.inChannels) : nil
    }
  }
}
