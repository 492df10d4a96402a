import Core
import Networks
import Torch

extension Trainer {
  /// How near the averaged generator comes to pictures that were kept out, for the same w.
  ///
  /// - Returns: Mean absolute difference (of a range of 2), decibels of the mean squared one, and the
  ///   sharpness: mean magnitude of what 2x2 means leave out, drawn over real.
  func measureHeldOut() throws(ObverseError) -> [(name: String, value: Double)] {
    guard let heldOut else { return [] }
    var (absolute, squared, drawnDetail, realDetail) = (0.0, 0.0, 0.0, 0.0)
    let all = Array(0..<heldOut.count)
    for first in stride(from: 0, to: all.count, by: 4) {
      let indices = Array(all[first..<min(first + 4, all.count)])
      let share = Double(indices.count) / Double(all.count)
      let real = try heldOut.batch(
        indices, mirrored: indices.map { _ in false }, on: device)
      guard let w = heldOut.w(indices, on: device) else { return [] }
      let drawn = Torch.withoutGradients {
        average.synthesis(average.broadcast(w), noise: pairedNoise).clamped(to: -1...1)
      }
      let gap = drawn - real
      absolute += share * gap.magnitude.mean.item
      squared += share * gap.squared.mean.item
      drawnDetail += share * Self.detail(drawn)
      realDetail += share * Self.detail(real)
    }
    return [
      ("held_out_l1", absolute), ("held_out_db", 10 * logarithm10(4 / max(squared, 1e-12))),
      ("held_out_sharpness", drawnDetail / max(realDetail, 1e-12)),
    ]
  }

  /// Mean magnitude of an image's differences from its 2x2 means.
  private static func detail(_ images: Tensor) -> Double {
    let (n, c, side) = (images.shape[0], images.shape[1], images.shape[2])
    let blocks = images.reshaped([n, c, side / 2, 2, side / 2, 2])
    return (blocks - blocks.mean(over: [3, 5], keepingAxes: true)).magnitude.mean.item
  }
}
