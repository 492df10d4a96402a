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
  ) throws(ObverseError) { settings.baseline = try ImageTerms.settings(options) }

  static func check(_ settings: DistilSettings) throws(ObverseError) {
    let weights = settings.baseline ?? BaselineSettings()
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
