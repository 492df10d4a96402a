import Kernels
import ModelFile

/// A whole network by the operators of `Reference`: the specification that plans are held to.
///
/// Slow, simple, and with every intermediate result on show.
package struct ReferenceNetwork {
  private let model: ModelDescription
  private let noise: NoiseMode
  /// Planes that take the place of the stored ones, by layer.
  package var givenNoise: [[Float]]?
  /// Sees each layer's result by name, such as `b8.conv0` or `b8.img`, as `[C, H, W]`.
  package var onLayer: ((String, [Float]) -> Void)?

  package init(_ model: ModelDescription, noise: NoiseMode = .const) {
    self.model = model
    self.noise = noise
  }

  /// `z` to `w`.
  package func map(z: [Float], label: Int? = nil) -> [Float] {
    var x = Reference.normalized(z)
    if let embed = model.embed, let label {
      var oneHot = [Float](repeating: 0, count: model.cDim)
      oneHot[label] = 1
      x += Reference.normalized(
        Reference.dense(oneHot, weight: embed.weight.floats, bias: embed.bias.floats))
    }
    for layer in model.mapping {
      x = Reference.dense(x, weight: layer.weight.floats, bias: layer.bias.floats)
      x = Reference.activated(x, slope: 0.2, gain: Float(2.0.squareRoot()))
    }
    return x
  }

  /// `ws`, one w for each style layer, to planes `[imageChannels, H, W]`.
  package func synthesize(ws: [[Float]]) -> [Float] {
    switch model.synthesis {
    case .styleGAN2(let architecture, let blocks): styleGAN2(architecture, blocks, ws)
    case .mobileStyleGAN(let conv1, let blocks, let image): mobile(conv1, blocks, image, ws)
    }
  }

  // MARK: StyleGAN2

  func styleGAN2(
    _ architecture: BlockArchitecture, _ blocks: [SynthesisBlock], _ ws: [[Float]]
  ) -> [Float] {
    var x = model.const.floats
    var image: [Float] = []
    var layer = 0
    for (k, block) in blocks.enumerated() {
      let size = 4 << k
      var residual: [Float]?
      if let skip = block.skip {
        let small = Reference.conv1x1(x, weight: skip.floats, inChannels: skip.shape[1])
        residual = Reference.upsampled(small, channels: skip.shape[0], size: size / 2)
      }
      if let conv0 = block.conv0 {
        x = styled(conv0, x, ws[layer], inSize: size / 2, size: size, layer: layer)
        onLayer?("b\(size).conv0", x)
        layer += 1
      }
      x = styled(block.conv1, x, ws[layer], inSize: size, size: size, layer: layer)
      layer += 1
      if let residual { x = zip(x, residual).map { $0 + $1 } }
      onLayer?("b\(size).conv1", x)
      guard let toRGB = block.toRGB else { continue }
      // The next block's first convolution reads the same entry.
      var rgb = self.image(toRGB, x, ws[layer])
      if architecture == .skip, !image.isEmpty {
        let doubled = Reference.upsampled(image, channels: model.imageChannels, size: size / 2)
        rgb = zip(doubled, rgb).map { $0 + $1 }
      }
      image = rgb
      onLayer?("b\(size).img", image)
    }
    return image
  }

  private func styled(
    _ conv: StyledConv, _ x: [Float], _ w: [Float], inSize: Int, size: Int, layer: Int
  ) -> [Float] {
    let style = self.style(conv.affine, w)
    let weight = conv.weight.floats
    let factors = Reference.demodulation(
      weight: weight, style: style, outChannels: conv.weight.shape[0])
    let modulated = Reference.modulated(x, style: style)
    let y =
      inSize == size
      ? Reference.conv3x3(modulated, weight: weight, inChannels: style.count, size: size)
      : Reference.upConv3x3(modulated, weight: weight, inChannels: style.count, size: inSize)
    return finished(y, factors, conv.noise, conv.activation, size, layer)
  }

  private func image(_ toImage: ToImage, _ x: [Float], _ w: [Float]) -> [Float] {
    let style = self.style(toImage.affine, w)
    let y = Reference.conv1x1(
      Reference.modulated(x, style: style), weight: toImage.weight.floats,
      inChannels: style.count)
    let biased = Reference.finished(
      y, factors: nil, noise: nil, strength: 0, bias: toImage.bias.floats)
    return Reference.activated(biased, slope: 1, gain: 1, clamp: toImage.clamp)
  }

  // MARK: MobileStyleGAN

  func mobile(
    _ conv1: StyledConv, _ blocks: [MobileBlock], _ toImage: ToImage, _ ws: [[Float]]
  ) -> [Float] {
    let style = self.style(conv1.affine, ws[0])
    let y = Reference.conv3x3(
      Reference.modulated(model.const.floats, style: style), weight: conv1.weight.floats,
      inChannels: style.count, size: 4)
    var x = finished(y, nil, conv1.noise, conv1.activation, 4, 0)
    onLayer?("b4.conv1", x)
    for (i, block) in blocks.enumerated() {
      let size = 8 << i
      x = Reference.modulated(x, style: self.style(block.up, ws[1 + 3 * i]))
      x = Reference.inverseHaar(x, size: size / 2)
      x = separable(block.conv1, x, ws[1 + 3 * i], size, 1 + 2 * i)
      onLayer?("b\(size).conv1", x)
      x = separable(block.conv2, x, ws[2 + 3 * i], size, 2 + 2 * i)
      onLayer?("b\(size).conv2", x)
    }
    return Reference.inverseHaar(
      image(toImage, x, ws[model.wsCount - 1]), size: model.resolution / 2)
  }

  private func separable(
    _ conv: SeparableConv, _ x: [Float], _ w: [Float], _ size: Int, _ layer: Int
  ) -> [Float] {
    let style = self.style(conv.affine, w)
    let filtered = Reference.depthwise3x3(
      Reference.modulated(x, style: style), weight: conv.depthwise.floats, size: size)
    let y = Reference.conv1x1(filtered, weight: conv.pointwise.floats, inChannels: style.count)
    return finished(y, nil, conv.noise, conv.activation, size, layer)
  }

  // MARK: Both

  private func style(_ affine: Dense, _ w: [Float]) -> [Float] {
    Reference.dense(w, weight: affine.weight.floats, bias: affine.bias.floats)
  }

  private func finished(
    _ y: [Float], _ factors: [Float]?, _ noise: Noise?, _ activation: Activation, _ size: Int,
    _ layer: Int
  ) -> [Float] {
    let plane: [Float]? =
      switch (noise, self.noise) {
      case (nil, _), (_, .none): nil
      case (let noise?, .const): givenNoise?[layer] ?? noise.plane?.floats
      case (_, .random(let seed)): DrawnNoise.plane(size: size, seed: seed, layer: layer)
      }
    let sum = Reference.finished(
      y, factors: factors, noise: plane, strength: noise?.strength ?? 0,
      bias: activation.bias.floats)
    return Reference.activated(
      sum, slope: model.slope, gain: activation.gain, clamp: activation.clamp)
  }
}
