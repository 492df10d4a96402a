// Layers, parameters and multiply-adds of a description.

import Core

extension ModelDescription {
  /// The network's shape; the description must be valid.
  ///
  /// Parameters are what training learns: stored noise planes and the mean w are not among them,
  /// the strength of a layer's noise is.
  package var shape: NetworkShape {
    var layers: [LayerShape] = []
    if let embed { layers.append(.dense("embed", embed)) }
    for (i, layer) in mapping.enumerated() { layers.append(.dense("fc\(i)", layer)) }
    layers += synthesis.network.layers(resolution: resolution)
    return NetworkShape(
      resolution: resolution, imageChannels: imageChannels, zDim: zDim, wDim: wDim,
      layers: layers, constParameters: const.count)
  }
}

extension Dense {
  /// Numbers that training learns.
  package var count: Int { weight.count + bias.count }
}

extension LayerShape {
  fileprivate static func dense(_ name: String, _ layer: Dense) -> LayerShape {
    LayerShape(
      name: name, kind: .dense, inChannels: layer.weight.shape[1],
      outChannels: layer.weight.shape[0], inSize: 1, outSize: 1, styleWidth: 0,
      parameters: layer.count)
  }

  static func styled(
    _ name: String, _ kind: Kind, _ conv: StyledConv, from: Int, to: Int
  ) -> LayerShape {
    LayerShape(
      name: name, kind: kind, inChannels: conv.weight.shape[1], outChannels: conv.weight.shape[0],
      inSize: from, outSize: to, styleWidth: conv.affine.bias.count,
      parameters: conv.weight.count + conv.activation.bias.count + conv.affine.count
        + (conv.noise == nil ? 0 : 1))
  }

  static func separable(
    _ name: String, _ conv: SeparableConv, _ size: Int
  ) -> LayerShape {
    LayerShape(
      name: name, kind: .separable, inChannels: conv.pointwise.shape[1],
      outChannels: conv.pointwise.shape[0], inSize: size, outSize: size,
      styleWidth: conv.affine.bias.count,
      parameters: conv.depthwise.count + conv.pointwise.count + conv.activation.bias.count
        + conv.affine.count + (conv.noise == nil ? 0 : 1))
  }

  static func toImage(_ name: String, _ layer: ToImage, _ size: Int) -> LayerShape {
    LayerShape(
      name: name, kind: .conv1x1, inChannels: layer.weight.shape[1],
      outChannels: layer.weight.shape[0], inSize: size, outSize: size,
      styleWidth: layer.affine.bias.count,
      parameters: layer.weight.count + layer.bias.count + layer.affine.count)
  }
}
