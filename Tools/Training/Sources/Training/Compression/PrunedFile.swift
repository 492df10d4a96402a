import Core
import Networks
import Torch

/// What pruning did, for people and for the file.
public struct PruneReport {
  public let teacher: GeneratorShape
  public let student: GeneratorShape
  /// What least squares left unexplained of each layer, where layers were fitted.
  var refitted: [Refit.Layer] = []

  public init(teacher: GeneratorShape, student: GeneratorShape) {
    (self.teacher, self.student) = (teacher, student)
  }

  /// The key under which a student's file says how many multiply-adds its teacher takes by the
  /// paper's count.
  static let teacherKey = "teacher_macs_fit"

  /// Share of the teacher's multiply-adds that are gone, in per cent.
  public func rate(_ rule: CountRule) -> Double {
    100 * (1 - Double(student.network.macs(rule)) / Double(teacher.network.macs(rule)))
  }

  /// Widths by block, arithmetic and parameters, a line each.
  public var lines: [String] {
    func widths(_ shape: GeneratorShape) -> String {
      (0..<shape.blockCount).map { block in
        let (a, b) = (shape.widths[2 * block], shape.widths[2 * block + 1])
        return "\(4 << block)x\(4 << block): " + (a == b ? "\(a)" : "\(a) and \(b)")
      }.joined(separator: ", ")
    }
    func rounded(_ value: Double) -> String {
      let hundredths = Int((value * 100).rounded())
      return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }
    let (a, b) = (teacher.network, student.network)
    return [
      "widths \(widths(student))",
      "parameters \(b.parameters) of \(a.parameters)",
      "multiply-adds \(b.macs()) of \(a.macs()): \(rounded(rate(.input))) % less,"
        + " counted at the input of each upsampling convolution",
      "compression rate \(rounded(rate(.fit))) % by the paper's count",
    ]
      + refitted.map { "\($0.name): \(rounded($0.unexplained * 100)) % unexplained" }
  }

  /// The same as one JSON object.
  ///
  /// - Parameters:
  ///   - path: The teacher's file, as it was named.
  ///   - output: The student's, whose hash goes in.
  ///   - settings: How it was pruned.
  /// - Returns: One line, first key `schema`.
  /// - Throws: What reading either file says.
  public func json(
    teacher path: String, _ output: String, _ settings: PruneSettings
  ) throws(ObverseError) -> String {
    let (a, b) = (teacher.network, student.network)
    var line = JSONLine("obverse-train.prune/1")
    line.add("path", output)
    line.add("sha256", try Bytes(mapping: output).withSpan { SHA256.hex($0) })
    line.add("teacher", path)
    line.add("teacher_fingerprint", try GeneratorFile(path).generator().fingerprint)
    if settings.mostMACs == nil, settings.perMilleBySide == nil {
      line.add("ratio", Double(settings.perMille) / 1000)
    } else {
      for (key, value) in settings.words.sorted(by: { $0.key < $1.key })
      where key == "pruning_macs" || key == "pruning_ratio" {
        line.add(key == "pruning_macs" ? "macs" : "ratio", value)
      }
    }
    line.add("score", settings.score.rawValue)
    line.add("seed", settings.seed)
    line.add("widths", student.widths)
    line.add("parameters", b.parameters)
    line.add("teacher_parameters", a.parameters)
    for (rule, name) in [(CountRule.input, "in"), (.fit, "fit")] {
      line.add("macs_\(name)", b.macs(rule))
      line.add("teacher_macs_\(name)", a.macs(rule))
    }
    return line.text
  }
}

