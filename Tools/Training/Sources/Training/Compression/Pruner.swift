import Core
import Networks
import Torch

/// How a pruned generator is made from a full one.
public struct PruneSettings: Codable, Equatable, Sendable {
  /// What tells a channel that stays from one that goes.
  public enum Score: String, Codable, Sendable, CaseIterable {
    /// Content-aware (CAGC) with the whole image as content.
    case content
    /// Mean magnitude of the kernels that read the channel, modulated and demodulated at the mean w.
    case weight
    case random
  }

  /// Channels of each layer that go, in thousandths: 0.7 has no exact Double.
  public var perMille: Int
  public var score = Score.content
  /// Pictures that the content-aware score looks at, and how many at once.
  public var samples = 400
  public var batch = 8
  /// Share of pixels that the content-aware score replaces.
  public var noise = 0.05
  /// Scales the kept weights of toRGB by `√(kept / full)`, since its gain follows the width.
  public var compensatesRGB = false
  /// Widths are rounded up to a multiple of this.
  public var multiple = 1
  public var seed: UInt64 = 0

  public init(perMille: Int) { self.perMille = perMille }

  /// Channels that stay of `width`: `ceil((1 - ratio) * width)`, then rounded up to `multiple`.
  public func kept(of width: Int) -> Int {
    let kept = width - width * perMille / 1000
    return min((kept + multiple - 1) / multiple * multiple, width)
  }
}

/// A pruned generator is a choice of channels for the constant and for every convolution.
public enum Pruner {
  /// Gives each channel that a layer may lose its score, lists in the order of `shape.widths`.
  ///
  /// A channel is judged by the convolution that reads it, the last ones by the last toRGB.
  public static func scores(
    _ generator: Generator, _ settings: PruneSettings, progress: (Int) -> Void = { _ in }
  ) -> [[Float]] {
    switch settings.score {
    case .content: ContentScore.scores(generator, settings, progress: progress)
    case .weight: weightScores(generator)
    case .random:
      generator.shape.widths.enumerated().map { i, width in
        var random = SplitMix64(seed: settings.seed, stream: UInt64(i))
        return (0..<width).map { _ in Float(random.fraction()) }
      }
    }
  }

  /// Indices of the channels that stay, ascending, for each list of scores.
  public static func kept(_ scores: [[Float]], _ settings: PruneSettings) -> [[Int]] {
    scores.map { scores in
      // Of equal scores the later channel goes, so that a result repeats.
      let order = scores.indices.sorted {
        scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1
      }
      return order.prefix(settings.kept(of: scores.count)).sorted()
    }
  }

  /// The generator that has the channels of `kept` alone.
  ///
  /// Source: CAGC's coupling; the w side of styles, noise and mapping stay whole.
  /// - Throws: `unsupported` for architectures other than skip.
  public static func pruned(
    _ generator: Generator, kept: [[Int]], compensatesRGB: Bool
  ) throws(ObverseError) -> Generator {
    guard generator.shape.architecture == .skip else {
      throw .unsupported(
        what: "the teacher",
        why: "pruning knows the skip architecture, not"
          + " \(generator.shape.architecture.rawValue)", hint: nil)
    }
    var shape = generator.shape
    shape.widths = kept.map(\.count)
    let student = Generator(shape, device: generator.registry.device)
    let device = generator.registry.device
    let masks = kept.map { Tensor.indices($0, on: device) }
    for (target, source) in zip(student.tensors, generator.tensors) {
      var tensor = source.tensor.detached
      for (axis, mask) in axes(of: source.name, layers: kept.count) {
        tensor = tensor.selected(axis: axis, masks[mask])
        if compensatesRGB, source.name.hasSuffix("torgb.weight") {
          let (kept, full) = (Double(kept[mask].count), Double(generator.shape.widths[mask]))
          tensor = tensor * (kept / full).squareRoot()
        }
      }
      target.tensor.assign(tensor)
    }
    return student
  }

  /// Which axes of a tensor lose channels, and by which mask.
  ///
  /// Mask 0 is the constant's, mask i the output's of the ith convolution.
  static func axes(of name: String, layers: Int) -> [(axis: Int, mask: Int)] {
    let parts = name.split(separator: ".").map(String.init)
    guard parts.first == "synthesis", parts.count >= 3, let side = Int(parts[1].dropFirst()) else {
      return []
    }
    if parts[2] == "const" { return [(0, 0)] }
    let block = side.trailingZeroBitCount - 2
    let output = parts[2] == "conv0" ? 2 * block : 2 * block + 1
    let input = parts[2] == "torgb" ? output : output - 1
    switch parts.dropFirst(3).joined(separator: ".") {
    case "weight": return parts[2] == "torgb" ? [(1, input)] : [(0, output), (1, input)]
    case "bias": return parts[2] == "torgb" ? [] : [(0, output)]
    case "affine.weight", "affine.bias": return [(0, input)]
    default: return []
    }
  }

  /// Mean magnitude of what each channel is multiplied with, at the mean w.
  private static func weightScores(_ generator: Generator) -> [[Float]] {
    Torch.withoutGradients {
      let w = generator.mapping.wAverage.reshaped([1, -1])
      return generator.synthesis.readers.map { reader in
        let style = reader.affine(w).reshaped([1, -1, 1, 1])
        var kernel = reader.weight * style
        if reader.isDemodulated {
          let energy = kernel.squared.sum(over: [1, 2, 3], keepingAxes: true)
          kernel = kernel * (energy + 1e-8).reciprocalSquareRoot
        }
        return kernel.magnitude.mean(over: [0, 2, 3]).floats
      }
    }
  }
}
