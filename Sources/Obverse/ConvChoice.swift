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
