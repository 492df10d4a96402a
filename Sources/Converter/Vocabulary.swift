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

/// How a code base spells a generator whose arithmetic is that of one of the vocabularies: other
/// names, other layouts, the same network.
enum Spelling: CaseIterable {
  /// As the vocabulary has it.
  case plain
  /// OpenMMLab's mmgeneration, in rosinality's vocabulary.
  case mmgeneration
  /// BasicSR, in rosinality's vocabulary.
  case basicSR
  /// PaddleGAN, in rosinality's vocabulary: dense layers are stored as [in, out].
  case paddle
  /// NVlabs' TensorFlow code of StyleGAN2 and StyleGAN2-ADA, in the vocabulary of its successor.
  case tensorFlow

  /// A tensor by its vocabulary's name, and how the stored one becomes it.
  struct Spelled {
    var name: String
    /// For each axis the stored one that it is; nil where they are the same.
    var axes: [Int]?
    /// Axes of the result that run backwards.
    var reversed: [Int] = []
    /// What is added to each value.
    var plus: Float = 0
  }

  /// Whose names they are, for people; nil where the vocabulary says it.
  var title: String? {
    switch self {
    case .plain: nil
    case .mmgeneration: "mmgeneration"
    case .basicSR: "BasicSR"
    case .paddle: "PaddleGAN"
    case .tensorFlow: "TensorFlow"
    }
  }

  /// What a name, without the generator's prefix, stands for.
  func read(_ name: String, shape: [Int]) -> Spelled {
    switch self {
    case .plain: return Spelled(name: name)
    case .mmgeneration: return Spelled(name: Self.mmgeneration(name))
    case .basicSR: return Spelled(name: Self.basicSR(name))
    case .paddle:
      let isDense = name.hasSuffix(".weight") && shape.count == 2
      return Spelled(name: name, axes: isDense ? [1, 0] : nil)
    case .tensorFlow: return Self.tensorFlow(name, axes: shape.count)
    }
  }

  /// mmgeneration's equalized layers keep their weight as `weight_orig`.
  private static func mmgeneration(_ name: String) -> String {
    var parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if parts.last == "weight_orig" { parts[parts.count - 1] = "weight" }
    if parts.count == 1, name.hasPrefix("injected_noise_") {
      return "noises.noise_" + name.dropFirst("injected_noise_".count)
    }
    if parts[0] == "style_mapping" { parts[0] = "style" }
    if parts[0] == "constant_input" { parts[0] = "input" }
    parts = parts.enumerated().compactMap { index, part in
      switch part {
      case "style_modulation": "modulation"
      case "noise_injector": "noise"
      case "linear" where index > 0: nil
      default: part
      }
    }
    return parts.joined(separator: ".")
  }

  /// BasicSR's convolutions are `modulated_conv`, beside the strength of the noise as `weight`.
  private static func basicSR(_ name: String) -> String {
    var parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    switch parts[0] {
    case "constant_input": return "input.input"
    case "style_mlp": parts[0] = "style"
    case "style_conv1": parts[0] = "conv1"
    case "style_convs": parts[0] = "convs"
    case "noises" where parts.count == 2 && parts[1].hasPrefix("noise"):
      return "noises.noise_" + parts[1].dropFirst("noise".count)
    default: break
    }
    if parts[0] == "conv1" || parts[0] == "convs", parts.last == "weight",
      !parts.contains("modulated_conv")
    {
      parts.insert("noise", at: parts.count - 1)
    }
    return parts.map { $0 == "modulated_conv" ? "conv" : $0 }.joined(separator: ".")
  }

