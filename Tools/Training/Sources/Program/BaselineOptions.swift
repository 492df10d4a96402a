import Core
import Training

/// The options of the methods that NICKEL & DiME is compared with.
enum BaselineOptions {
  static let table = [
    Option("vgg", "FILE", "cagc, stylekd, itgc, gs: VGG16, torchvision's vgg16-397923af.pth"),
    Option("lpips", "FILE", "cagc, stylekd, itgc: heads for --vgg, lpips' weights/v0.1/vgg.pth"),
    Option("parser", "FILE", "cagc, stylekd, itgc: BiSeNet's 79999_iter.pth, for the mask"),
    Option("pixel", "X", "weight of pixels: cagc, stylekd, itgc 3; nickel-dime 0, more is ours"),
    Option("perceptual", "X", "cagc, stylekd, itgc: weight of LPIPS; gs: of VGG's terms; 3"),
    Option("relation", "X", "stylekd: weight of relations; 30"),
    Option("information", "X", "itgc: weight of the energies; 0.05"),
    Option("content", "X", "gcc: weight of maps; 1"),
    Option("gram", "X", "gcc: weight of Gram matrices; 1"),
    Option("sparsity", "X", "gs: weight of mean styles, 0 after pruning; 0.00001"),
  ]

  private static let image: Set<DistilSettings.Method> = [.cagc, .styleKD, .itgc]
  /// Methods that know an option, among all of `distil` that not every method knows.
  private static let users: [String: Set<DistilSettings.Method>] = [
    "vgg": image.union([.ganSlimming]), "lpips": image, "parser": image,
    "pixel": image.union([.nickelDiME]),
    "perceptual": image.union([.ganSlimming]), "relation": [.styleKD], "information": [.itgc],
    "content": [.gcc], "gram": [.gcc], "sparsity": [.ganSlimming],
    "student-d": [.nickelDiME, .gcc],
    "moments": [.nickelDiME], "efficientnet": [.nickelDiME], "clip": [.nickelDiME],
    "dino": [.nickelDiME], "teacher-moments": [.nickelDiME], "normalize": [.nickelDiME],
    "moment-group": [.nickelDiME], "moment-distance": [.nickelDiME], "nickel": [.nickelDiME],
    "nickel-transform": [.nickelDiME], "freeze-teacher-d": [.nickelDiME],
  ]

  /// What was given for `method`; nil for methods without such settings.
  /// - Throws: `usage` for an option of another method.
  static func settings(
    _ options: Options, _ method: DistilSettings.Method
  ) throws(ObverseError) -> BaselineSettings? {
    for name in options.given {
      guard let users = users[name], !users.contains(method) else { continue }
      let words = users.map(\.rawValue).sorted().joined(separator: ", ")
      throw .usage("option '--\(name)' is for \(words), not for \(method.rawValue)", hint: nil)
    }
    guard method != .plain, method != .nickelDiME || options.has("pixel") else { return nil }
    var settings = BaselineSettings()
    settings.vgg = options.text("vgg")
    settings.lpips = options.text("lpips")
    settings.parser = options.text("parser")
    settings.pixelWeight = try options.number("pixel") ?? settings.pixelWeight
    settings.perceptualWeight = try options.number("perceptual") ?? settings.perceptualWeight
    settings.relationWeight = try options.number("relation") ?? settings.relationWeight
    settings.informationWeight = try options.number("information") ?? settings.informationWeight
    settings.contentWeight = try options.number("content") ?? settings.contentWeight
    settings.gramWeight = try options.number("gram") ?? settings.gramWeight
    settings.sparsityWeight = try options.number("sparsity") ?? settings.sparsityWeight
    return settings
  }
}
