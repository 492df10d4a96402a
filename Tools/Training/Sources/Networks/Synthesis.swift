import Torch

/// A layer that reads channels.
public struct Reader {
  /// `[out, in, k, k]`; of a separable convolution the pointwise part, `[out, in]`.
  public let weight: Tensor
  public let affine: Dense
  /// Whether its kernels have unit length, for each image, after the style.
  public let isDemodulated: Bool
  /// What filters each channel first, `[in, 3, 3]`.
  public var depthwise: Tensor?

  /// What an input channel meets in all, `[out, in, k, k]`.
  public var kernel: Tensor {
    guard weight.shape.count == 2 else { return weight }
    let whole = weight.reshaped(weight.shape + [1, 1])
    return depthwise.map { whole * $0.reshaped([1, -1, 3, 3]) } ?? whole
  }
}

/// `ws -> image`, in either family.
public protocol Synthesis: AnyObject {
  /// What the first block reads, `[C, 4, 4]`.
  var const: Tensor { get }

  /// Who reads the constant, then the output of each convolution: the next one, at the end the layer
  /// that makes the image.
  var readers: [Reader] { get }

  /// The styles of every layer, with what multiplies them: `[N, in]` each, in the layers' order.
  func styles(_ ws: Tensor) -> [Tensor]

  /// Draws images.
  ///
  /// - Parameters:
  ///   - ws: `[N, wsCount, wDim]`.
  ///   - noise: Where the layers' noise comes from.
  ///   - visit: Is told the side and the features of each block, before the layer to the image.
  ///   - visitLayer: Is told what each of `readers` reads.
  /// - Returns: `[N, C, H, W]`.
  func callAsFunction(
    _ ws: Tensor, noise: NoiseMode, visit: (Int, Tensor) -> Void, visitLayer: (Tensor) -> Void
  ) -> Tensor
}

extension Synthesis {
  public func callAsFunction(_ ws: Tensor, noise: NoiseMode) -> Tensor {
    self(ws, noise: noise, visit: { _, _ in }, visitLayer: { _ in })
  }

  public func callAsFunction(
    _ ws: Tensor, noise: NoiseMode, visit: (Int, Tensor) -> Void
  ) -> Tensor {
    self(ws, noise: noise, visit: visit, visitLayer: { _ in })
  }

  public func callAsFunction(
    _ ws: Tensor, noise: NoiseMode, visitLayer: (Tensor) -> Void
  ) -> Tensor {
    self(ws, noise: noise, visit: { _, _ in }, visitLayer: visitLayer)
  }
}
