import Checkpoint
import Core

/// Names of NVlabs' stylegan2-ada-pytorch, which the stylegan3 repository's StyleGAN2 networks and
/// the paper's students share.
///
/// Convolutions are unscaled before demodulation, and filters sum to 1.
struct NVlabs: Vocabulary {
  let title = "NVlabs"
  let leading: [Int] = []
  let const = "synthesis.b4.const"
  let filterSum: Float = 1
  let wAverage = "mapping.w_avg"
  let activations = (mapping: Attribute.text("lrelu"), style: Attribute.text("linear"))

  func mapping(_ i: Int) -> String { "mapping.fc\(i)" }

  func mappingIndex(_ name: String) -> Int? { number(in: name, after: "mapping.fc") }

  /// - Throws: `unsupported` for a resolution that is no power of two, or above 1024.
  func block(_ name: String) throws(ObverseError) -> Int? {
    guard let resolution = number(in: name, after: "synthesis.b") else { return nil }
    guard resolution >= 4, resolution <= 1024, resolution.nonzeroBitCount == 1 else {
      throw .unsupported(
        what: "block synthesis.b\(resolution)",
        why: "blocks of 4, 8, 16, … 1024 are supported", hint: nil)
    }
    return resolution.trailingZeroBitCount - 2
  }

  func path(block: Int) -> String { "synthesis.b\(4 << block)" }

  func conv(block: Int, index: Int) -> StyledNames {
    let layer = "\(path(block: block)).conv\(index)"
    return StyledNames(
      layer: layer, weight: "\(layer).weight", affine: "\(layer).affine", bias: "\(layer).bias",
      strength: "\(layer).noise_strength", plane: "\(layer).noise_const")
  }

  func toRGB(block: Int) -> StyledNames {
    let layer = "\(path(block: block)).torgb"
    return StyledNames(
      layer: layer, weight: "\(layer).weight", affine: "\(layer).affine", bias: "\(layer).bias")
  }

  func filters(block: Int) -> [String] {
    ["", ".conv0", ".conv1", ".skip"].map { "\(path(block: block))\($0).resample_filter" }
  }

  func rgbBias(channels: Int) -> [Int] { [channels] }

  func convGain(inChannels: Int) -> Double { 1 }
}
