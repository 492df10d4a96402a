import Core

extension GeneratorShape {
  /// The layers as Core counts them; skip architecture.
  public var network: NetworkShape {
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
}
