import Core
import Networks
import Torch

/// Pictures to be measured, real or drawn, in batches of bytes brought to -1 to 1.
public struct ImageSet {
  public let count: Int
  let size: Int
  private let make: (Range<Int>) throws(ObverseError) -> Tensor

  /// Pictures that `make` gives, `[N, 3, size, size]` of -1 to 1 for positions of `0..<count`.
  init(
    count: Int, size: Int, make: @escaping (Range<Int>) throws(ObverseError) -> Tensor
  ) {
    self.count = count
    self.size = size
    self.make = make
  }

  /// The first `count` pictures of a data set.
  public init(_ data: ImageData, count: Int, on device: Device) {
    self.count = min(count, data.count)
    size = data.size
    make = { range throws(ObverseError) in
      try data.batch(Array(range), mirrored: range.map { _ in false }, on: device)
    }
  }

  /// Pictures of a generator at psi 1 with random noise, in bytes as a viewer gets them.
  public init(_ generator: Generator, count: Int, seed: UInt64, on device: Device) {
    self.count = count
    size = generator.shape.resolution
    make = { range throws(ObverseError) in
      // Every batch has a seed of its own, so that a set does not depend on who asks first.
      var random = SplitMix64(seed: seed, stream: UInt64(range.lowerBound))
      Torch.seed(random.next())
      let images = Torch.withoutGradients {
        generator(.normal([range.count, generator.shape.zDim], on: device), noise: .random)
      }
      return Tensor.bytes(Self.seen(images), images.shape, on: device) * (1 / 127.5) - 1
    }
  }

  /// Images of -1 to 1 as a viewer gets them.
  static func seen(_ images: Tensor) -> [UInt8] {
    images.floats.map { value in
      let scaled = value * 127.5 + 128
      return scaled > 0 ? UInt8(min(scaled, 255)) : 0
    }
  }

  /// Visits the pictures, `batch` at once, until at least `most` were seen.
  ///
  /// Batches are whole, since what a generator draws depends on how many it draws at once.
  func visit(
    batch: Int, most: Int = .max,
    _ body: (_ first: Int, _ images: Tensor) throws(ObverseError) -> Void
  ) throws(ObverseError) {
    var first = 0
    while first < min(count, most) {
      let end = min(first + batch, count)
      try body(first, try make(first..<end))
      first = end
    }
  }

  /// Features `[count, width]` on the CPU.
  func features(
    _ network: any FeatureNetwork, batch: Int, progress: (Int) -> Void
  ) throws(ObverseError) -> Tensor {
    var rows: [Tensor] = []
    try visit(batch: batch) { first, images throws(ObverseError) in
      rows.append(Torch.withoutGradients { network(images) }.moved(to: .cpu))
      progress(first + images.shape[0])
    }
    return .concatenated(rows, axis: 0)
  }
}
