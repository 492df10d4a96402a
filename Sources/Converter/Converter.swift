import Checkpoint
import Core
import ModelFile

/// What the user asked for beside the file's name.
package struct ConversionRequest: Sendable {
  /// The generator to take, such as `g_ema` or `generator`; nil for the averaged one, or the only one.
  package var key: String?
  /// The mean w, `[wDim]`, for files that have none; it wins over the file's own.
  package var wAverage: [Float]?
  /// Seeds 0 ..< N whose mean w is taken where neither file nor request has one.
  package var wAverageSamples: Int
  /// As rosinality's tools take; of wider mapping networks than StyleGAN2's own it takes fewer.
  package static let presetSamples = 4096
  /// For state dicts, which cannot say what their generator was trained with (NVlabs: 256).
  package var convClamp: Float?
  /// Type of the weights to be written.
  package var type: ElementType
  /// nil takes what the file says, if it says anything.
  package var license: String?
  package var note: String?
  /// Whether the source file is hashed for the provenance.
  package var hashesSource: Bool

  package init(
    key: String? = nil, wAverage: [Float]? = nil, wAverageSamples: Int = presetSamples,
    convClamp: Float? = nil, type: ElementType = .float32, license: String? = nil,
    note: String? = nil, hashesSource: Bool = true
  ) {
    self.key = key
    self.wAverage = wAverage
    self.wAverageSamples = wAverageSamples
    self.convClamp = convClamp
    self.type = type
    self.license = license
    self.note = note
    self.hashesSource = hashesSource
  }
}

/// A generator ready to be written, and how it came to be.
package struct Conversion: Sendable {
  package let description: ModelDescription
  package let report: ConversionReport

  package init(description: ModelDescription, report: ConversionReport) {
    self.description = description
    self.report = report
  }
}

/// What a request for a conversion may change after an error, in words that belong to no program.
package enum NextStep: String, CaseIterable {
  case giveWAverage = "give the mean w to take"
  case takeTheAverage = "ask for no generator by name to take the average"
}

