import Networks
import Torch

/// A batch of latents, which several generators can draw from.
struct Latents {
  /// `[N, zDim]`.
  let z: Tensor
  /// From layer `cutoff` on, images take their styles from here; nil for unmixed ones.
  let second: Tensor?
  let cutoff: Int
  /// `[N, wDim]` that are known already, as those of pictures are; z says nothing then.
  private var w: Tensor?
  /// What w is shifted by in a second half of the batch, `[N, wDim]`; nil for no such half.
  var shifts: Tensor?

  init(z: Tensor, second: Tensor?, cutoff: Int) {
    (self.z, self.second, self.cutoff) = (z, second, cutoff)
  }

  /// Unmixed ones whose w are known.
  init(w: Tensor, zDim: Int) {
    self.init(z: .zeros([w.shape[0], zDim], on: w.device), second: nil, cutoff: 1)
    self.w = w
  }

  /// Draws z, and by chance a second one.
  init(
    _ n: Int, _ shape: GeneratorShape, mixing: Double, _ random: inout SplitMix64, on device: Device
  ) {
    z = .normal([n, shape.zDim], on: device)
    // Drawn in any case, so that the order of numbers does not depend on the outcome.
    let chance = random.fraction()
    cutoff = 1 + random.below(shape.wsCount - 1)
    second = chance < mixing ? .normal([n, shape.zDim], on: device) : nil
  }

  /// The first `n`, unshifted.
  func prefix(_ n: Int) -> Latents {
    var first = Latents(
      z: z.slice(axis: 0, 0..<n), second: second?.slice(axis: 0, 0..<n), cutoff: cutoff)
    first.w = w?.slice(axis: 0, 0..<n)
    return first
  }

  /// `[n, wsCount, wDim]` by a generator's own mapping; `[2n, …]` with shifts.
  func ws(of generator: Generator, updatesAverage: Bool = false) -> Tensor {
    let ws = unshifted(generator, updatesAverage: updatesAverage)
    guard let shifts else { return ws }
    return .concatenated([ws, ws + shifts.reshaped([shifts.shape[0], 1, -1])], axis: 0)
  }

  private func unshifted(_ generator: Generator, updatesAverage: Bool) -> Tensor {
    if let w { return generator.broadcast(w) }
    let ws = generator.broadcast(generator.mapping(z, updatesAverage: updatesAverage))
    guard let second else { return ws }
    let late = generator.broadcast(generator.mapping(second))
    return .concatenated(
      [ws.slice(axis: 1, 0..<cutoff), late.slice(axis: 1, cutoff..<generator.shape.wsCount)],
      axis: 1)
  }
}
