import Core
import Networks
import Options
import Torch

/// CAGC: content-aware distillation.
struct CAGC: Method {
  let teacher: Generator
  let imageTerms: ImageTerms

  func generatorTerms(_ drawing: Drawing) -> [Term] {
    let theirs = Torch.withoutGradients {
      teacher.synthesis(drawing.latents.ws(of: teacher), noise: .random)
    }
    return imageTerms.terms(student: drawing.images, teacher: theirs)
  }
}

extension CAGC: RegisteredMethod {
  static let options = ImageTerms.options

  static func read(
    _ options: ParsedOptions, into settings: inout DistilSettings
  ) throws(ObverseError) { settings.terms = try ImageTerms.settings(options) }

  static func check(_ settings: DistilSettings) throws(ObverseError) {
    let weights = settings.terms ?? TermSettings()
    try ImageTerms.check(weights)
    guard weights.pixelWeight > 0 || (weights.perceptualWeight > 0 && weights.vgg != nil) else {
      throw .usage("CAGC without both of its terms is plain fine-tuning", hint: nil)
    }
  }

  static func omission(_ settings: DistilSettings) -> String? { ImageTerms.omission(settings) }

  static func parts(_ scene: Scene) throws(ObverseError) -> (opponents: Opponents, [any Method]) {
    let method = CAGC(teacher: scene.teacher, imageTerms: try ImageTerms(scene))
    return ([("D", scene.discriminator, true)], [method])
  }
}

/// A method that adds a term of its own to CAGC's.
protocol CAGCWithMore: RegisteredMethod {
  /// What gives the term its weight.
  static var option: Option { get }
  static var ownWeight: WritableKeyPath<TermSettings, Double> { get }
  /// What is left without the term, in words: CAGC.
  static var without: String { get }
}

extension CAGCWithMore {
  static var options: [Option] { ImageTerms.options + [option] }

  static func read(
    _ options: ParsedOptions, into settings: inout DistilSettings
  ) throws(ObverseError) {
    var weights = try ImageTerms.settings(options)
    if let weight = try options.number(option.name, least: 0) {
      weights[keyPath: ownWeight] = weight
    }
    settings.terms = weights
  }

  static func check(_ settings: DistilSettings) throws(ObverseError) {
    let weights = settings.terms ?? TermSettings()
    guard weights[keyPath: ownWeight] > 0 else {
      throw .usage("\(without) is CAGC", hint: "--method cagc")
    }
    try ImageTerms.check(weights)
  }

  static func omission(_ settings: DistilSettings) -> String? { ImageTerms.omission(settings) }
}
