import Kernels

/// What a convolution costs, in nanoseconds; a function of its shape and the instruction set alone, so
/// that pixels depend on nothing else.
///
/// An algorithm has two prices: one for each multiply-add that it really does, and one for each value
/// that it reads or writes (modulating, transforming, filtering, finishing). They are least squares of
/// relative error over the 3x3 layers of 32 pixels and more of the seven networks of the README's
/// table, timed a step with each algorithm forced, on an AMD EPYC (Zen 4); nearly all
/// lie within 25 %. `Benchmarks/sweep` fits them anew. What counts is their ratio, which changes less
/// between processors than the prices do.
struct ConvCost {
  private let fast: Fast
  private let prices: Prices

  private typealias Price = (mac: Double, value: Double)

  /// Of a convolution of unchanged size, and of one that doubles it.
  private struct Prices {
    let direct: (same: Price, up: Price)
    let winograd: (same: Price, up: Price)
    let planar: (same: Price, up: Price)

    func of(_ algorithm: ConvAlgorithm) -> (same: Price, up: Price) {
      switch algorithm {
      case .direct: direct
      case .winograd: winograd
      case .planar: planar
      }
    }
  }

  init(_ fast: Fast) {
    self.fast = fast
    prices =
      switch fast.instructionSet {
      case .avx512:
        Prices(
          direct: ((0.0170, 0.42), (0.0181, 0.42)), winograd: ((0.0177, 0.84), (0.0236, 0.78)),
          planar: ((0.0163, 0.42), (0.0208, 0.32)))
      // Not fitted apart for the baseline, whose multiply-adds and values are both dearer.
      case .avx2, .baseline, .neon:
        Prices(
          direct: ((0.0169, 0.51), (0.0188, 0.43)), winograd: ((0.0184, 1.01), (0.0289, 1.05)),
          planar: ((0.0176, 0.48), (0.0216, 0.46)))
      }
  }

  /// A 3x3 convolution of unchanged size, from `inputs` to `outputs` channels.
  func same(_ algorithm: ConvAlgorithm, _ inputs: Int, _ outputs: Int, size: Int) -> Double {
    let price = prices.of(algorithm).same
    let pixels = Double(size * size)
    // Products for an output pixel and a pair of channels: 9, 36 for 16, 18 for 4.
    return switch algorithm {
    case .direct: pixels * cost(price, 9, inputs, padded(outputs), padded(inputs) + padded(outputs))
    case .winograd:
      pixels * cost(price, 36.0 / 16, inputs, padded(outputs), padded(inputs) + padded(outputs))
    case .planar: pixels * cost(price, 18.0 / 4, inputs, outputs, inputs + outputs)
    }
  }

  /// One that doubles the size; `size` is the output's.
  func up(_ algorithm: ConvAlgorithm, _ inputs: Int, _ outputs: Int, size: Int) -> Double {
    let price = prices.of(algorithm).up
    let pixels = Double(size * size / 4)
    // Products for an input pixel and a pair of channels: 9, and 81 for 16.
    return switch algorithm {
    case .direct:
      pixels * cost(price, 9, inputs, padded(outputs), padded(inputs) + 4 * padded(outputs))
    case .winograd:
      pixels * cost(price, 81.0 / 16, inputs, padded(outputs), padded(inputs) + 4 * padded(outputs))
    case .planar: pixels * cost(price, 9, inputs, outputs, inputs + 4 * outputs)
    }
  }

  private func padded(_ channels: Int) -> Int { fast.blocks(channels) * fast.lanes }

  private func cost(
    _ price: Price, _ products: Double, _ inputs: Int, _ outputs: Int, _ values: Int
  ) -> Double {
    products * Double(inputs * outputs) * price.mac + Double(values) * price.value
  }
}
