import Torch

/// The two-dimensional Haar transform, orthonormal.
enum Haar {
  /// One level: of each 2x2 block `a b / c d` the mean and three differences, each halved once.
  ///
  /// - Parameter x: `[N, C, H, W]` with even sides.
  /// - Returns: `low [N, C, H/2, W/2]` and `high [N, C, 3, H/2, W/2]`.
  static func split(_ x: Tensor) -> (low: Tensor, high: Tensor) {
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
  static func highBands(_ x: Tensor, levels: Int) -> [Tensor] {
    var low = x
    return (0..<levels).map { _ in
      let (next, high) = split(low)
      low = next
      return high
    }
  }
}
