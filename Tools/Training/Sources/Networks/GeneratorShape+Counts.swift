import Core

extension GeneratorShape {
  /// Whether Core knows the layers: of StyleGAN2 the skip architecture, and MobileStyleGAN.
  public var canBeCounted: Bool { family == .mobileStyleGAN || architecture == .skip }

  /// The layers as Core counts them, where `canBeCounted`.
  public var network: NetworkShape {
    guard family == .styleGAN2 else { return mobileNetwork }
    var network = NetworkShape.styleGAN2Skip(
      widths: (0..<blockCount).map { widths[2 * $0 + 1] }, zDim: zDim, wDim: wDim,
      mappingLayers: mappingLayers, imageChannels: imageChannels)
    // Core gives a block one width; here its two convolutions may differ.
    var inputs = [widths[0]]
    for block in 0..<blockCount {
      if block > 0 { inputs += [widths[2 * block - 1], widths[2 * block]] }
      inputs.append(widths[2 * block + 1])
    }
    for (i, (layer, input)) in zip(mappingLayers..., inputs).enumerated() {
      // In order: b4.conv1, b4.torgb, then conv0, conv1, torgb of each block.
      let isRGB = i % 3 == 1
      let output = isRGB ? imageChannels : widths[2 * ((i + 1) / 3) + (i % 3 == 0 ? 1 : 0)]
      let taps = isRGB ? 1 : 9
      network.layers[layer].inChannels = input
      network.layers[layer].outChannels = output
      network.layers[layer].styleWidth = input
      network.layers[layer].parameters =
        taps * input * output + output + input * (wDim + 1) + (isRGB ? 0 : 1)
    }
    network.constParameters = widths[0] * 16
    return network
  }

  private var mobileNetwork: NetworkShape {
    // Of some StyleGAN2, whose mapping it has, the mapping.
    var layers = Array(
      NetworkShape.styleGAN2Skip(
        widths: [1], zDim: zDim, wDim: wDim, mappingLayers: mappingLayers,
        imageChannels: imageChannels
      ).layers.prefix(mappingLayers))
    func styled(
      _ name: String, _ kind: LayerShape.Kind, _ input: Int, _ output: Int, _ from: Int, _ to: Int,
      weights: Int
    ) {
      layers.append(
        LayerShape(
          name: name, kind: kind, inChannels: input, outChannels: output, inSize: from, outSize: to,
          styleWidth: input, parameters: weights + input * (wDim + 1)))
    }
    // As in a model file, the strength of the noise counts as one number.
    styled(
      "b4.conv1", .conv3x3, widths[0], widths[1], 4, 4,
      weights: 9 * widths[0] * widths[1] + widths[1] + 1)
    for block in 1..<blockCount {
      let (side, input) = (4 << block, widths[2 * block - 1])
      styled("b\(side).up", .inverseHaar, input, input / 4, side / 2, side, weights: 0)
      for (name, from, to) in [
        ("conv1", input / 4, widths[2 * block]),
        ("conv2", widths[2 * block], widths[2 * block + 1]),
      ] {
        styled(
          "b\(side).\(name)", .separable, from, to, side, side, weights: (9 + to) * from + to + 1)
      }
    }
    let (last, bands) = (widths[widths.count - 1], 4 * imageChannels)
    styled(
      "toimage", .conv1x1, last, bands, featureSide, featureSide, weights: (last + 1) * bands)
    return NetworkShape(
      resolution: resolution, imageChannels: imageChannels, zDim: zDim, wDim: wDim, layers: layers,
      constParameters: widths[0] * 16)
  }
}
