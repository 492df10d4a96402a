import Core
import Options
import Training

/// The options of the methods that NICKEL & DiME is compared with.
enum BaselineOptions {
  static let group = OptionGroup(
    "other methods",
    [
      SharedOptions.vgg, SharedOptions.lpips,
      Option(
        "parser", "FILE", "cagc, stylekd, itgc: BiSeNet's 79999_iter.pth, for the mask", rare: true),
      Option(
        "pixel", "X", "weight of pixels: cagc, stylekd, itgc 3; nickel-dime 0, more is ours",
        rare: true),
      Option(
        "perceptual", "X", "cagc, stylekd, itgc: weight of LPIPS; gs: of VGG's terms", preset: "3",
        rare: true),
      Option("relation", "X", "stylekd: weight of relations", preset: "30", rare: true),
      Option("information", "X", "itgc: weight of the energies", preset: "0.05", rare: true),
      Option("content", "X", "gcc: weight of maps", preset: "1", rare: true),
      Option("gram", "X", "gcc: weight of Gram matrices", preset: "1", rare: true),
      Option(
        "sparsity", "X", "gs: weight of mean styles, 0 after pruning", preset: "0.00001", rare: true
      ),
    ])

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
    _ options: ParsedOptions, _ method: DistilSettings.Method
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
    settings.pixelWeight = try options.amount("pixel") ?? settings.pixelWeight
    settings.perceptualWeight = try options.amount("perceptual") ?? settings.perceptualWeight
    settings.relationWeight = try options.amount("relation") ?? settings.relationWeight
    settings.informationWeight = try options.amount("information") ?? settings.informationWeight
    settings.contentWeight = try options.amount("content") ?? settings.contentWeight
    settings.gramWeight = try options.amount("gram") ?? settings.gramWeight
    settings.sparsityWeight = try options.amount("sparsity") ?? settings.sparsityWeight
    return settings
  }
}