/// Turns a checkpoint into the description of a model.
///
/// Nothing of the checkpoint is executed, no tensor of the generator is dropped in silence, and the
/// same checkpoint gives the same bytes on every machine.
package enum Converter {
  /// Opens a checkpoint or a model file, whichever it is by content, and converts it.
  ///
  /// - Throws: What opening and converting throw; `missing`, `unreadable`, `empty`.
  package static func convert(
    path: String, _ request: ConversionRequest = ConversionRequest()
  ) throws(ObverseError) -> Conversion {
    if let bytes = try? Bytes(mapping: path), bytes.has("OBV1", at: 4) {
      let model = try ModelFile.read(path: path)
      do { return try convert(model, request) } catch { throw error.inFile(path) }
    }
    return try convert(try CheckpointFile.open(path), request)
  }

  /// Converts a StyleGAN2 or MobileStyleGAN checkpoint.
  ///
  /// - Throws: `noGenerator`, `missingTensor`, `shape`, `refused`, `unsupported`, `malformed`,
  ///   `tooLarge`, each with `inFile` around it; `usage` for a request that does not fit.
  package static func convert(
    _ file: CheckpointFile, _ request: ConversionRequest = ConversionRequest()
  ) throws(ObverseError) -> Conversion {
    do {
      return file.graphs.isEmpty
        ? try styleGAN2(file, request) : try mobileStyleGAN(file, request)
    } catch {
      throw error.explained(for: file).inFile(file.path)
    }
  }

  /// Changes a model's weight type, licence or note, or gives it a mean w.
  package static func convert(
    _ model: ModelDescription, _ request: ConversionRequest = ConversionRequest()
  ) throws(ObverseError) -> Conversion {
    var draft = Draft(description: model, report: ConversionReport())
    draft.report.container = "obv"
    draft.report.vocabulary = "obv"
    draft.report.wAverageSource = model.provenance.wAverageSource
    model.forEachWeights { (name, weights) in
      draft.report.tensors.append(
        ConversionReport.Tensor(
          name: name, shape: weights.shape, type: weights.type, fate: .mapped([name])))
    }
    try draft.setWAverage(
      stored: nil, keeps: model.wAverage != nil && request.wAverage == nil, request)
    return try draft.finished(request, source: nil)
  }

  /// Keys of all generators in a checkpoint, whether they convert or not.
  package static func generators(in file: CheckpointFile) -> [String] {
    GeneratorFinder(file: file).keys
  }

  private static func styleGAN2(
    _ file: CheckpointFile, _ request: ConversionRequest
  ) throws(ObverseError) -> Conversion {
    let finding = try GeneratorFinder(file: file).find(request.key)
    let generator = finding.generator
    let names: any Vocabulary = generator.vocabulary == .nvlabs ? NVlabs() : Rosinality()
    let source = Source(file)
    let tensors = GeneratorTensors(
      file, prefix: generator.prefix, spelling: generator.spelling, memoryLimit: source.memoryLimit)
    var attributes = ModuleAttributes(
      file: file, prefix: generator.prefix,
      clampOfStateDicts: try source.clamp(request.convClamp))
    if generator.spelling == .tensorFlow {
      let said = try TensorFlow(file, prefix: generator.prefix)
      attributes = ModuleAttributes(
        file: file, prefix: generator.prefix, clampOfStateDicts: try said.clamp(),
        mappingRate: try said.mappingRate())
    }
    let builder = StyleGAN2(tensors: tensors, names: names, attributes: attributes)
    let network = try builder.network()
    let stored = try wAverage(
      tensors, names, generator: generator, wDim: network.mapping.wDim,
      isWanted: request.wAverage == nil)

    var report = ConversionReport()
    report.key = generator.key
    report.generators = finding.found
    report.reason = finding.reason.rawValue
    report.isGuess = finding.reason == .first
    report.vocabulary = generator.spelling.title ?? names.title
    report.layerWidths = network.layerWidths
    if finding.found.count == 1, generator.rank > 2, request.key == nil {
      report.notes.append("the file has no averaged generator; \(generator.key) is taken")
    }
    if request.convClamp != nil, attributes.knowsClamps {
      report.notes.append("the file says itself what it clamps; the given clamp is not used")
    }
    if generator.vocabulary == .nvlabs, generator.spelling == .plain, file.container != .pickle,
      attributes.clampOfStateDicts == nil, !attributes.knowsClamps
    {
      report.notes.append("a state dict cannot say its clamps; none are set (NVlabs' fp16 has 256)")
    }
    let convs = network.blocks.flatMap { [$0.conv0, $0.conv1].compactMap { $0 } }
    let planeless = convs.count { $0.noise != nil && $0.noise?.plane == nil }
    if planeless > 0 {
      report.warnings.append(
        "\(planeless) of \(convs.count) layers have no stored noise; const noise skips them")
    }
    report.warnings += tensors.warnings
    if generator.spelling == .mmgeneration {
      report.notes.append(
        "networks that mmgeneration trained itself draw blue first; those it converted draw red first"
      )
    }
    let nameless = file.tensors.first { $0.name.hasSuffix("shadow_params.0") }
    if !generator.isAveraged, let nameless {
      report.warnings.append(
        "\(nameless.name.dropLast(2)) is an average without names, which is not read; \(generator.words) is"
          + " taken as it is")
    }
    for (path, maker) in file.placeholders.sorted(by: { $0.key < $1.key }).prefix(8)
    where path.hasPrefix(generator.prefix) {
      report.warnings.append("\(path) is made by '\(maker)', which was not run; nothing needs it")
    }
    report.tensors = tensors.report

    let description = ModelDescription(
      resolution: 4 << (network.blocks.count - 1), imageChannels: network.imageChannels,
      zDim: network.mapping.zDim, wDim: network.mapping.wDim, cDim: network.mapping.cDim,
      wsCount: 2 * network.blocks.count, wAverage: nil, embed: network.mapping.embed,
      mapping: network.mapping.layers, const: network.const,
      synthesis: .styleGAN2(network.architecture, blocks: network.blocks))
    var draft = Draft(description: description, report: report)
    try draft.setWAverage(stored: stored, keeps: false, request)
    return try draft.finished(request, source: source)
  }

  /// The file's own mean w, inside of the generator or beside it.
  ///
  /// Where it is not wanted, since the user has given one, nothing is wrong with one that does not fit.
  private static func wAverage(
    _ tensors: GeneratorTensors, _ names: any Vocabulary, generator: FoundGenerator, wDim: Int,
    isWanted: Bool
  ) throws(ObverseError) -> Weights? {
    do throws(ObverseError) {
      return try wAverage(tensors, names, generator: generator, wDim: wDim)
    } catch {
      guard isWanted else { return nil }
      throw error
    }
  }

  private static func wAverage(
    _ tensors: GeneratorTensors, _ names: any Vocabulary, generator: FoundGenerator, wDim: Int
  ) throws(ObverseError) -> Weights? {
    for name in [names.wAverage, "latent_avg"] {
      guard let tensor = try tensors.find(name) else { continue }
      let path = tensors.label(name)
      try checkRows(path, tensor.shape, wDim: wDim)
      let stored = try tensors.take(name, tensor.shape, into: "w_avg")
      return try Weights(onlyRow(stored.floats, path, tensor.shape, wDim: wDim), shape: [wDim])
    }
    guard !generator.prefix.isEmpty else { return nil }
    for name in ["latent_avg", "w_avg", "mean_latent", "dlatent_avg"] {
      guard let found = try tensors.takeBeside(name, into: "w_avg") else { continue }
      try checkRows(found.path, found.shape, wDim: wDim)
      return try Weights(
        onlyRow(found.values, found.path, found.shape, wDim: wDim), shape: [wDim])
    }
    return nil
  }

  /// Encoders such as pSp's store the mean w once for each style layer: `[n_styles, w]`.
  private static func checkRows(
    _ path: String, _ shape: [Int], wDim: Int
  ) throws(ObverseError) {
    guard shape.last == wDim, shape.allSatisfy({ $0 > 0 }) else {
      throw .shape(
        tensor: path, expected: [wDim], found: shape,
        why: "w has \(wDim) values, so it must be")
    }
  }

  /// The row that all rows are.
  private static func onlyRow(
    _ values: [Float], _ path: String, _ shape: [Int], wDim: Int
  ) throws(ObverseError) -> [Float] {
    guard let first = WAverage.row(of: values, wDim: wDim) else {
      throw .unsupported(
        what: "tensor \(path)",
        why: "it is \(shape.brackets) with rows that differ: another mean w for each style layer,"
          + " and a model has one", hint: NextStep.giveWAverage.rawValue)
    }
    return first
  }

  private static func mobileStyleGAN(
    _ file: CheckpointFile, _ request: ConversionRequest
  ) throws(ObverseError) -> Conversion {
    let builder = try MobileStyleGAN(file)
    let network = try builder.network()
    var report = ConversionReport()
    report.vocabulary = "MobileStyleGAN"
    report.warnings = builder.mapping.warnings + builder.synthesis.warnings
    report.tensors = builder.mapping.report + builder.synthesis.report
    let resolution = 8 << network.blocks.count
    let description = ModelDescription(
      resolution: resolution, imageChannels: network.toImage.weight.shape[0] / 4,
      zDim: network.mapping.first?.weight.shape[1] ?? 0,
      wDim: network.mapping.last?.weight.shape[0] ?? 0, cDim: 0,
      wsCount: 1 + 3 * network.blocks.count, wAverage: nil, embed: nil, mapping: network.mapping,
      const: network.const,
      synthesis: .mobileStyleGAN(
        conv1: network.conv1, blocks: network.blocks, toImage: network.toImage),
      slope: network.slope)
    var draft = Draft(description: description, report: report)
    try draft.setWAverage(stored: nil, keeps: false, request)
    return try draft.finished(request, source: Source(file))
  }
}
