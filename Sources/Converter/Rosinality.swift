import Checkpoint
import Core

/// Names of rosinality's stylegan2-pytorch, which CAGC kept.
///
/// Convolutions have a leading axis of 1, are scaled by 1/√(9 Ci) before demodulation, and blur
/// kernels hold the gain of upsampling. There are no clamps, classes or resnet blocks.
struct Rosinality: Vocabulary {
  let title = "rosinality"
  let leading = [1]
  let const = "input.input"
  let filterSum: Float = 4
  let wAverage = "latent_avg"
  let activations = (mapping: Attribute.text("fused_lrelu"), style: Attribute.none)

  /// `style.0` is the normalization of z and has no tensors.
  func mapping(_ i: Int) -> String { "style.\(i + 1)" }

  func mappingIndex(_ name: String) -> Int? {
    guard let i = number(in: name, after: "style."), i > 0 else { return nil }
    return i - 1
  }

  func block(_ name: String) -> Int? {
    if let i = number(in: name, after: "convs.") { return i / 2 + 1 }
    if let i = number(in: name, after: "to_rgbs.") { return i + 1 }
    return name.hasPrefix("conv1.") || name.hasPrefix("to_rgb1.") ? 0 : nil
  }

  func conv(block: Int, index: Int) -> StyledNames {
    let layer = block == 0 ? "conv1" : "convs.\(2 * (block - 1) + index)"
    let noise = block == 0 ? 0 : 2 * (block - 1) + index + 1
    return StyledNames(
      layer: layer, weight: "\(layer).conv.weight", affine: "\(layer).conv.modulation",
      bias: "\(layer).activate.bias", strength: "\(layer).noise.weight",
      plane: "noises.noise_\(noise)")
  }

  func toRGB(block: Int) -> StyledNames {
    let layer = block == 0 ? "to_rgb1" : "to_rgbs.\(block - 1)"
    return StyledNames(
      layer: layer, weight: "\(layer).conv.weight", affine: "\(layer).conv.modulation",
      bias: "\(layer).bias")
  }

  func filters(block: Int) -> [String] {
    guard block > 0 else { return [] }
    return ["convs.\(2 * (block - 1)).conv.blur.kernel", "to_rgbs.\(block - 1).upsample.kernel"]
  }

  func rgbBias(channels: Int) -> [Int] { [1, channels, 1, 1] }

  func convGain(inChannels: Int) -> Double { 1 / (9 * Double(inChannels)).squareRoot() }
}
