import Core
import Torch

/// The sliced Wasserstein distance between patches of two sets of images, by size of detail.
///
/// Source: Karras et al. 2018, arXiv:1710.10196, section 5: Laplacian pyramids down to 16x16, 128
/// patches of 7x7 from each image and level, each channel of a set brought to mean 0 and deviation
/// 1, then 4 times 128 random directions; the mean distance along them, times 1000.
enum SlicedWasserstein {
  static let patch = 7
  static let patchesPerImage = 128
  static let repeats = 4
  static let directions = 128

  /// What the number is called.
  static let name = "swd (7x7 patches, 128 an image and level, 4x128 directions, x1000)"

  /// Distances by level, full size first.
  ///
  /// - Parameters:
  ///   - a: One set.
  ///   - b: The other; the smaller of both counts says how many images of each are used.
  ///   - seed: Of places and directions, which are the same for both sets.
  ///   - device: Where it is computed.
  /// - Returns: The side of each level's maps and its distance.
  /// - Throws: What reading images says.
  static func distances(
    _ a: ImageSet, _ b: ImageSet, seed: UInt64, on device: Device
  ) throws(ObverseError) -> [(size: Int, distance: Double)] {
    let count = min(a.count, b.count)
    let first = try descriptors(a, count: count, seed: seed, on: device)
    let second = try descriptors(b, count: count, seed: seed, on: device)
    return first.indices.map { level in
      let (x, y) = (normalized(first[level].values), normalized(second[level].values))
      Torch.seed(seed)
      var sum = 0.0
      for _ in 0..<repeats {
        let raw = Tensor.normal([3 * patch * patch, directions])
        let slices = raw / raw.squared.sum(over: [0], keepingAxes: true).squareRoot
        let gap = x.times(slices).sorted(axis: 0) - y.times(slices).sorted(axis: 0)
        sum += gap.magnitude.mean.item
      }
      return (first[level].size, 1000 * sum / Double(repeats))
    }
  }

  /// Patches of every level, `[count * patchesPerImage, 3 * 7 * 7]`.
  private static func descriptors(
    _ set: ImageSet, count: Int, seed: UInt64, on device: Device
  ) throws(ObverseError) -> [(size: Int, values: Tensor)] {
    let filter = Tensor.values(
      gauss.flatMap { a in gauss.map { a * $0 } }, [1, 1, 5, 5], on: device)
    var levels: [(size: Int, values: [Float])] = []
    try set.visit(batch: 64, most: count) { first, images throws(ObverseError) in
      for (level, map) in pyramid(images, filter).enumerated() {
        let size = map.shape[2]
        if level == levels.count { levels.append((size, [])) }
        let values = map.floats
        for i in 0..<min(images.shape[0], count - first) {
          var random = SplitMix64(seed: seed, stream: UInt64((first + i) * 16 + level))
          for _ in 0..<patchesPerImage {
            let (x, y) = (random.below(size - patch + 1), random.below(size - patch + 1))
            for c in 0..<3 {
              for row in 0..<patch {
                let start = ((i * 3 + c) * size + y + row) * size + x
                levels[level].values += values[start..<start + patch]
              }
            }
          }
        }
      }
    }
    return levels.map { level in
      (
        level.size,
        .values(level.values, [level.values.count / (3 * patch * patch), 3 * patch * patch])
      )
    }
  }

  private static let gauss: [Float] = [1, 4, 6, 4, 1].map { $0 / 16 }

  /// What each size adds to the next smaller one; the last is what remains, at 16 or the full size.
  static func pyramid(_ images: Tensor, _ filter: Tensor) -> [Tensor] {
    var levels: [Tensor] = []
    var image = images
    while image.shape[2] >= 32 {
      let small = filtered(image, filter, stride: 2)
      levels.append(image - doubled(small, filter))
      image = small
    }
    return levels + [image]
  }

  private static func filtered(_ x: Tensor, _ filter: Tensor, stride: Int) -> Tensor {
    let (n, c, size) = (x.shape[0], x.shape[1], x.shape[2])
    return x.reshaped([n * c, 1, size, size])
      .padded(left: 2, right: 2, top: 2, bottom: 2, mirrors: true)
      .convolved(filter, stride: stride).reshaped([n, c, size / stride, size / stride])
  }

  /// Zeros between the pixels, then the filter with gain 4.
  private static func doubled(_ x: Tensor, _ filter: Tensor) -> Tensor {
    let (n, c, size) = (x.shape[0], x.shape[1], x.shape[2])
    let column = x.reshaped([n, c, size, 1, size, 1])
    let zeros = Tensor.zeros([n, c, size, 1, size, 1], on: x.device)
    let wide = Tensor.concatenated([column, zeros], axis: 5)
    let tall = Tensor.concatenated(
      [wide, .zeros([n, c, size, 1, size, 2], on: x.device)], axis: 3)
    return filtered(tall.reshaped([n, c, 2 * size, 2 * size]), filter * 4, stride: 1)
  }

  /// Each colour channel of a set with mean 0 and deviation 1.
  private static func normalized(_ x: Tensor) -> Tensor {
    let (n, d) = (x.shape[0], x.shape[1])
    let colours = x.reshaped([n, 3, d / 3])
    let centred = colours - colours.mean(over: [0, 2], keepingAxes: true)
    let deviation = centred.squared.mean(over: [0, 2], keepingAxes: true).squareRoot
    return (centred / (deviation + 1e-8)).reshaped([n, d])
  }
}
