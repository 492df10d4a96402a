// The operators that generator and discriminator share, with the gains of StyleGAN2.
//
// Source: Karras et al. 2020, arXiv:1912.04958. Weights are stored with unit variance and multiplied
// at run time ("equalised learning rate"), which the converter folds away later.

import Torch

/// The low-pass [1, 3, 3, 1] that goes with every change of size.
struct Filter {
  /// `[1, 1, 4, 4]`, sums to 1.
  private let kernel: Tensor

  /// The filter as checkpoints carry it, `[4, 4]`.
  static var stored: Tensor {
    let taps: [Float] = [1, 3, 3, 1]
    return .values(taps.flatMap { a in taps.map { a * $0 / 64 } }, [4, 4])
  }

  init(device: Device) { kernel = Self.stored.reshaped([1, 1, 4, 4]).moved(to: device) }

  /// Filters every channel by itself.
  ///
  /// The size grows by `2 * padding - 3`, then shrinks by `stride`.
  func applied(_ x: Tensor, padding: Int, stride: Int = 1, gain: Double = 1) -> Tensor {
    let channels = x.shape[1]
    return x.convolved(
      weights(channels, gain), stride: stride, padding: padding, groups: channels)
  }

  /// Doubles the size of an image; beyond the border it sees zeros.
  func upsampled(_ x: Tensor) -> Tensor {
    let channels = x.shape[1]
    // The filter is symmetric, so that the transposed convolution is the one after zero insertion.
    return x.transposeConvolved(weights(channels, 4), stride: 2, padding: 1, groups: channels)
  }

  private func weights(_ channels: Int, _ gain: Double) -> Tensor {
    let kernel = gain == 1 ? kernel : kernel * gain
    return kernel.expanded([channels, 1, 4, 4])
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
struct Dense {
  enum Activation { case linear, leakyReLU }

  let weight: Tensor
  let bias: Tensor
  let activation: Activation
  private let weightGain: Double
  private let rateMultiplier: Double

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

  func callAsFunction(_ x: Tensor) -> Tensor {
    let scaledBias = rateMultiplier == 1 ? bias : bias * rateMultiplier
    let y = x.linear(weight * weightGain, bias: scaledBias)
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
