import Kernels
import ModelFile

/// The algorithm of each 3x3 convolution of a StyleGAN2 synthesis network.
///
/// Maps are in blocks of channels up to some block of the network, and planar behind it, where there
/// are few channels; on either side each convolution takes what costs least.
package struct ConvChoice {
  /// By block: of the convolution that doubles the size, and of the other.
  package let up: [ConvAlgorithm]
  package let same: [ConvAlgorithm]
  /// The first block whose maps are planar, as are those of all behind it.
  package let firstPlanar: Int

  /// How the convolutions of a block become steps.
  enum Fusion {
    /// Each is a step of its own.
    case none
    /// The transposed convolution is; filtering its raw rows and the second convolution are another.
    case filterAndConv
    /// All are one step.
    case wholeBlock
  }

  /// A doubling by Winograd leaves whole tiles of raw rows, which the next step filters as it needs
  /// them; one of few channels is done over again for each band.
  func fusion(_ block: Int) -> Fusion {
    switch up[block] {
    case .direct: .none
    case .winograd: .filterAndConv
    case .planar: .wholeBlock
    }
  }

  /// Whether a block's maps are planar.
  func isPlanar(_ block: Int) -> Bool { block >= firstPlanar }

  /// `forced` is taken wherever it can be, for tests and measurements.
  package init(
    _ blocks: [SynthesisBlock], constChannels: Int, _ architecture: BlockArchitecture,
    _ fast: Fast, forced: ConvAlgorithm?
  ) {
    let cost = ConvCost(fast)
    var shapes: [(inputs: Int, middle: Int, outputs: Int, size: Int)] = []
    var channels = constChannels
    for (k, block) in blocks.enumerated() {
      let middle = block.conv0?.weight.shape[0] ?? channels
      shapes.append((channels, middle, block.conv1.weight.shape[0], 4 << k))
      channels = block.conv1.weight.shape[0]
    }
    // On smaller maps few tiles share each transformed weight, of which there are four times as many:
    // reading them costs more than the products saved, and each thread reads all.
    let blocked: [(up: ConvAlgorithm, same: ConvAlgorithm)] = shapes.map { shape in
      func best(
        possible: Int, worthwhile: Int, _ cost: (ConvAlgorithm) -> Double
      ) -> ConvAlgorithm {
        guard shape.size >= possible else { return .direct }
        if let forced, forced != .planar { return forced }
        guard shape.size >= worthwhile else { return .direct }
        return cost(.winograd) < cost(.direct) ? .winograd : .direct
      }
      return (
        best(possible: 16, worthwhile: 32) {
          cost.up($0, shape.inputs, shape.middle, size: shape.size)
        },
        best(possible: 8, worthwhile: 16) {
          cost.same($0, shape.middle, shape.outputs, size: shape.size)
        }
      )
    }
    func total(_ k: Int, _ up: ConvAlgorithm, _ same: ConvAlgorithm) -> Double {
      let shape = shapes[k]
      return cost.up(up, shape.inputs, shape.middle, size: shape.size)
        + cost.same(same, shape.middle, shape.outputs, size: shape.size)
    }
    // The suffix of the blocks that gains most by being planar. A planar row must hold whole vectors,
    // also of the half-size image; the residual of a resnet is in blocks.
    var first = blocks.count
    var gain = 0.0
    var best = 0.0
    for k in stride(from: blocks.count - 1, through: 1, by: -1)
    where architecture == .skip && shapes[k].size >= 2 * fast.lanes {
      gain += total(k, blocked[k].up, blocked[k].same) - total(k, .planar, .planar)
      let takes = forced.map { $0 == .planar } ?? (gain > best)
      if takes {
        best = gain
        first = k
      }
    }
    firstPlanar = first
    up = blocked.indices.map { $0 < first ? blocked[$0].up : .planar }
    same = blocked.indices.map { $0 < first ? blocked[$0].same : .planar }
  }
}

/// What a convolution costs, in nanoseconds, on NEON in instructions; a function of its shape and the
/// instruction set alone, so that pixels depend on nothing else.
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
      case .avx2, .baseline:
        Prices(
          direct: ((0.0169, 0.51), (0.0188, 0.43)), winograd: ((0.0184, 1.01), (0.0289, 1.05)),
          planar: ((0.0176, 0.48), (0.0216, 0.46)))
      // Instructions, not nanoseconds: no machine was there to time. Counted under emulation for the paper's
      // networks of p = 0.8, 0.9 and 0.95 (`Benchmarks/Instructions/layers`), fitted by `Benchmarks/sweep neon`;
      // those of direct and Winograd lie within 14 %, planar ones within 32 %.
      case .neon:
        Prices(
          direct: ((0.313, 7.16), (0.359, 9.08)), winograd: ((0.326, 8.94), (0.344, 11.9)),
          planar: ((0.528, 11.6), (0.698, 15.4)))
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
