import Torch

/// Switches for the channels that a discriminator's blocks give to each other.
///
/// Source: Li et al. 2021, "Revisiting Discriminator in GAN Compression", arXiv:2110.14439 (GCC).
public final class Gates: Network {
  public let registry: Registry
  /// A gate is open above this.
  static let threshold = 0.1

  /// All gates open.
  public init(_ shape: DiscriminatorShape, device: Device = .cpu) {
    registry = Registry(device: device)
    for index in (1..<shape.widths.count).reversed() {
      _ = registry.parameter("b\(4 << index).gate", .full(1, [shape.widths[index - 1]]))
    }
  }

  /// Multiplies each channel of the block's output by 0 or 1; the gradient passes as if by the gate.
  func applied(_ x: Tensor, block index: Int) -> Tensor {
    let gate = registry.parameters[index].tensor
    // A straight-through step: 1 above the threshold, 0 below it.
    let open = ((gate - Self.threshold) * 1e9).clamped(to: 0...1)
    return x * (gate + (open - gate).detached).overPixels
  }

  /// Brings the gates back to 0...1 after a step.
  public func clip() {
    for gate in parameters { gate.assign(gate.detached.clamped(to: 0...1)) }
  }
}
