import Core
import ModelFile

/// Small networks with random weights, one of each kind.
enum SyntheticModel: CaseIterable {
  case skip, odd, resnet, orig, clamped, grey, rgba, conditional, eight, deep, mobile

  var description: ModelDescription {
    var maker = Maker(random: RandomState(seed: 3))
    switch self {
    case .skip: return maker.styleGAN2(.skip, widths: [16, 12, 9])
    case .odd: return maker.styleGAN2(.skip, widths: [1, 7, 17, 3])
    case .resnet: return maker.styleGAN2(.resnet, widths: [10, 9, 5], clamp: 256)
    case .orig: return maker.styleGAN2(.orig, widths: [8, 11, 4])
    case .clamped: return maker.styleGAN2(.skip, widths: [8, 8, 8], clamp: 0.7)
    case .grey: return maker.styleGAN2(.skip, widths: [5, 6], channels: 1)
    case .rgba: return maker.styleGAN2(.skip, widths: [5, 6, 7], channels: 4)
    case .conditional: return maker.styleGAN2(.skip, widths: [6, 6], classes: 3)
    case .eight: return maker.styleGAN2(.skip, widths: [33, 34])
    // Blocks of every algorithm on every instruction set.
    case .deep:
      return maker.styleGAN2(.skip, widths: [33, 34, 17, 7, 5], channels: 4, clamp: 1.5)
    case .mobile: return maker.mobile(widths: [24, 20, 36])
    }
  }

  private struct Maker {
    var random: RandomState
    let wDim = 11

    mutating func weights(_ shape: [Int], scale: Float = 1, offset: Float = 0) -> Weights {
      let values = random.normals(shape.reduce(1, *)).map { $0 * scale + offset }
      var bytes: [UInt8] = []
      for value in values {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += Array($0) }
      }
      return Weights(type: .float32, shape: shape, bytes: Bytes(bytes))
    }

    mutating func dense(_ outputs: Int, _ inputs: Int, offset: Float = 0) -> Dense {
      Dense(
        weight: weights([outputs, inputs], scale: 1 / Float(inputs).squareRoot()),
        bias: weights([outputs], scale: 0.1, offset: offset))
    }

    mutating func conv(
      _ inputs: Int, _ outputs: Int, _ size: Int, gain: Float, clamp: Float?
    ) -> StyledConv {
      StyledConv(
        weight: weights([outputs, inputs, 3, 3], scale: 0.3),
        affine: dense(inputs, wDim, offset: 1),
        noise: Noise(plane: weights([size, size]), strength: 0.3),
        activation: Activation(
          bias: weights([outputs], scale: 0.2), gain: gain, clamp: clamp))
    }

    mutating func styleGAN2(
      _ architecture: BlockArchitecture, widths: [Int], channels: Int = 3, clamp: Float? = nil,
      classes: Int = 0
    ) -> ModelDescription {
      let root = Float(2.0.squareRoot())
      var blocks: [SynthesisBlock] = []
      for (k, width) in widths.enumerated() {
        let size = 4 << k
        let isResnet = architecture == .resnet && k > 0
        let before = widths[max(k - 1, 0)]
        let hasImage = architecture == .skip || k == widths.count - 1
        blocks.append(
          SynthesisBlock(
            conv0: k == 0 ? nil : conv(before, width, size, gain: root, clamp: clamp),
            conv1: conv(
              width, width, size, gain: isResnet ? 1 : root,
              clamp: clamp.map { isResnet ? $0 / root : $0 }),
            toRGB: hasImage
              ? ToImage(
                weight: weights([channels, width], scale: 0.3), affine: dense(width, wDim),
                bias: weights([channels], scale: 0.1), clamp: clamp) : nil,
            skip: isResnet ? weights([width, before], scale: 0.3) : nil))
      }
      let embed = classes > 0 ? dense(wDim, classes) : nil
      return ModelDescription(
        resolution: 4 << (widths.count - 1), imageChannels: channels, zDim: 9, wDim: wDim,
        cDim: classes, wsCount: 2 * widths.count, wAverage: weights([wDim]), embed: embed,
        mapping: [dense(wDim, 9 + (classes > 0 ? wDim : 0)), dense(wDim, wDim)],
        const: weights([widths[0], 4, 4]),
        synthesis: .styleGAN2(architecture, blocks: blocks))
    }

    mutating func separable(_ inputs: Int, _ outputs: Int, _ size: Int) -> SeparableConv {
      SeparableConv(
        affine: dense(inputs, wDim, offset: 1), depthwise: weights([inputs, 3, 3], scale: 0.3),
        pointwise: weights([outputs, inputs], scale: 0.3),
        noise: Noise(plane: weights([size, size], scale: 0.1), strength: 1),
        activation: Activation(bias: weights([outputs], scale: 0.2), gain: 1, clamp: nil))
    }

    mutating func mobile(widths: [Int]) -> ModelDescription {
      let first = conv(13, widths[0], 4, gain: 1, clamp: nil)
      var blocks: [MobileBlock] = []
      for (i, width) in widths.dropFirst().enumerated() {
        let size = 8 << i
        let before = widths[i]
        blocks.append(
          MobileBlock(
            up: dense(before, wDim, offset: 1), conv1: separable(before / 4, width, size),
            conv2: separable(width, width, size)))
      }
      let last = widths[widths.count - 1]
      return ModelDescription(
        resolution: 4 << widths.count, imageChannels: 3, zDim: wDim, wDim: wDim, cDim: 0,
        wsCount: 1 + 3 * blocks.count, wAverage: weights([wDim]), embed: nil,
        mapping: [dense(wDim, wDim)], const: weights([13, 4, 4]),
        synthesis: .mobileStyleGAN(
          conv1: first, blocks: blocks,
          toImage: ToImage(
            weight: weights([12, last], scale: 0.3), affine: dense(last, wDim),
            bias: weights([12], scale: 0.1), clamp: nil)))
    }
  }
}
