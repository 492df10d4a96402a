import Core
import ModelFile

/// A description on its way: gets its mean w, its provenance and its weight type.
struct Draft {
  var description: ModelDescription
  var report: ConversionReport

  /// The most seeds to estimate a mean w from; more adds time and no digit.
  private static let mostSamples = 1 << 20

  /// Sets the mean w: the given one, else the stored one, else an estimate.
  ///
  /// Nothing is done where the description `keeps` the one it has.
  /// - Throws: `usage` where the given one does not fit.
  mutating func setWAverage(
    stored: Weights?, keeps: Bool, _ request: ConversionRequest
  ) throws(ObverseError) {
    guard !keeps else { return }
    let wDim = description.wDim
    if let given = request.wAverage {
      guard given.count.isMultiple(of: wDim), !given.isEmpty else {
        throw .usage(
          "the given w average has \(given.count) values, this generator's w has \(wDim)", hint: nil
        )
      }
      guard given.allSatisfy(\.isFinite) else {
        throw .usage("the given w average has values that are not finite", hint: nil)
      }
      guard let row = WAverage.row(of: given, wDim: wDim) else {
        throw .usage(
          "the given w average has rows of \(wDim) values that differ, a model has one", hint: nil)
      }
      description.wAverage = try Weights(row, shape: [wDim])
      report.wAverageSource = "given"
    } else if let stored {
      description.wAverage = stored
      report.wAverageSource = "file"
    } else {
      var samples = request.wAverageSamples
      guard samples > 0, samples <= Self.mostSamples else {
        throw .usage(
          "\(samples) samples for the w average: 1 to \(Self.mostSamples) are possible", hint: nil)
      }
      // The estimate trusts every shape.
      try description.validate()
      let average = WAverage(
        mapping: description.mapping, embed: description.embed, zDim: description.zDim,
        cDim: description.cDim)
      if samples == ConversionRequest.presetSamples {
        samples = min(samples, average.samples(within: WAverage.mostWork))
      }
      let mean = try average.estimate(samples: samples)
      description.wAverage = try Weights(mean, shape: [wDim])
      report.wAverageSource = "estimated from \(samples) seeds"
      report.notes.append("no w average in the file; it is estimated from \(samples) seeds")
    }
  }

  /// Fills provenance and report, changes the type, and checks the whole.
  ///
  /// Without a `source` it was a model file, which keeps what it says of its own.
  consuming func finished(
    _ request: ConversionRequest, source: Source?
  ) throws(ObverseError) -> Conversion {
    var provenance = description.provenance
    if let source {
      provenance.sourceKind = source.kind
      provenance.sourceSHA256 = request.hashesSource ? try source.sha256() : ""
      provenance.license = source.license
      provenance.facts = source.facts(key: report.key)
      report.container = source.file.containerDetail
      report.pickleNames = source.file.pickleNames.count
      report.unknownNames = source.file.pickleNames.count { !$0.isKnown }
    }
    provenance.producer = "\(Version.name) \(Version.number)"
    provenance.license = request.license ?? provenance.license
    provenance.note = request.note ?? provenance.note
    provenance.wAverageSource = report.wAverageSource
    description.provenance = provenance
    let model = try description.converted(to: request.type)
    report.fill(from: model)
    return Conversion(description: model, report: report)
  }
}

extension ConversionReport {
  /// Takes over what the description says about the network.
  fileprivate mutating func fill(from model: ModelDescription) {
    resolution = model.resolution
    imageChannels = model.imageChannels
    zDim = model.zDim
    wDim = model.wDim
    cDim = model.cDim
    wsCount = model.wsCount
    form = model.synthesis.network.form
    widths = model.synthesis.network.blockWidths
  }
}

