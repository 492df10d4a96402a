import Core
import Networks
import Torch

/// What pruning did, for people and for the file.
public struct PruneReport {
  public let teacher: GeneratorShape
  public let student: GeneratorShape

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
    line.add("teacher_fingerprint", try TeacherFile(path).generator().fingerprint)
    line.add("ratio", Double(settings.perMille) / 1000)
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
    guard (1...999).contains(settings.perMille), settings.multiple >= 1 else {
      throw .usage("a pruning ratio lies between 0 and 1", hint: nil)
    }
    guard settings.parser == nil || settings.score == .content else {
      throw .usage("a face parser is for the content-aware score", hint: nil)
    }
    let file = try TeacherFile(path)
    let teacher = try file.generator(on: device)
    let student = try pruned(
      teacher, kept: try kept(scores(teacher, settings, progress: progress), settings),
      compensatesRGB: settings.compensatesRGB)
    var metadata = [
      "format": "pt", "producer": "obverse-train \(Version.number)",
      "pruning_ratio": "\(Double(settings.perMille) / 1000)",
      "pruning_score": settings.score.rawValue, "pruning_budget": settings.budget.rawValue,
      "pruned_from": teacher.fingerprint,
      PruneReport.teacherKey: "\(teacher.shape.network.macs(.fit))",
    ]
    metadata["trained_against"] = file.metadata("trained_against")
    if let clamp = student.shape.clamp { metadata["conv_clamp"] = "\(clamp)" }
    try SafetensorsWriter.write(
      student.tensors + file.discriminatorTensors, metadata: metadata, to: output)
    return PruneReport(teacher: teacher.shape, student: student.shape)
  }
}
