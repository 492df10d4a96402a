import Core
import Torch

/// The image tower of CLIP RN50 with its attention pooling.
///
/// Source: Radford et al. 2021, arXiv:2103.00020; names are the authors', with `visual.` before them
/// or without.
public final class CLIPResNet50: FeatureNetwork {
  public let kind = FeatureKind.clipRN50
  public let width = 1024
  public let preparation: String
  public let fileHash: String

  /// A bottleneck that shrinks by averaging, where others take every second pixel.
  private struct Bottleneck {
    let conv1: FrozenConv
    let conv2: FrozenConv
    let conv3: FrozenConv
    let downsample: FrozenConv?
    let stride: Int

    func callAsFunction(_ x: Tensor) -> Tensor {
      var y = conv2(conv1(x).relu, padding: 1).relu
      if stride > 1 { y = y.averagePooled(stride) }
      let shortcut = downsample.map { $0(stride > 1 ? x.averagePooled(stride) : x) } ?? x
      return (conv3(y) + shortcut).relu
    }
  }

  private let stem: [FrozenConv]
  private let blocks: [Bottleneck]
  /// `[50, 2048]`: the mean's place, then 7x7 pixels.
  private let places: Tensor
  private let query: Affine
  private let key: Affine
  private let value: Affine
  private let output: Affine
  private let scale: ColourScale?
  private static let heads = 32

  init(_ weights: FrozenWeights, normalizes: Bool) throws(ObverseError) {
    fileHash = weights.fileHash
    scale = normalizes ? .clip(on: weights.device) : nil
    preparation =
      "bilinear to 224x224, " + (normalizes ? "CLIP's mean and deviation" : "range -1 to 1")
    let prefix = weights.has("visual.conv1.weight") ? "visual." : ""
    func conv(_ name: String, _ norm: String, _ shape: [Int], stride: Int = 1)
      throws(ObverseError) -> FrozenConv
    {
      try weights.conv(
        prefix + name, norm: prefix + norm, shape, epsilon: 1e-5, stride: stride)
    }
    stem = [
      try conv("conv1", "bn1", [32, 3, 3, 3], stride: 2),
      try conv("conv2", "bn2", [32, 32, 3, 3]), try conv("conv3", "bn3", [64, 32, 3, 3]),
    ]
    var blocks: [Bottleneck] = []
    var input = 64
    for (stage, count) in [3, 4, 6, 3].enumerated() {
      let narrow = 64 << stage
      for i in 0..<count {
        let name = "layer\(stage + 1).\(i)"
        blocks.append(
          Bottleneck(
            conv1: try conv("\(name).conv1", "\(name).bn1", [narrow, input, 1, 1]),
            conv2: try conv("\(name).conv2", "\(name).bn2", [narrow, narrow, 3, 3]),
            conv3: try conv("\(name).conv3", "\(name).bn3", [4 * narrow, narrow, 1, 1]),
            downsample: i > 0
              ? nil
              : try conv(
                "\(name).downsample.0", "\(name).downsample.1", [4 * narrow, input, 1, 1]),
            stride: i == 0 && stage > 0 ? 2 : 1))
        input = 4 * narrow
      }
    }
    self.blocks = blocks
    func dense(_ name: String, _ out: Int) throws(ObverseError) -> Affine {
      try weights.affine("\(prefix)attnpool.\(name)", [out, 2048])
    }
    places = try weights.tensor("\(prefix)attnpool.positional_embedding", [50, 2048])
    query = try dense("q_proj", 2048)
    key = try dense("k_proj", 2048)
    value = try dense("v_proj", 2048)
    output = try dense("c_proj", 1024)
  }

  public func callAsFunction(_ images: Tensor) -> Tensor {
    var x = images.resized(to: 224)
    if let scale { x = scale(x) }
    for conv in stem { x = conv(x, padding: 1).relu }
    x = x.averagePooled(2)
    for block in blocks { x = block(x) }
    return pooled(x)
  }

  /// The mean of all pixels asks, pixels and mean answer: `[N, 2048, 7, 7]` to `[N, 1024]`.
  private func pooled(_ x: Tensor) -> Tensor {
    let (n, c) = (x.shape[0], x.shape[1])
    let pixels = x.reshaped([n, c, -1]).permuted([0, 2, 1])
    let tokens =
      Tensor.concatenated(
        [pixels.mean(over: [1], keepingAxes: true), pixels], axis: 1) + places
    let count = tokens.shape[1]
    /// `[N, T, 2048]` to `[N, heads, T, 64]`.
    func heads(_ x: Tensor, _ dense: Affine, _ t: Int) -> Tensor {
      x.reshaped([n * t, c]).linear(dense.weight, bias: dense.bias)
        .reshaped([n, t, Self.heads, c / Self.heads]).permuted([0, 2, 1, 3])
    }
    let q = heads(tokens.slice(axis: 1, 0..<1), query, 1)
    let k = heads(tokens, key, count)
    let v = heads(tokens, value, count)
    let scale = 1 / Double(c / Self.heads).squareRoot()
    let attention = (q.times(k.permuted([0, 1, 3, 2])) * scale).softmax(axis: 3)
    let answer = attention.times(v).permuted([0, 2, 1, 3]).reshaped([n, c])
    return answer.linear(output.weight, bias: output.bias)
  }
}