extension Pruner {
  /// Prunes the generator of a file, and writes the student under NVlabs' names, with the teacher's
  /// discriminator if there is one: whoever goes on from the student needs an opponent.
  ///
  /// - Parameters:
  ///   - path: Holds the teacher.
  ///   - settings: Checked here.
  ///   - output: The student's file.
  ///   - device: Where the score is computed.
  ///   - progress: Receives the number of pictures that the score has seen.
  /// - Returns: Both shapes.
  /// - Throws: What reading and writing say; `usage` for settings that leave no channel.
  public static func prune(
    _ path: String, _ settings: PruneSettings, to output: String, device: Device,
    progress: (Int) -> Void = { _ in }
  ) throws(ObverseError) -> PruneReport {
    try settings.check()
    guard settings.parser == nil || settings.score == .content else {
      throw .usage("a face parser is for the content-aware score", hint: nil)
    }
    let file = try GeneratorFile(path)
    let teacher = try file.generator(on: device)
    guard teacher.shape.canBeCounted else {
      throw ObverseError.unsupported(
        what: "the teacher",
        why: "pruning knows the skip architecture, not \(teacher.shape.architecture.rawValue)",
        hint: nil
      ).inFile(path)
    }
    let kept = try units(teacher, settings, progress: progress)
    let student = try pruned(teacher, kept: kept, compensatesRGB: settings.compensatesRGB)
    var report = PruneReport(teacher: teacher.shape, student: student.shape)
    if settings.refit > 0 {
      let channels = kept.enumerated().map { teacher.shape.channels(ofUnits: $1, width: $0) }
      try Refit.refit(
        student, to: teacher, kept: channels, samples: settings.refit, seed: settings.seed
      ) { report.refitted.append($0) }
    }
    var metadata = settings.words
    metadata["producer"] = "obverse-train \(Version.number)"
    metadata["pruned_from"] = teacher.fingerprint
    // A student of a student is still one of the first teacher.
    metadata[PruneReport.teacherKey] =
      file.metadata(PruneReport.teacherKey) ?? "\(teacher.shape.network.macs(.fit))"
    metadata["trained_against"] = file.metadata("trained_against")
    if output.hasSuffix(".obv") {
      try file.writeModel(of: student, adding: metadata, to: output)
      return report
    }
    metadata["format"] = "pt"
    if let clamp = student.shape.clamp { metadata["conv_clamp"] = "\(clamp)" }
    if student.shape.family == .mobileStyleGAN { metadata["slope"] = "\(student.shape.slope)" }
    try SafetensorsWriter.write(
      student.tensors + file.discriminatorTensors, metadata: metadata, to: output)
    return report
  }

  /// Units that stay, by ratio or by multiply-adds.
  private static func units(
    _ teacher: Generator, _ settings: PruneSettings, progress: (Int) -> Void
  ) throws(ObverseError) -> [[Int]] {
    guard let most = settings.mostMACs else {
      return kept(
        try scores(teacher, settings, progress: progress), settings, of: teacher.shape)
    }
    let readers = try ContributionScore.readers(
      teacher, samples: settings.samples, regresses: true, seed: settings.seed, progress: progress)
    let counts = try WidthSearch(teacher, readers, seed: settings.seed).counts(most)
    return kept(readers.map(\.scores), counts.map { $0 })
  }
}

extension PruneSettings {
  /// Refuses what leaves no channel, and what contradicts itself.
  /// - Throws: `usage`.
  func check() throws(ObverseError) {
    let ratios = perMilleBySide.map { Array($0.values) } ?? [perMille]
    guard mostMACs != nil || ratios.allSatisfy((0...999).contains), multiple >= 1 else {
      throw .usage("a pruning ratio lies between 0 and 1", hint: nil)
    }
    guard mostMACs != nil || ratios.contains(where: { $0 > 0 }) else {
      throw .usage("nothing is to be pruned: every ratio is 0", hint: nil)
    }
    guard budget == .uniform || mostMACs == nil && perMilleBySide == nil else {
      throw .usage("a global budget has one ratio for all layers", hint: nil)
    }
  }

  /// For the file's metadata.
  fileprivate var words: [String: String] {
    var words = ["pruning_score": score.rawValue]
    if let mostMACs {
      words["pruning_macs"] = "\(mostMACs)"
    } else if let perMilleBySide {
      words["pruning_ratio"] = perMilleBySide.sorted { $0.key < $1.key }
        .map { "\($0.key)=\(Double($0.value) / 1000)" }.joined(separator: ",")
    } else {
      words["pruning_ratio"] = "\(Double(perMille) / 1000)"
      words["pruning_budget"] = budget.rawValue
    }
    if refit > 0 { words["refit"] = "\(refit)" }
    return words
  }
}
