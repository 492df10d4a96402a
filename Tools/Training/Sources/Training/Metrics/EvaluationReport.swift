import Core
import FoundationEssentials
import Networks
import Torch

/// What `evaluate` writes: the measures of one generator, and which generator and pictures those were.
public struct EvaluationReport: Codable, Equatable, Sendable {
  /// The real pictures, as they were asked for.
  public struct Pictures: Codable, Hashable, Sendable {
    /// Folder or zip.
    public var data: String
    /// Side of the images.
    public var size: Int
    public var skip: Int?
    public var take: Int?

    public init(data: String, size: Int, skip: Int?, take: Int?) {
      self.data = data
      self.size = size
      self.skip = skip
      self.take = take
    }
  }

  /// The checkpoint, as it was named.
  public var model: String
  /// Over names and values of the generator, whatever file they came from.
  public var modelFingerprint: String
  public var producer: String
  /// `teacher`, a method of `distil`, or `pruned` for a student that has not been trained.
  public var method: String?
  /// Thousands of real images that it was trained with; nil where the checkpoint does not say.
  public var kimg: Double?
  /// Multiply-adds of a face, upsampling convolutions at the size of their input.
  public var multiplyAdds: Int?
  /// Multiply-adds by the paper's count.
  public var multiplyAddsFit: Int?
  /// Share of its teacher's multiply-adds that are gone, in per cent by the paper's count.
  public var compressionRate: Double?
  public var pictures: Pictures?
  /// Of the drawn images.
  public var seed: UInt64?
  public var measures: [Measure]

  /// Looks at the checkpoint that was measured.
  /// - Throws: What reading it says.
  public init(
    _ measures: [Measure], of model: String, pictures: Pictures, seed: UInt64
  ) throws(ObverseError) {
    let facts: GeneratorFacts
    (facts, modelFingerprint) = try Painter.facts(model)
    self.model = model
    producer = "obverse-train \(Version.number)"
    (method, kimg) = (facts.method, facts.kimg)
    (multiplyAdds, multiplyAddsFit) = (facts.multiplyAdds, facts.multiplyAddsFit)
    compressionRate = facts.compressionRate
    self.pictures = pictures
    self.seed = seed
    self.measures = measures
  }

  /// Writes the report as JSON, whole or not at all.
  /// - Throws: `request` where a number is not finite; `cannotCreate`, `inputOutput`.
  public func write(to path: String) throws(ObverseError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let json = try? encoder.encode(self) else {
      throw .request("a measure is not finite: the generator draws no numbers", hint: nil)
    }
    let bytes = Array(json) + [0x0a]
    let span = bytes.span
    try AtomicFile.write(span.bytes, to: path)
  }

  private static let mostBytes = 16 << 20

  /// Reads what `evaluate` wrote, of this version or an older one.
  /// - Throws: `missing`, `unreadable`, `empty`, `tooLarge`; `malformed` for any other JSON.
  public init(reading path: String) throws(ObverseError) {
    let bytes = try Bytes(mapping: path)
    guard bytes.count <= Self.mostBytes else {
      throw .tooLarge(
        what: "'\(path)'", found: UInt64(bytes.count), limit: UInt64(Self.mostBytes))
    }
    guard let report = try? JSONDecoder().decode(Self.self, from: Data(bytes.array)) else {
      throw .malformed(what: "'\(path)'", why: "this is no report of 'obverse-train evaluate'")
    }
    // Beyond these a chart has no place for a number.
    let areSane = report.measures.allSatisfy {
      $0.value.magnitude <= 1e30 && $0.real >= 0 && $0.drawn >= 0
    }
    guard areSane, (0...1e12).contains(report.kimg ?? 0),
      (0..<100).contains(max(report.compressionRate ?? 0, 0))
    else { throw .malformed(what: "'\(path)'", why: "it holds numbers out of every range") }
    self = report
  }
}
