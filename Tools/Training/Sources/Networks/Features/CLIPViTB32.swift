import Core
import Torch

/// The image tower of CLIP ViT-B/32.
///
/// Source: Radford et al. 2021, arXiv:2103.00020; names are the authors', with `visual.` before them
/// or without.
public final class CLIPViTB32: FeatureNetwork {
  public let kind = FeatureKind.clipViTB32
  public let width = 512
  public let preparation: String
  public let fileHash: String

  private let squares: Tensor
  private let first: Tensor
  /// `[1, 50, 768]`: the whole, then 7x7 squares.
  private let places: Tensor
  private let before: Affine
  private let layers: [TransformerLayer]
  private let after: Affine
  /// `[512, 768]`.
  private let projection: Tensor
  private let scale: ColourScale?
  private static let epsilon = 1e-5

  init(_ weights: FrozenWeights, normalizes: Bool) throws(ObverseError) {
    fileHash = weights.fileHash
    scale = normalizes ? .clip(on: weights.device) : nil
    preparation =
      "bilinear to 224x224, " + (normalizes ? "CLIP's mean and deviation" : "range -1 to 1")
    let c = 768
    let prefix = weights.has("visual.conv1.weight") ? "visual." : ""
    func affine(_ name: String, _ shape: [Int]) throws(ObverseError) -> Affine {
      try weights.affine(prefix + name, shape)
    }
    squares = try weights.tensor("\(prefix)conv1.weight", [c, 3, 32, 32])
    first = try weights.tensor("\(prefix)class_embedding", [c])
    places = try weights.tensor("\(prefix)positional_embedding", [50, c]).reshaped([1, 50, c])
    before = try affine("ln_pre", [c])
    var layers: [TransformerLayer] = []
    for i in 0..<12 {
      let name = "transformer.resblocks.\(i)"
      // The one layer whose parts the authors' framework joins by an underscore.
      let joined = "\(prefix)\(name).attn.in_proj"
      layers.append(
        TransformerLayer(
          norm1: try affine("\(name).ln_1", [c]),
          queryKeyValue: (
            try weights.tensor("\(joined)_weight", [3 * c, c]),
            try weights.tensor("\(joined)_bias", [3 * c])
          ),
          output: try affine("\(name).attn.out_proj", [c, c]),
          norm2: try affine("\(name).ln_2", [c]),
          widen: try affine("\(name).mlp.c_fc", [4 * c, c]),
          narrow: try affine("\(name).mlp.c_proj", [c, 4 * c]), heads: 12,
          epsilon: Self.epsilon, activation: .quickGELU))
    }
    self.layers = layers
    after = try affine("ln_post", [c])
    projection = try weights.tensor("\(prefix)proj", [c, width]).permuted([1, 0]).contiguous
  }

  public func callAsFunction(_ images: Tensor) -> Tensor {
    var x = images.resized(to: 224)
    if let scale { x = scale(x) }
    x = x.tokens(squares, first: first, places: places)
      .layerNormed(before.weight, bias: before.bias, epsilon: Self.epsilon)
    for layer in layers { x = layer(x) }
    return x.element(axis: 1, 0)
      .layerNormed(after.weight, bias: after.bias, epsilon: Self.epsilon).linear(projection)
  }
}
