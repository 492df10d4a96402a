import Core
import ModelFile

/// Makes networks of any shape with random weights.
struct ModelMaker {
  var random: RandomState
  var wDim = 11
  var zDim = 9
  /// Whether layers have noise, and stored planes.
  var hasNoise = true
  var storesNoise = true

  mutating func weights(_ shape: [Int], scale: Float = 1, offset: Float = 0) -> Weights {
    let values = random.normals(shape.reduce(1, *)).map { $0 * scale + offset }
    var bytes: [UInt8] = []
    for value in values {
      for byte in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> (8 * byte))) }
    }
    return Weights(type: .float32, shape: shape, bytes: Bytes(bytes))
  }

  mutating func dense(_ outputs: Int, _ inputs: Int, offset: Float = 0) -> Dense {
    Dense(
      weight: weights([outputs, inputs], scale: 1 / Float(inputs).squareRoot()),
      bias: weights([outputs], scale: 0.1, offset: offset))
  }

  /// Fully connected layers from `inputs` over `hidden` to w.
  mutating func mapping(_ inputs: Int, _ hidden: [Int]) -> [Dense] {
    let widths = [inputs] + hidden + [wDim]
    return zip(widths, widths.dropFirst()).map { dense($1, $0) }
  }

  mutating func noise(_ size: Int, scale: Float, strength: Float) -> Noise? {
    guard hasNoise else { return nil }
    return Noise(
      plane: storesNoise ? weights([size, size], scale: scale) : nil, strength: strength)
  }

  mutating func conv(
    _ inputs: Int, _ outputs: Int, _ size: Int, gain: Float, clamp: Float?
  ) -> StyledConv {
    StyledConv(
      weight: weights([outputs, inputs, 3, 3], scale: 0.3),
      affine: dense(inputs, wDim, offset: 1),
      noise: noise(size, scale: 1, strength: 0.3),
      activation: Activation(
        bias: weights([outputs], scale: 0.2), gain: gain, clamp: clamp))
  }

  mutating func styleGAN2(
    _ architecture: BlockArchitecture, widths: [Int], middles: [Int]? = nil,
    hidden: [Int] = [11], channels: Int = 3, clamp: Float? = nil, classes: Int = 0
  ) -> ModelDescription {
    let root = Float(2.0.squareRoot())
    var blocks: [SynthesisBlock] = []
    for (k, width) in widths.enumerated() {
      let size = 4 << k
      let isResnet = architecture == .resnet && k > 0
      let before = widths[max(k - 1, 0)]
      let middle = k == 0 ? width : middles?[k] ?? width
      let hasImage = architecture == .skip || k == widths.count - 1
      blocks.append(
        SynthesisBlock(
          conv0: k == 0 ? nil : conv(before, middle, size, gain: root, clamp: clamp),
          conv1: conv(
            middle, width, size, gain: isResnet ? 1 : root,
            clamp: clamp.map { isResnet ? $0 / root : $0 }),
          toRGB: hasImage
            ? ToImage(
              weight: weights([channels, width], scale: 0.3), affine: dense(width, wDim),
              bias: weights([channels], scale: 0.1), clamp: clamp) : nil,
          skip: isResnet ? weights([width, before], scale: 0.3) : nil))
    }
    let embed = classes > 0 ? dense(wDim, classes) : nil
    return ModelDescription(
      resolution: 4 << (widths.count - 1), imageChannels: channels, zDim: zDim, wDim: wDim,
      cDim: classes, wsCount: 2 * widths.count, wAverage: weights([wDim]), embed: embed,
      mapping: mapping(zDim + (classes > 0 ? wDim : 0), hidden),
      const: weights([widths[0], 4, 4]),
      synthesis: .styleGAN2(architecture, blocks: blocks))
  }

  mutating func separable(_ inputs: Int, _ outputs: Int, _ size: Int) -> SeparableConv {
    SeparableConv(
      affine: dense(inputs, wDim, offset: 1), depthwise: weights([inputs, 3, 3], scale: 0.3),
      pointwise: weights([outputs, inputs], scale: 0.3),
      noise: noise(size, scale: 0.1, strength: 1),
      activation: Activation(bias: weights([outputs], scale: 0.2), gain: 1, clamp: nil))
  }

  mutating func mobile(
    widths: [Int], hidden: [Int] = [], channels: Int = 3, const: Int = 13
  ) -> ModelDescription {
    let first = conv(const, widths[0], 4, gain: 1, clamp: nil)
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
      resolution: 4 << widths.count, imageChannels: channels, zDim: zDim, wDim: wDim, cDim: 0,
      wsCount: 1 + 3 * blocks.count, wAverage: weights([wDim]), embed: nil,
      mapping: mapping(zDim, hidden), const: weights([const, 4, 4]),
      synthesis: .mobileStyleGAN(
        conv1: first, blocks: blocks,
        toImage: ToImage(
          weight: weights([4 * channels, last], scale: 0.3), affine: dense(last, wDim),
          bias: weights([4 * channels], scale: 0.1), clamp: nil)))
  }
}
