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
    switch synthesis {
    case .styleGAN2(_, let blocks):
      for (i, block) in blocks.enumerated() {
        let size = 4 << i
        if let conv0 = block.conv0 {
          layers.append(.styled("b\(size).conv0", .upConv3x3, conv0, from: size / 2, to: size))
        }
        layers.append(.styled("b\(size).conv1", .conv3x3, block.conv1, from: size, to: size))
        if let skip = block.skip {
          layers.append(
            LayerShape(
              name: "b\(size).skip", kind: .conv1x1, inChannels: skip.shape[1],
              outChannels: skip.shape[0], inSize: size / 2, outSize: size, styleWidth: 0,
              parameters: skip.count))
        }
        if let toRGB = block.toRGB { layers.append(.toImage("b\(size).torgb", toRGB, size)) }
      }
    case .mobileStyleGAN(let conv1, let blocks, let toImage):
      layers.append(.styled("b4.conv1", .conv3x3, conv1, from: 4, to: 4))
      for (i, block) in blocks.enumerated() {
        let size = 8 << i
        let channels = block.up.weight.shape[0]
        layers.append(
          LayerShape(
            name: "b\(size).up", kind: .inverseHaar, inChannels: channels,
            outChannels: channels / 4, inSize: size / 2, outSize: size, styleWidth: channels,
            parameters: block.up.count))
        layers.append(.separable("b\(size).conv1", block.conv1, size))
        layers.append(.separable("b\(size).conv2", block.conv2, size))
      }
      layers.append(.toImage("toimage", toImage, resolution / 2))
    }
    return NetworkShape(
      resolution: resolution, imageChannels: imageChannels, zDim: zDim, wDim: wDim,
      layers: layers, constParameters: const.count)
  }
}

extension Dense {
  /// Numbers that training learns.
  fileprivate var count: Int { weight.count + bias.count }
}

extension LayerShape {
  fileprivate static func dense(_ name: String, _ layer: Dense) -> LayerShape {
    LayerShape(
      name: name, kind: .dense, inChannels: layer.weight.shape[1],
      outChannels: layer.weight.shape[0], inSize: 1, outSize: 1, styleWidth: 0,
      parameters: layer.count)
  }

  fileprivate static func styled(
    _ name: String, _ kind: Kind, _ conv: StyledConv, from: Int, to: Int
  ) -> LayerShape {
    LayerShape(
      name: name, kind: kind, inChannels: conv.weight.shape[1], outChannels: conv.weight.shape[0],
      inSize: from, outSize: to, styleWidth: conv.affine.bias.count,
      parameters: conv.weight.count + conv.activation.bias.count + conv.affine.count
        + (conv.noise == nil ? 0 : 1))
  }

  fileprivate static func separable(
    _ name: String, _ conv: SeparableConv, _ size: Int
  ) -> LayerShape {
    LayerShape(
      name: name, kind: .separable, inChannels: conv.pointwise.shape[1],
      outChannels: conv.pointwise.shape[0], inSize: size, outSize: size,
      styleWidth: conv.affine.bias.count,
      parameters: conv.depthwise.count + conv.pointwise.count + conv.activation.bias.count
        + conv.affine.count + (conv.noise == nil ? 0 : 1))
  }

  fileprivate static func toImage(_ name: String, _ layer: ToImage, _ size: Int) -> LayerShape {
    LayerShape(
      name: name, kind: .conv1x1, inChannels: layer.weight.shape[1],
      outChannels: layer.weight.shape[0], inSize: size, outSize: size,
      styleWidth: layer.affine.bias.count,
      parameters: layer.weight.count + layer.bias.count + layer.affine.count)
  }
}
