import Core
import Networks
import Torch

/// How a pruned generator is made from a full one.
public struct PruneSettings: Codable, Equatable, Sendable {
  /// What tells a channel that stays from one that goes.
  public enum Score: String, Codable, Sendable, CaseIterable {
    /// Content-aware (CAGC); without a face parser the whole image is content.
    case content
    /// Mean magnitude of the kernels that read the channel, modulated and demodulated at the mean w.
    case weight
    /// The same of the kernels that make the channel.
    case incoming
    /// Mean magnitude of the channel.
    case activation
    /// Standard deviation of the channel from image to image, a mean over its pixels.
    case deviation
    /// Magnitude of the mean style that the channel is read with: GAN Slimming's.
    case style
    /// How differently main directions of w use the channel (DCP-GAN).
    case diversity
    case random
  }

  /// What a ratio is a ratio of.
  public enum Budget: String, Codable, Sendable, CaseIterable {
    /// Of each layer's channels.
    case uniform
    /// Of all channels, in one ranking; each layer keeps its best one at least.
    case global
  }

  /// Channels of each layer that go, in thousandths: 0.7 has no exact Double.
  public var perMille: Int
  public var score: Score
  public var budget = Budget.uniform
  /// Pictures that a score looks at, and how many at once; `diversity` has its authors' own numbers.
  public var samples: Int
  public var batch: Int
  /// The face parser that says what the content-aware score takes for content.
  public var parser: String?
  /// Share of pixels that the content-aware score replaces.
  public var noise = 0.05
  /// Scales the kept weights of toRGB by `√(kept / full)`, since its gain follows the width.
  public var compensatesRGB = false
  /// Widths are rounded up to a multiple of this.
  public var multiple = 1
  public var seed: UInt64 = 0

  public init(perMille: Int, score: Score = .content) {
    self.perMille = perMille
    self.score = score
    (samples, batch) = score == .diversity ? (5000, 5) : (400, 8)
  }

  /// Channels that stay of `width`: `ceil((1 - ratio) * width)`, then rounded up to `multiple`.
  public func kept(of width: Int) -> Int {
    roundedUp(width - width * perMille / 1000, of: width)
  }

  func roundedUp(_ kept: Int, of width: Int) -> Int {
    min((kept + multiple - 1) / multiple * multiple, width)
  }
}

/// A pruned generator is a choice of channels for the constant and for every convolution.
public enum Pruner {
  /// Gives each channel that a layer may lose its score, lists in the order of `shape.widths`.
  ///
  /// A channel is judged by the convolution that reads it, the last ones by the last toRGB.
  public static func scores(
    _ generator: Generator, _ settings: PruneSettings, progress: (Int) -> Void = { _ in }
  ) throws(ObverseError) -> [[Float]] {
    switch settings.score {
    case .content: return try ContentScore.scores(generator, settings, progress: progress)
    case .diversity: return DiversityScore.scores(generator, settings, progress: progress)
    case .weight: return MagnitudeScore.weights(generator)
    case .incoming: return MagnitudeScore.incomingWeights(generator)
    case .style: return MagnitudeScore.styles(generator, settings)
    case .activation, .deviation:
      return MagnitudeScore.activations(generator, settings, progress: progress)
    case .random:
      return generator.shape.widths.enumerated().map { i, width in
        var random = SplitMix64(seed: settings.seed, stream: UInt64(i))
        return (0..<width).map { _ in Float(random.fraction()) }
      }
    }
  }

  /// Indices of the channels that stay, ascending, for each list of scores.
  public static func kept(_ scores: [[Float]], _ settings: PruneSettings) -> [[Int]] {
    let counts =
      switch settings.budget {
      case .uniform: scores.map { settings.kept(of: $0.count) }
      case .global: globalCounts(scores, settings)
      }
    return zip(scores, counts).map { order($0).prefix($1).sorted() }
  }

  /// Channels that each layer keeps where as many stay of all as a uniform ratio leaves.
  private static func globalCounts(_ scores: [[Float]], _ settings: PruneSettings) -> [Int] {
    let all = scores.enumerated().flatMap { layer, scores in
      order(scores).enumerated().map { place, channel in
        // The best of each layer comes before all others.
        (layer: layer, score: place == 0 ? Float.infinity : scores[channel])
      }
    }
    let ranking = order(all.map(\.score))
    var counts = scores.map { _ in 0 }
    var exact = settings
    exact.multiple = 1
    for i in ranking.prefix(scores.reduce(0) { $0 + exact.kept(of: $1.count) }) {
      counts[all[i].layer] += 1
    }
    return zip(scores, counts).map { scores, count in
      settings.roundedUp(count, of: scores.count)
    }
  }

  /// Indices from the highest score on, of equal ones the earlier first, so that a result repeats.
  private static func order(_ scores: [Float]) -> [Int] {
    scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
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
}
