import Core
import Torch

/// DINO's ViT-S/16 up to the token that stands for the whole image.
///
/// Source: Caron et al. 2021, arXiv:2104.14294; the file is the authors'
/// `dino_deitsmall16_pretrain`.
public final class DINOViTS16: FeatureNetwork {
  public let kind = FeatureKind.dinoViTS16
  public let width = 384
  public let preparation: String
  public let fileHash: String

  private let squares: Affine
  private let first: Tensor
  /// `[1, 197, 384]`: the whole, then 14x14 squares.
  private let places: Tensor
  private let layers: [TransformerLayer]
  private let after: Affine
  private let scale: ColourScale?
  private static let epsilon = 1e-6

  init(_ weights: FrozenWeights, normalizes: Bool) throws(ObverseError) {
    fileHash = weights.fileHash
    scale = normalizes ? .imageNet(on: weights.device) : nil
    preparation =
      "bilinear to 224x224, " + (normalizes ? "ImageNet's mean and deviation" : "range -1 to 1")
    let c = width
    squares = try weights.affine("patch_embed.proj", [c, 3, 16, 16])
    first = try weights.tensor("cls_token", [1, 1, c])
    places = try weights.tensor("pos_embed", [1, 197, c])
    var layers: [TransformerLayer] = []
    for i in 0..<12 {
      let name = "blocks.\(i)"
      layers.append(
        TransformerLayer(
          norm1: try weights.affine("\(name).norm1", [c]),
          queryKeyValue: try weights.affine("\(name).attn.qkv", [3 * c, c]),
          output: try weights.affine("\(name).attn.proj", [c, c]),
          norm2: try weights.affine("\(name).norm2", [c]),
          widen: try weights.affine("\(name).mlp.fc1", [4 * c, c]),
          narrow: try weights.affine("\(name).mlp.fc2", [c, 4 * c]), heads: 6,
          epsilon: Self.epsilon, activation: .gelu))
    }
    self.layers = layers
    after = try weights.affine("norm", [c])
  }

  public func callAsFunction(_ images: Tensor) -> Tensor {
    var x = images.resized(to: 224)
    if let scale { x = scale(x) }
    x = x.tokens(squares.weight, bias: squares.bias, first: first, places: places)
    for layer in layers { x = layer(x) }
    return x.element(axis: 1, 0)
      .layerNormed(after.weight, bias: after.bias, epsilon: Self.epsilon)
  }
}
