/// Files and weights of the methods that NICKEL & DiME is compared with.
///
/// One value for all of them, as `settings.json` has it; each method reads and checks its own part.
/// Presets are the weights that their authors, or the code that compares them, give.
public struct TermSettings: Codable, Equatable, Sendable {
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

  /// What goes without VGG16, where that has a weight and no file.
  func omission(_ term: String) -> String? {
    vgg == nil && perceptualWeight > 0 ? "no --vgg: \(term) is left out" : nil
  }
}
