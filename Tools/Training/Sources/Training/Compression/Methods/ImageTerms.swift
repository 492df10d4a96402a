import Core
import Networks
import Options
import Torch

/// The terms of CAGC that compare a student's image with its teacher's, which StyleKD and ITGC share.
///
/// Source: Liu et al. 2021, arXiv:2104.02244, section 3.3.
struct ImageTerms {
  let pixelWeight: Double
  let perceptualWeight: Double
  let lpips: LPIPS?
  let parser: FaceParser?

  /// Between images `[N, 3, S, S]` of the same latents; the teacher's are not differentiated.
  func terms(student: Tensor, teacher: Tensor) -> [Term] {
    terms(student: student, teacher: teacher, mask: parser?.mask(teacher))
  }

  /// Where `mask [N, 1, S, S]` is 0, both images are.
  func terms(student: Tensor, teacher: Tensor, mask: Tensor?) -> [Term] {
    let (mine, theirs) = mask.map { (student * $0, teacher * $0) } ?? (student, teacher)
    var terms: [Term] = []
    if pixelWeight > 0 {
      terms.append(Term(name: "pixel", value: (mine - theirs).magnitude.mean, weight: pixelWeight))
    }
    if let lpips, perceptualWeight > 0 {
      let (a, b) = (atMost256(mine), atMost256(theirs))
      terms.append(Term(name: "lpips", value: lpips(a, b), weight: perceptualWeight))
    }
    return terms
  }
}

/// Images above 256 px averaged down to that, as perceptual losses see them.
func atMost256(_ images: Tensor) -> Tensor {
  let side = images.shape[2]
  return side > 256 ? images.averagePooled(side / 256) : images
}

/// Options of VGG16 and what belongs to it, which measures know too.
public enum PerceptualOptions {
  public static let vgg = Option(
    "vgg", "FILE", "VGG16, torchvision's vgg16-397923af.pth", rare: true)
  public static let lpips = Option(
    "lpips", "FILE", "heads for --vgg, lpips' weights/v0.1/vgg.pth", rare: true)
  static let weight = Option(
    "perceptual", "X", "weight of LPIPS; gs: of VGG's terms", preset: "3", rare: true)
}

// What methods that compare images have in common.
extension ImageTerms {
  static let pixelOption = Option(
    "pixel", "X", "weight of pixels: cagc, stylekd, itgc 3; nickel-dime 0, more is ours",
    rare: true)

  static let options = [
    PerceptualOptions.vgg, PerceptualOptions.lpips,
    Option("parser", "FILE", "BiSeNet's 79999_iter.pth, for the mask", rare: true), pixelOption,
    PerceptualOptions.weight,
  ]

  static func settings(_ options: ParsedOptions) throws(ObverseError) -> TermSettings {
    var settings = TermSettings()
    settings.vgg = options.text("vgg")
    settings.lpips = options.text("lpips")
    settings.parser = options.text("parser")
    settings.pixelWeight = try options.number("pixel", least: 0) ?? settings.pixelWeight
    settings.perceptualWeight =
      try options.number("perceptual", least: 0) ?? settings.perceptualWeight
    return settings
  }

  static func check(_ weights: TermSettings) throws(ObverseError) {
    guard (weights.vgg == nil) == (weights.lpips == nil) else {
      throw .usage("LPIPS needs VGG16 and its own heads together", hint: "--vgg and --lpips")
    }
  }

  static func omission(_ settings: DistilSettings) -> String? {
    let weights = settings.terms ?? TermSettings()
    let noMask = weights.parser == nil
    switch (weights.omission("LPIPS"), noMask) {
    case (let term?, true): return "\(term); no --parser: the mask is the image"
    case (let term?, false): return term
    case (nil, true): return "no --parser: the mask is the whole image"
    case (nil, false): return nil
    }
  }

  /// Reads what the settings name.
  init(_ scene: Scene) throws(ObverseError) {
    let weights = scene.weights
    var lpips: LPIPS?
    if let vgg = try scene.vgg(), let heads = weights.lpips {
      lpips = try LPIPS(vgg, heads: heads, on: scene.device)
    }
    var parser: FaceParser?
    if let path = weights.parser { parser = try FaceParser(path, on: scene.device) }
    self.init(
      pixelWeight: weights.pixelWeight, perceptualWeight: weights.perceptualWeight, lpips: lpips,
      parser: parser)
  }
}

extension Scene {
  /// VGG16, where it is given and has a weight.
  func vgg() throws(ObverseError) -> VGG16? {
    guard let path = weights.vgg, weights.perceptualWeight > 0 else { return nil }
    guard teacher.shape.resolution >= 16 else {
      throw .request(
        "VGG16 halves images four times: they must be 16x16 at least",
        hint: "--perceptual 0 leaves it out")
    }
    return try VGG16(path, on: device)
  }
}
