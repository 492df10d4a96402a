// What the vision transformers of CLIP and DINO have in common.
//
// Source: Dosovitskiy et al. 2021, arXiv:2010.11929.

import Core
import Torch

/// Weight and bias, of a dense layer or of a normalization.
typealias Affine = (weight: Tensor, bias: Tensor)

extension FrozenWeights {
  /// `NAME.weight` of a shape and `NAME.bias` of its first size.
  /// - Throws: `missingTensor`, `shape`.
  func affine(_ name: String, _ shape: [Int]) throws(ObverseError) -> Affine {
    (try tensor("\(name).weight", shape), try tensor("\(name).bias", [shape[0]]))
  }
}

/// One layer: every token asks all others, then is transformed by itself.
struct TransformerLayer {
  /// The non-linearity between the two dense layers behind the attention.
  enum Activation { case gelu, quickGELU }

  let norm1: Affine
  /// Of query, key and value, one behind the other: `[3C, C]`.
  let queryKeyValue: Affine
  let output: Affine
  let norm2: Affine
  let widen: Affine
  let narrow: Affine
  let heads: Int
  let epsilon: Double
  let activation: Activation

  /// `[N, T, C]` to the same.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let x = x + attended(x.layerNormed(norm1.weight, bias: norm1.bias, epsilon: epsilon))
    let y = x.layerNormed(norm2.weight, bias: norm2.bias, epsilon: epsilon)
      .linear(widen.weight, bias: widen.bias)
    let active =
      switch activation {
      case .gelu: y.gelu
      // What CLIP was trained with: an approximation that differs by up to 0.02.
      case .quickGELU: y * (y * 1.702).sigmoid
      }
    return x + active.linear(narrow.weight, bias: narrow.bias)
  }

  private func attended(_ x: Tensor) -> Tensor {
    let (n, t, c) = (x.shape[0], x.shape[1], x.shape[2])
    /// `[3, N, heads, T, C / heads]`.
    let parts = x.linear(queryKeyValue.weight, bias: queryKeyValue.bias)
      .reshaped([n, t, 3, heads, c / heads]).permuted([2, 0, 3, 1, 4])
    let (q, k, v) = (
      parts.element(axis: 0, 0), parts.element(axis: 0, 1), parts.element(axis: 0, 2)
    )
    let scale = 1 / Double(c / heads).squareRoot()
    let attention = ((q * scale).times(k.permuted([0, 1, 3, 2]))).softmax(axis: 3)
    return attention.times(v).permuted([0, 2, 1, 3]).reshaped([n, t, c])
      .linear(output.weight, bias: output.bias)
  }
}

extension Tensor {
  /// The squares of an image as tokens behind a first one that stands for the whole.
  ///
  /// - Parameters:
  ///   - weight: `[C, 3, P, P]`, of squares of side P.
  ///   - bias: `[C]`.
  ///   - first: The first token, C numbers.
  ///   - places: What tells one place from another, `[1, T, C]`.
  /// - Returns: `[N, T, C]`.
  func tokens(_ weight: Tensor, bias: Tensor? = nil, first: Tensor, places: Tensor) -> Tensor {
    var squares = convolved(weight, stride: weight.shape[3])
    if let bias { squares = squares + bias.overPixels }
    let (n, c) = (squares.shape[0], squares.shape[1])
    let tokens = squares.reshaped([n, c, -1]).permuted([0, 2, 1])
    let whole = first.reshaped([1, 1, c]).expanded([n, 1, c])
    return Tensor.concatenated([whole, tokens], axis: 1) + places
  }
}