/// The mean w of a mapping network, for checkpoints that were stored without it.
///
/// Rosinality's tools average 4,096 fresh random z at each start, so their faces differ from run to
/// run; here the z are those of seeds 0, 1, …, so that a conversion gives the same bytes everywhere.
package struct WAverage {
  let mapping: [Dense]
  let embed: Dense?
  let zDim: Int
  let cDim: Int

  /// Multiplications that the preset number of seeds may take: those of StyleGAN2's own mapping network, with labels.
  ///
  /// Wider ones, which a small file can ask for, get fewer seeds.
  package static let mostWork = 2_500_000 * ConversionRequest.presetSamples

  package init(mapping: [Dense], embed: Dense?, zDim: Int, cDim: Int) {
    self.mapping = mapping
    self.embed = embed
    self.zDim = zDim
    self.cDim = cDim
  }

  /// Seeds whose w are computed side by side, one in each lane.
  ///
  /// Two outputs of 16 lanes are 8 SSE registers, and each weight is read once for 16 seeds.
  private typealias Lanes = SIMD16<Float>

  /// How many seeds so many multiplications are enough for: at least one round of lanes.
  package func samples(within work: Int) -> Int {
    // A normal number takes the time of some 150 multiplications.
    let each = mapping.reduce(150 * zDim) { $0 + $1.weight.shape.reduce(1, *) }
    return max(work / max(each, 1), Lanes.scalarCount)
  }

  /// The mean w over seeds 0 ..< `samples`.
  ///
  /// A conditional network's labels take turns, seed k has label k mod `cDim`: the mean over labels
  /// is what NVlabs' training tracks, and taking turns makes it the same each time.
  /// - Throws: `resources`.
  func estimate(samples: Int) throws(ObverseError) -> [Float] {
    // All layers as floats, and the embedding of each label.
    let count = mapping.reduce(2 * (embed?.count ?? 0)) { $0 + $1.count }
    try Memory.expectRoom(for: count * MemoryLayout<Float>.size)
    let matrices = mapping.map { ($0.weight.floats, $0.bias.floats) }
    let embeddings = embeddings
    let wDim = mapping.last?.weight.shape[0] ?? 0
    var sum = [Double](repeating: 0, count: wDim)
    for first in stride(from: 0, to: samples, by: Lanes.scalarCount) {
      let filled = min(Lanes.scalarCount, samples - first)
      var x = [Lanes](repeating: .zero, count: zDim + (embeddings.first?.count ?? 0))
      for lane in 0..<filled {
        var random = RandomState(seed: UInt32(truncatingIfNeeded: first + lane))
        var values = Self.normalized(random.normals(zDim))
        if !embeddings.isEmpty { values += embeddings[(first + lane) % embeddings.count] }
        for (i, value) in values.enumerated() { x[i][lane] = value }
      }
      for (weight, bias) in matrices { x = Self.layer(x, weight, bias) }
      for (i, value) in x.enumerated() {
        for lane in 0..<filled { sum[i] += Double(value[lane]) }
      }
    }
    return sum.map { Float($0 / Double(samples)) }
  }

  /// The row that all rows of `[n, wDim]` are, but for rounding; nil where they differ.
  static func row(of values: [Float], wDim: Int) -> [Float]? {
    guard wDim > 0, values.count >= wDim, values.count.isMultiple(of: wDim) else { return nil }
    let first = Array(values.prefix(wDim))
    // A mean that was computed for each row apart may be rounded in another way.
    let slack = 1e-6 * (first.map(\.magnitude).max() ?? 0)
    for start in stride(from: wDim, to: values.count, by: wDim) {
      for (value, expected) in zip(values[start..<(start + wDim)], first) {
        guard value.bitPattern == expected.bitPattern || abs(value - expected) <= slack else {
          return nil
        }
      }
    }
    return first
  }

  /// Each label's embedding, brought to unit second moment.
  private var embeddings: [[Float]] {
    guard let embed, cDim > 0 else { return [] }
    let weight = embed.weight.floats
    let bias = embed.bias.floats
    return (0..<cDim).map { label in
      Self.normalized(bias.indices.map { weight[$0 * cDim + label] + bias[$0] })
    }
  }

  /// `x / √(mean(x²) + 1e-8)`.
  private static func normalized(_ x: [Float]) -> [Float] {
    let square = x.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(x.count, 1))
    let scale = 1 / (square + 1e-8).squareRoot()
    return x.map { Float(Double($0) * scale) }
  }

  /// `√2 · leakyReLU(W x + b)` with slope 0.2, each sum in ascending order of inputs.
  private static func layer(_ x: [Lanes], _ weight: [Float], _ bias: [Float]) -> [Lanes] {
    let inputs = x.count
    let outputs = bias.count
    var result = [Lanes](repeating: .zero, count: outputs)
    let x = x.span
    let weight = weight.span
    let root = Float(2).squareRoot()
    func activated(_ sum: Lanes, _ o: Int) -> Lanes {
      let y = sum + bias[o]
      return y.replacing(with: y * 0.2, where: y .< 0) * root
    }
    var o = 0
    while o + 1 < outputs {
      var a = Lanes.zero
      var b = Lanes.zero
      let row = o * inputs
      for i in 0..<inputs {
        a += x[i] * weight[row + i]
        b += x[i] * weight[row + inputs + i]
      }
      result[o] = activated(a, o)
      result[o + 1] = activated(b, o + 1)
      o += 2
    }
    if o < outputs {
      var a = Lanes.zero
      for i in 0..<inputs { a += x[i] * weight[o * inputs + i] }
      result[o] = activated(a, o)
    }
    return result
  }
}
