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