  /// TensorFlow's layouts: dense [in, out], convolutions [kH, kW, in, out].
  ///
  /// Its up-convolution correlates where torch's transposed one convolves, so the kernel is turned;
  /// its styles are stored without the 1 that they are added to.
  private static func tensorFlow(_ name: String, axes: Int) -> Spelled {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    if name == "dlatent_avg" { return Spelled(name: "mapping.w_avg") }
    if parts.count == 3, parts[0] == "mapping" {
      let layer =
        parts[1] == "LabelEmbed"
        ? "embed" : parts[1].hasPrefix("Dense") ? "fc" + parts[1].dropFirst(5) : String(parts[1])
      return Spelled(name: "mapping.\(layer).\(parts[2])", axes: axes == 2 ? [1, 0] : nil)
    }
    guard parts.first == "synthesis" else { return Spelled(name: name) }
    if parts.count == 2, let index = number(in: name + ".", after: "synthesis.noise") {
      let layer = index == 0 || index % 2 == 0 ? "conv1" : "conv0"
      return Spelled(
        name: "synthesis.b\(1 << ((min(index, 32) + 5) / 2)).\(layer).noise_const",
        axes: axes == 4 ? [2, 3] : nil)
    }
    guard parts.count == 4, let size = number(in: parts[1].replacingFirstX, after: "") else {
      return Spelled(name: name)
    }
    let block = "synthesis.b\(size)"
    if parts[2] == "Const" {
      return Spelled(name: "\(block).const", axes: axes == 4 ? [1, 2, 3] : nil)
    }
    let layers = ["Conv": "conv1", "Conv0_up": "conv0", "Conv1": "conv1", "ToRGB": "torgb"]
    let layer = layers[String(parts[2])] ?? parts[2].lowercased()
    let isTurned = parts[2] == "Conv0_up" || parts[2] == "Skip"
    switch parts[3] {
    case "weight" where axes == 4:
      return Spelled(
        name: "\(block).\(layer).weight", axes: [3, 2, 0, 1], reversed: isTurned ? [2, 3] : [])
    case "mod_weight":
      return Spelled(name: "\(block).\(layer).affine.weight", axes: axes == 2 ? [1, 0] : nil)
    case "mod_bias": return Spelled(name: "\(block).\(layer).affine.bias", plus: 1)
    default: return Spelled(name: "\(block).\(layer).\(parts[3])")
    }
  }
}

extension Substring {
  /// `8x8` as `8.8`, for `number(in:after:)`; as it is where the numbers differ.
  fileprivate var replacingFirstX: String {
    let sides = split(separator: "x", omittingEmptySubsequences: false)
    return sides.count == 2 && sides[0] == sides[1] ? "\(sides[0])." : String(self)
  }
}

/// Tells whether a generator in rosinality's names comes from PaddleGAN, whose dense layers are stored
/// as [in, out] where torch's are [out, in].
///
/// Most of them are square, and a square one says nothing; turned the wrong way it would draw another
/// face without a word. So every style layer is asked whose two sizes differ, and where none does,
/// whether the file is one that PaddlePaddle has written.
struct PaddleGAN {
  let isPaddle: Bool

  init(_ file: CheckpointFile, _ prefix: String, _ vocabulary: FoundGenerator.Vocabulary) {
    guard vocabulary == .rosinality else {
      isPaddle = false
      return
    }
    let ending = ".modulation.weight"
    var inputs: [Substring: Int] = [:]
    var styles: [(layer: Substring, shape: [Int])] = []
    for (name, tensor) in file.tensors where name.hasPrefix(prefix) {
      let name = name.dropFirst(prefix.count)
      if name.hasSuffix(ending), tensor.shape.count == 2 {
        styles.append((name.dropLast(ending.count), tensor.shape))
      } else if name.hasSuffix(".weight"), tensor.shape.count == 5 {
        inputs[name.dropLast(".weight".count)] = tensor.shape[2]
      }
    }
    var turned = 0
    var straight = 0
    for style in styles where style.shape[0] != style.shape[1] {
      guard let width = inputs[style.layer] else { continue }
      if style.shape[1] == width { turned += 1 }
      if style.shape[0] == width { straight += 1 }
    }
    isPaddle = turned == straight ? Self.wrote(file, prefix) : turned > straight
  }

  /// Whether PaddlePaddle wrote it: it keeps the names of parameters beside them, or in pairs, and
  /// people call the file as it does.
  private static func wrote(_ file: CheckpointFile, _ prefix: String) -> Bool {
    if file.path.hasSuffix(".pdparams") { return true }
    let table = "StructuredToParameterName@@"
    if file.attributes.keys.contains(where: { $0.hasPrefix(table) || $0[...].hasWords(table) }) {
      return true
    }
    guard case .text = file.attributes["\(prefix)style.1.weight"] else { return false }
    return true
  }
}
