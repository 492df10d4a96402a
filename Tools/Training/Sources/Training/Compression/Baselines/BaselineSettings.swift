import Core

/// Files and weights of the methods that NICKEL & DiME is compared with.
///
/// Presets are the weights that their authors, or the code that compares them, give.
public struct BaselineSettings: Codable, Equatable, Sendable {
  /// VGG16 as torchvision names it; without it there is no perceptual term.
  public var vgg: String?
  /// Heads of LPIPS, which belong to `vgg`.
  public var lpips: String?
  /// The face parser whose mask the image terms have; without it they have the whole image.
  public var parser: String?
  /// CAGC, StyleKD, ITGC: mean absolute difference of pixels.
  public var pixelWeight = 3.0
  /// CAGC, StyleKD, ITGC: LPIPS; GAN Slimming: VGG's features and their Gram matrices.
  public var perceptualWeight = 3.0
  /// StyleKD: relations between images.
  public var relationWeight = 30.0
  /// ITGC: the energy model's bound of mutual information.
  public var informationWeight = 0.05
  /// GCC: differences of maps, and of their Gram matrices.
  public var contentWeight = 1.0
  public var gramWeight = 1.0
  /// GAN Slimming: sum of mean styles; 0 is for the second phase, after pruning.
  public var sparsityWeight = 1e-5

  public init() {}

  /// Refuses what contradicts itself.
  /// - Throws: `usage`.
  func check(_ method: DistilSettings.Method) throws(ObverseError) {
    switch method {
    case .nickelDiME, .plain: break
    case .itgc where informationWeight == 0:
      throw .usage("ITGC without the energies is CAGC", hint: "--method cagc")
    case .styleKD where relationWeight == 0:
      throw .usage("StyleKD without relations is CAGC", hint: "--method cagc")
    case .cagc, .itgc, .styleKD:
      guard (vgg == nil) == (lpips == nil) else {
        throw .usage("LPIPS needs VGG16 and its own heads together", hint: "--vgg and --lpips")
      }
      guard pixelWeight > 0 || (perceptualWeight > 0 && vgg != nil) || method != .cagc else {
        throw .usage("CAGC without both of its terms is plain fine-tuning", hint: nil)
      }
    case .gcc:
      guard contentWeight > 0 || gramWeight > 0 else {
        throw .usage("GCC needs its content or its Gram term", hint: nil)
      }
    case .ganSlimming:
      guard sparsityWeight > 0 || (perceptualWeight > 0 && vgg != nil) else {
        throw .usage(
          "GAN Slimming without sparsity and without VGG16 is plain fine-tuning", hint: nil)
      }
    }
  }

  /// What the run does without, in a sentence for its user; nil where nothing is missing.
  public func omission(_ method: DistilSettings.Method) -> String? {
    let usesImages = [.cagc, .itgc, .styleKD].contains(method)
    guard usesImages || method == .ganSlimming else { return nil }
    let term = usesImages ? "LPIPS" : "the perceptual term"
    let noTerm = vgg == nil && perceptualWeight > 0
    let noMask = usesImages && parser == nil
    switch (noTerm, noMask) {
    case (true, true): return "no --vgg: \(term) is left out; no --parser: the mask is the image"
    case (true, false): return "no --vgg: \(term) is left out"
    case (false, true): return "no --parser: the mask is the whole image"
    case (false, false): return nil
    }
  }
}
