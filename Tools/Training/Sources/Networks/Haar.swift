import Torch

/// The two-dimensional Haar transform, orthonormal.
public enum Haar {
  /// One level: of each 2x2 block `a b / c d` the mean and three differences, each halved once.
  ///
  /// - Parameter x: `[N, C, H, W]` with even sides.
  /// - Returns: `low [N, C, H/2, W/2]` and `high [N, C, 3, H/2, W/2]`.
  public static func split(_ x: Tensor) -> (low: Tensor, high: Tensor) {
    let shape = x.shape
    let (n, c, h, w) = (shape[0], shape[1], shape[2], shape[3])
    precondition(h % 2 == 0 && w % 2 == 0, "a Haar transform of \(shape)")
    // [N, C, H/2, 2, W/2, 2]: the two axes of size 2 are the block's.
    let rows = x.reshaped([n, c, h / 2, 2, w])
    let sum = rows.element(axis: 3, 0) + rows.element(axis: 3, 1)
    let difference = rows.element(axis: 3, 0) - rows.element(axis: 3, 1)
    func columns(_ x: Tensor) -> (Tensor, Tensor) {
      let x = x.reshaped([n, c, h / 2, w / 2, 2])
      let (a, b) = (x.element(axis: 4, 0), x.element(axis: 4, 1))
      return ((a + b) * 0.5, (a - b) * 0.5)
    }
    let (low, acrossColumns) = columns(sum)
    let (acrossRows, across) = columns(difference)
    let high = Tensor.concatenated(
      [acrossColumns, acrossRows, across].map { $0.reshaped([n, c, 1, h / 2, w / 2]) }, axis: 2)
    return (low, high)
  }

  /// The high bands of each level, finest first.
  public static func highBands(_ x: Tensor, levels: Int) -> [Tensor] {
    var low = x
    return (0..<levels).map { _ in
      let (next, high) = split(low)
      low = next
      return high
    }
  }

  /// The bands of images in MobileStyleGAN's order: the C means, then for each channel the differences
  /// between rows, between columns and across.
  ///
  /// - Parameter images: `[N, C, 2H, 2W]`.
  /// - Returns: `[N, 4C, H, W]`; `joined` undoes it.
  public static func bands(_ images: Tensor) -> Tensor {
    let (low, high) = split(images)
    let (n, c, h, w) = (low.shape[0], low.shape[1], low.shape[2], low.shape[3])
    let ordered = Tensor.concatenated([1, 0, 2].map { high.slice(axis: 2, $0..<$0 + 1) }, axis: 2)
    return .concatenated([low, ordered.reshaped([n, 3 * c, h, w])], axis: 1)
  }

  /// The inverse transform: `[N, 4C, H, W]` in the order of `bands` to `[N, C, 2H, 2W]`.
  public static func joined(_ bands: Tensor) -> Tensor {
    let (n, c, h, w) = (bands.shape[0], bands.shape[1] / 4, bands.shape[2], bands.shape[3])
    let low = bands.slice(axis: 1, 0..<c) * 0.5
    let high = bands.slice(axis: 1, c..<4 * c).reshaped([n, c, 3, h, w]) * 0.5
    let (rows, columns) = (high.element(axis: 2, 0), high.element(axis: 2, 1))
    let across = high.element(axis: 2, 2)
    let (top, bottom) = (low + rows, low - rows)
    let (same, other) = (columns + across, columns - across)
    let pixels = [top + same, top - same, bottom + other, bottom - other]
    return Tensor.concatenated(pixels.map { $0.reshaped([n, c, 1, h, w]) }, axis: 2)
      .reshaped([n, c, 2, 2, h, w]).permuted([0, 1, 4, 2, 5, 3]).reshaped([n, c, 2 * h, 2 * w])
  }
}
