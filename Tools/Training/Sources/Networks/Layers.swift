// The operators that generator and discriminator share, with the gains of StyleGAN2.
//
// Source: Karras et al. 2020, arXiv:1912.04958. Weights are stored with unit variance and multiplied
// at run time ("equalised learning rate"), which the converter folds away later.

import Torch

/// The low-pass [1, 3, 3, 1] that goes with every change of size.
///
/// It is applied as two products with banded matrices, one for rows and one for columns: their
/// gradients are products again. A depthwise convolution does a fraction of the arithmetic, but
/// LibTorch differentiates its gradient group by group, a hundred times slower at 16 px.
final class Filter {
  private static let taps: [Float] = [0.125, 0.375, 0.375, 0.125]

  /// What tells one matrix from another.
  private struct Key: Hashable {
    let size: Int
    /// Of the filter; nil for doubling.
    let padding: Int?
    let stride: Int
    let gain: Float
  }

  private let device: Device
  private var matrices: [Key: (rows: Tensor, columns: Tensor)] = [:]

  /// The filter as checkpoints carry it, `[4, 4]`, sums to 1.
  static var stored: Tensor {
    .values(taps.flatMap { a in taps.map { a * $0 } }, [4, 4])
  }

  init(device: Device) { self.device = device }

  /// Filters every channel by itself.
  ///
  /// The size grows by `2 * padding - 3`, then shrinks by `stride`. `gain` is the sum of the filter
  /// along one axis.
  func applied(_ x: Tensor, padding: Int, stride: Int = 1, gain: Float = 1) -> Tensor {
    let size = x.shape[3]
    return product(x, Key(size: size, padding: padding, stride: stride, gain: gain)) {
      let outSize = (size + 2 * padding - 4) / stride + 1
      var matrix = [Float](repeating: 0, count: outSize * size)
      for i in 0..<outSize {
        for (k, tap) in Self.taps.enumerated() {
          let source = i * stride + k - padding
          if (0..<size).contains(source) { matrix[i * size + source] = tap * gain }
        }
      }
      return (matrix, outSize)
    }
  }

  /// Doubles the size: zeros between the pixels, then the filter with gain 2 along each axis.
  ///
  /// Beyond the border it sees zeros.
  func upsampled(_ x: Tensor) -> Tensor {
    let size = x.shape[3]
    return product(x, Key(size: size, padding: nil, stride: 1, gain: 2)) {
      var matrix = [Float](repeating: 0, count: 2 * size * size)
      for i in 0..<2 * size {
        for (k, tap) in Self.taps.enumerated() {
          let spread = i + k - 2
          if spread >= 0, spread.isMultiple(of: 2), spread / 2 < size {
            matrix[i * size + spread / 2] = 2 * tap
          }
        }
      }
      return (matrix, 2 * size)
    }
  }

  /// `M x Mᵀ` for square images x.
  private func product(
    _ x: Tensor, _ key: Key, _ make: () -> (matrix: [Float], outSize: Int)
  ) -> Tensor {
    precondition(x.shape[2] == x.shape[3], "a square image, not \(x.shape)")
    if matrices[key] == nil {
      let (matrix, outSize) = make()
      let rows = Tensor.values(matrix, [outSize, key.size], on: device)
      matrices[key] = (rows, rows.permuted([1, 0]).contiguous)
    }
    guard let (rows, columns) = matrices[key] else { preconditionFailure("made above") }
    return rows.times(x.times(columns))
  }
}

/// `lrelu(x, 0.2)` times √2 and `gain`, clamped to `clamp` times `gain`.
func activated(_ x: Tensor, gain: Double = 1, clamp: Double?) -> Tensor {
  let y = x.leakyReLU(slope: 0.2) * (2.0.squareRoot() * gain)
  guard let clamp else { return y }
  return y.clamped(to: -clamp * gain...clamp * gain)
}

extension Tensor {
  /// `[C]` as `[1, C, 1, 1]`.
  var overPixels: Tensor { reshaped([1, -1, 1, 1]) }
}

/// A dense layer.
public struct Dense {
  enum Activation { case linear, leakyReLU }

  /// `[out, in]`.
  public let weight: Tensor
  let bias: Tensor
  let activation: Activation
  let weightGain: Double
  let rateMultiplier: Double

  init(
    _ registry: Registry, _ name: String, _ inWidth: Int, _ outWidth: Int,
    activation: Activation = .linear, rateMultiplier: Double = 1, bias: Double = 0
  ) {
    weight = registry.parameter(
      "\(name).weight", Tensor.normal([outWidth, inWidth]) * (1 / rateMultiplier))
    self.bias = registry.parameter("\(name).bias", .full(bias, [outWidth]))
    self.activation = activation
    self.rateMultiplier = rateMultiplier
    weightGain = rateMultiplier / Double(inWidth).squareRoot()
  }

  /// A linear layer whose gain is folded into its weight.
  init(folded registry: Registry, _ name: String, _ inWidth: Int, _ outWidth: Int, bias: Double) {
    weight = registry.parameter(
      "\(name).weight", Tensor.normal([outWidth, inWidth]) * (1 / Double(inWidth).squareRoot()))
    self.bias = registry.parameter("\(name).bias", .full(bias, [outWidth]))
    (activation, weightGain, rateMultiplier) = (.linear, 1, 1)
  }

  /// Multiplies each output of a linear layer, by its weights.
  public func scaleOutputs(by factors: [Float]) {
    precondition(activation == .linear && factors.count == bias.count, "\(factors.count) factors")
    let factors = Tensor.values(factors, [factors.count], on: weight.device)
    weight.assign(weight.detached * factors.reshaped([-1, 1]))
    bias.assign(bias.detached * factors)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let scaledBias = rateMultiplier == 1 ? bias : bias * rateMultiplier
    let scaledWeight = weightGain == 1 ? weight : weight * weightGain
    let y = x.linear(scaledWeight, bias: scaledBias)
    return activation == .leakyReLU ? activated(y, clamp: nil) : y
  }
}

/// An ordinary convolution, which can halve the size.
struct Conv {
  enum Activation { case linear, leakyReLU }

  let weight: Tensor
  let bias: Tensor?
  let activation: Activation
  let halves: Bool
  let clamp: Double?
  private let size: Int
  private let weightGain: Double

  init(
    _ registry: Registry, _ name: String, _ inWidth: Int, _ outWidth: Int, size: Int,
    activation: Activation = .leakyReLU, hasBias: Bool = true, halves: Bool = false,
    clamp: Double? = nil
  ) {
    weight = registry.parameter("\(name).weight", .normal([outWidth, inWidth, size, size]))
    bias = hasBias ? registry.parameter("\(name).bias", .zeros([outWidth])) : nil
    registry.constant("\(name).resample_filter", Filter.stored)
    self.size = size
    self.activation = activation
    self.halves = halves
    self.clamp = clamp
    weightGain = 1 / Double(inWidth * size * size).squareRoot()
  }

  func callAsFunction(_ x: Tensor, filter: Filter, gain: Double = 1) -> Tensor {
    let w = weight * weightGain
    var y: Tensor
    if !halves {
      y = x.convolved(w, padding: size / 2)
    } else if size == 1 {
      // The 1x1 convolution commutes with the choice of every second pixel: four times less work.
      y = filter.applied(x, padding: 1, stride: 2).convolved(w)
    } else {
      y = filter.applied(x, padding: 2).convolved(w, stride: 2)
    }
    if let bias { y = y + bias.overPixels }
    guard activation == .linear else { return activated(y, gain: gain, clamp: clamp) }
    return gain == 1 ? y : y * gain
  }
}
