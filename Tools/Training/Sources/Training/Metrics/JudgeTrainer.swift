import Core
import Networks
import Torch

/// Trains the network that measures with what no loss has seen.
///
/// Two crops of a picture, recoloured, shall be nearer to each other than to crops of other pictures
/// (Chen et al. 2020, arXiv:2002.05709). No labels, no other network.
public struct JudgeTrainer {
  public var size: Int
  public var steps = 2000
  public var batch = 64
  public var rate = 1e-3
  public var seed: UInt64 = 0
  private static let temperature = 0.2

  public init(size: Int) { self.size = size }

  /// Trains and writes the network.
  ///
  /// - Parameters:
  ///   - data: Pictures, best not those that are measured later.
  ///   - output: The file.
  ///   - device: Where it is computed.
  ///   - progress: Receives the step and its loss.
  ///   - shouldStop: Asked after each step.
  /// - Returns: What it was trained with.
  /// - Throws: `request` where the loss is no longer finite; what reading and writing say.
  @discardableResult
  public func train(
    _ data: ImageData, to output: String, on device: Device, progress: (Int, Double) -> Void,
    shouldStop: () -> Bool = { false }
  ) throws(ObverseError) -> JudgeReport {
    guard data.count >= 2 else {
      throw .request("a judge tells pictures apart, and there is only one", hint: nil)
    }
    Torch.seed(seed)
    let judge = Judge(size: size, device: device)
    let adam = Adam(judge.parameters, rate: rate, beta1: 0.9, beta2: 0.999)
    var order = Order(count: data.count, seed: seed)
    let n = min(batch, data.count)
    let diagonal = Tensor.values(
      (0..<n * n).map { $0 % (n + 1) == 0 ? 1 : 0 }, [n, n], on: device)
    var (taken, last) = (0, Double.nan)
    for step in 0..<steps {
      var random = SplitMix64(seed: seed, stream: UInt64(step))
      Torch.seed(random.next())
      let indices = (0..<n).map { order.image(at: step * n + $0) }
      let images = try data.batch(indices, mirrored: indices.map { _ in false }, on: device)
      let (a, b) = (
        judge.projected(view(images, &random)), judge.projected(view(images, &random))
      )
      let likeness = a.times(b.permuted([1, 0])) * (1 / Self.temperature)
      let matches = likeness.logSoftmax(axis: 1) + likeness.logSoftmax(axis: 0)
      let loss = (matches * diagonal).sum * (-0.5 / Double(n))
      adam.minimize(loss)
      taken = step + 1
      let isLast = taken == steps || shouldStop()
      if taken % 50 == 0 || isLast {
        last = loss.item
        guard last.isFinite else {
          throw .request("the judge's loss is no longer finite at step \(step)", hint: nil)
        }
        progress(taken, last)
      }
      if isLast { break }
    }
    try SafetensorsWriter.write(
      judge.tensors, metadata: ["producer": "obverse-train \(Version.number)", "network": "judge"],
      to: output)
    return JudgeReport(
      size: size, images: data.count, steps: taken, batch: n, seed: seed, loss: last)
  }

  /// A crop of at least 0.6 of the side, perhaps mirrored, with other colours for each picture.
  private func view(_ images: Tensor, _ random: inout SplitMix64) -> Tensor {
    let n = images.shape[0]
    let side = max(Int((0.6 + 0.4 * random.fraction()) * Double(size)), 2)
    let (x, y) = (random.below(size - side + 1), random.below(size - side + 1))
    var view = images.slice(axis: 3, x..<x + side).slice(axis: 2, y..<y + side)
      .resized(to: size)
    if random.next() & 1 == 1 { view = view.flipped(axis: 3) }
    let device = images.device
    let gain = Tensor.normal([n, 3, 1, 1], on: device) * 0.2 + 1
    return view * gain + Tensor.normal([n, 3, 1, 1], on: device) * 0.2
  }
}
