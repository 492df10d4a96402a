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
    /// What each channel gives to the layer that reads it.
    case contribution
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
  /// The same for the layers of some resolutions, by side; nil for one ratio everywhere.
  ///
  /// Of resolutions that are not named nothing goes.
  public var perMilleBySide: [Int: Int]?
  /// Finds widths for so many multiply-adds by the paper's count instead.
  public var mostMACs: Int?
  /// Pictures by which each layer is fitted to the teacher afterwards; 0 leaves the weights.
  public var refit = 0
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
    switch score {
    case .diversity: (samples, batch) = (5000, 5)
    case .contribution: (samples, batch) = (32, 4)
    default: (samples, batch) = (400, 8)
    }
  }

  /// Channels that stay of `width`: `ceil((1 - ratio) * width)`, then rounded up to `multiple`.
  public func kept(of width: Int) -> Int { kept(of: width, perMille: perMille) }

  /// Units that stay of each width.
  func kept(of shape: GeneratorShape, _ counts: [Int]) -> [Int] {
    counts.enumerated().map { i, count in
      let side = shape.side(ofWidth: i)
      return kept(of: count, perMille: perMilleBySide.map { $0[side] ?? 0 } ?? perMille)
    }
  }

  private func kept(of width: Int, perMille: Int) -> Int {
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
  /// A channel is judged by the convolution that reads it, the last ones by the last toRGB. The four
  /// channels that an inverse Haar transform makes one of are judged together.
  public static func scores(
    _ generator: Generator, _ settings: PruneSettings, progress: (Int) -> Void = { _ in }
  ) throws(ObverseError) -> [[Float]] {
    let knowsStyleGAN2Alone: Set<PruneSettings.Score> = [.incoming, .diversity]
    let isMobile = generator.shape.family == .mobileStyleGAN
    guard !isMobile || !knowsStyleGAN2Alone.contains(settings.score) else {
      throw .unsupported(
        what: "score '\(settings.score.rawValue)'",
        why: "it knows StyleGAN2, and the teacher is a MobileStyleGAN",
        hint: "--score contribution")
    }
    switch settings.score {
    case .contribution:
      return try ContributionScore.readers(
        generator, samples: settings.samples, regresses: false, seed: settings.seed,
        progress: progress
      ).map(\.scores)
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
        let units = width / generator.shape.unitSize(ofWidth: i)
        return (0..<units).map { _ in Float(random.fraction()) }
      }
    }
  }

  /// Indices of the units that stay, ascending, for each list of scores.
  public static func kept(
    _ scores: [[Float]], _ settings: PruneSettings, of shape: GeneratorShape
  ) -> [[Int]] {
    let counts =
      switch settings.budget {
      case .uniform: settings.kept(of: shape, scores.map(\.count))
      case .global: globalCounts(scores, settings)
      }
    return kept(scores, counts)
  }

  static func kept(_ scores: [[Float]], _ counts: [Int]) -> [[Int]] {
    zip(scores, counts).map { order($0).prefix($1).sorted() }
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
  static func order(_ scores: [Float]) -> [Int] {
    scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
  }

  /// The generator that has the units of `kept` alone.
  ///
  /// Source: CAGC's coupling; the w side of styles, noise and mapping stay whole.
  /// - Throws: `unsupported` for architectures other than skip and MobileStyleGAN.
  public static func pruned(
    _ generator: Generator, kept: [[Int]], compensatesRGB: Bool
  ) throws(ObverseError) -> Generator {
    let full = generator.shape
    guard full.canBeCounted else {
      throw .unsupported(
        what: "the teacher",
        why: "pruning knows the skip architecture, not \(full.architecture.rawValue)", hint: nil)
    }
    var shape = full
    shape.widths = full.widths(ofUnits: kept.map(\.count))
    let device = generator.registry.device
    let student = Generator(shape, device: device)
    let units = kept.map { Tensor.indices($0, on: device) }
    let channels = kept.enumerated().map {
      Tensor.indices(full.channels(ofUnits: $1, width: $0), on: device)
    }
    for (target, source) in zip(student.tensors, generator.tensors) {
      var tensor = source.tensor.detached
      for axis in axes(of: source.name, in: full) {
        let mask = axis.countsUnits ? units[axis.mask] : channels[axis.mask]
        tensor = tensor.selected(axis: axis.axis, mask)
        if compensatesRGB, source.name.hasSuffix("torgb.weight") {
          let share = Double(shape.widths[axis.mask]) / Double(full.widths[axis.mask])
          tensor = tensor * share.squareRoot()
        }
      }
      target.tensor.assign(tensor)
    }
    return student
  }

  /// An axis of a tensor that loses channels, and the width that they belong to: its channels, or the
  /// units that are left of them behind an inverse Haar transform.
  struct Axis: Equatable {
    let axis: Int
    let mask: Int
    var countsUnits = false
  }

  /// Which axes of a tensor lose channels; index 0 of the widths is the constant's, index i the
  /// output's of the ith convolution.
  static func axes(of name: String, in shape: GeneratorShape) -> [Axis] {
    let parts = name.split(separator: ".").map(String.init)
    guard parts.first == "synthesis", parts.count >= 3 else { return [] }
    let part = parts.dropFirst(3).joined(separator: ".")
    if parts[1] == "toimage" {
      let last = shape.widths.count - 1
      switch parts.dropFirst(2).joined(separator: ".") {
      case "weight": return [Axis(axis: 1, mask: last)]
      case "affine.weight", "affine.bias": return [Axis(axis: 0, mask: last)]
      default: return []
      }
    }
    guard let side = Int(parts[1].dropFirst()) else { return [] }
    if parts[2] == "const" { return [Axis(axis: 0, mask: 0)] }
    let block = side.trailingZeroBitCount - 2
    let isMobile = shape.family == .mobileStyleGAN && block > 0
    // The first of a block's convolutions; MobileStyleGAN counts them from 1.
    let isFirst = parts[2] == "conv0" || isMobile && parts[2] == "conv1"
    let output = isFirst ? 2 * block : 2 * block + 1
    let input = parts[2] == "torgb" ? output : output - 1
    let countsUnits = isMobile && isFirst
    switch part {
    case "weight" where parts[2] == "torgb": return [Axis(axis: 1, mask: input)]
    case "bias" where parts[2] == "torgb": return []
    case "affine.weight" where parts[2] == "up", "affine.bias" where parts[2] == "up":
      return [Axis(axis: 0, mask: 2 * block - 1)]
    case "weight", "pointwise":
      return [
        Axis(axis: 0, mask: output), Axis(axis: 1, mask: input, countsUnits: countsUnits),
      ]
    case "bias": return [Axis(axis: 0, mask: output)]
    case "affine.weight", "affine.bias", "depthwise":
      return [Axis(axis: 0, mask: input, countsUnits: countsUnits)]
    default: return []
    }
  }
}
