import Torch

/// Trained 1x1 convolutions without bias, which bring a student's maps to its teacher's widths.
public final class Projections: Network {
  public let registry: Registry
  private var weights: [Int: Tensor] = [:]

  /// Normals with the variance of PyTorch's own start.
  ///
  /// - Parameters:
  ///   - student: Widths to come from.
  ///   - teacher: Widths to go to.
  ///   - sides: Of the maps, each of a block of both.
  ///   - device: Where they are made.
  public init(
    from student: GeneratorShape, to teacher: GeneratorShape, sides: [Int], device: Device = .cpu
  ) {
    registry = Registry(device: device)
    for side in sides {
      let layer = 2 * (side.trailingZeroBitCount - 2) + 1
      let (from, to) = (student.widths[layer], teacher.widths[layer])
      weights[side] = registry.parameter(
        "b\(side).weight", Tensor.normal([to, from, 1, 1]) * (1 / (3 * Double(from)).squareRoot()))
    }
  }

  /// `[N, student, side, side]` to `[N, teacher, side, side]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard let weight = weights[x.shape[2]] else { preconditionFailure("maps of \(x.shape)") }
    return x.convolved(weight)
  }
}
