import Core
import Networks
import Options
import Torch

/// A way to train students that can be asked for by its name: options, checks, what it leaves out, and
/// what it adds to the loop.
///
/// A new one is a file with such a type, a case of `DistilSettings.MethodName`, and its line below.
protocol RegisteredMethod {
  /// The options that not every method knows.
  static var options: [Option] { get }

  /// Takes what was given for these options.
  /// - Throws: `usage`.
  static func read(
    _ options: ParsedOptions, into settings: inout DistilSettings
  ) throws(ObverseError)

  /// Refuses what contradicts itself.
  /// - Throws: `usage`.
  static func check(_ settings: DistilSettings) throws(ObverseError)

  /// What a run does without, in a sentence for its user; nil where nothing is missing.
  static func omission(_ settings: DistilSettings) -> String?

  /// Who plays against the student, and what is added to the loop.
  /// - Throws: `request` for networks that do not fit each other, and what reading says.
  static func parts(_ scene: Scene) throws(ObverseError) -> (opponents: Opponents, [any Method])
}

extension RegisteredMethod {
  static func omission(_ settings: DistilSettings) -> String? { nil }
}

/// Discriminators that play against a student; its own, if it has one, first.
typealias Opponents = [(name: String, network: Discriminator, learns: Bool)]

/// What a method is made from.
struct Scene {
  let settings: DistilSettings
  let run: RunSettings
  let teacher: Generator
  let student: Generator
  /// The teacher's discriminator.
  let discriminator: Discriminator
  let device: Device

  var weights: TermSettings { settings.terms ?? TermSettings() }
}

extension DistilSettings.MethodName {
  var registered: any RegisteredMethod.Type {
    switch self {
    case .nickelDiME: NICKELDiME.self
    case .plain: Plain.self
    case .cagc: CAGC.self
    case .styleKD: StyleKD.self
    case .itgc: ITGC.self
    case .gcc: GCC.self
    case .ganSlimming: GANSlimming.self
    }
  }

  /// The options of `obverse-train distil` that this method knows and not every one does.
  public var options: [Option] { registered.options }
}

extension DistilSettings {
  /// Takes what was given for the options of the method.
  /// - Throws: `usage`, also for an option of another method.
  public mutating func read(_ options: ParsedOptions) throws(ObverseError) {
    for name in options.given {
      let users = MethodName.allCases.filter { $0.options.contains { $0.name == name } }
      guard !users.isEmpty, !users.contains(method) else { continue }
      let words = users.map(\.rawValue).sorted().joined(separator: ", ")
      throw .usage("option '--\(name)' is for \(words), not for \(method.rawValue)", hint: nil)
    }
    try method.registered.read(options, into: &self)
  }

  /// What the run does without, in a sentence for its user; nil where nothing is missing.
  public var omission: String? { method.registered.omission(self) }
}

/// Adversarial fine-tuning against the teacher's discriminator.
enum Plain: RegisteredMethod {
  static let options: [Option] = []

  static func read(
    _ options: ParsedOptions, into settings: inout DistilSettings
  ) throws(ObverseError) {}

  static func check(_ settings: DistilSettings) throws(ObverseError) {}

  static func parts(_ scene: Scene) throws(ObverseError) -> (opponents: Opponents, [any Method]) {
    ([("D", scene.discriminator, true)], [])
  }
}
