import Checkpoint
import Core
import ModelFile

/// Where a styled convolution's tensors are, without the generator's prefix.
struct StyledNames {
  /// The layer in words, such as `convs.2`.
  let layer: String
  let weight: String
  /// `….weight` and `….bias` make the style.
  let affine: String
  let bias: String
  /// nil for toRGB, which has no noise.
  var strength: String?
  var plane: String?
}

/// How one code base names, shapes and scales the tensors of a StyleGAN2 generator.
protocol Vocabulary {
  /// Whose names they are, for people.
  var title: String { get }
  /// Axes of one element in front of `const` and the convolutions: `[1]` or none.
  var leading: [Int] { get }
  var const: String { get }
  /// The sum of a stored filter.
  var filterSum: Float { get }

  /// `….weight` and `….bias` of mapping layer `i`.
  func mapping(_ i: Int) -> String
  /// The index of the mapping layer that a tensor belongs to.
  func mappingIndex(_ name: String) -> Int?
  /// The block that a tensor belongs to, 0 for 4x4; nil where it is no tensor of a block.
  func block(_ name: String) throws(ObverseError) -> Int?

  /// What modules of the mapping network and of styles say their activation is.
  var activations: (mapping: Attribute, style: Attribute) { get }

  /// `index` 0 doubles the size; block 0 has `index` 1 alone.
  func conv(block: Int, index: Int) -> StyledNames
  func toRGB(block: Int) -> StyledNames
  /// Filters that a file may hold for this block.
  func filters(block: Int) -> [String]
  /// Shape of toRGB's bias.
  func rgbBias(channels: Int) -> [Int]
  /// What multiplies a stored 3x3 weight.
  func convGain(inChannels: Int) -> Double
  /// Where the mean w is, inside of the generator.
  var wAverage: String { get }
}

/// The number between a prefix and the next dot: 12 in `convs.12.conv.weight` after `convs.`.
func number(in name: String, after prefix: String) -> Int? {
  guard name.hasPrefix(prefix) else { return nil }
  let rest = name.dropFirst(prefix.count)
  let digits = rest.prefix { $0.isNumber }
  guard digits.count < 10, rest.dropFirst(digits.count).first == "." else { return nil }
  return Int(digits)
}
