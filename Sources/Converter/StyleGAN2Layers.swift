import Core
import ModelFile

/// Builds the synthesis network's layers one after the other, each held to the width before it.
struct Layers {
  let tensors: GeneratorTensors
  let names: any Vocabulary
  let attributes: ModuleAttributes
  let wDim: Int
  /// Channels of the feature map so far.
  private(set) var width: Int
  /// The layer that made it, for messages.
  private(set) var layer: String

  init(
    tensors: GeneratorTensors, names: any Vocabulary, attributes: ModuleAttributes, wDim: Int,
    width: Int, from layer: String
  ) {
    self.tensors = tensors
    self.names = names
    self.attributes = attributes
    self.wDim = wDim
    self.width = width
    self.layer = layer
  }

  /// A styled 3x3 convolution; that of `index` 0 doubles the size.
  ///
  /// Activation and clamp are `halved`, times √½ that is, for resnet's sum of equal variance.
  mutating func conv(
    block: Int, index: Int, halved: Bool = false
  ) throws(ObverseError) -> StyledConv {
    let name = names.conv(block: block, index: index)
    let target = "b\(4 << block).conv\(index)"
    let lead = names.leading
    try demand(name.layer, block: block, index: index)
    let shape = try tensors.shape(
      of: name.weight, axes: lead.count + 4, like: lead + [512, width, 3, 3])
    let out = shape[lead.count]
    let weight = try tensors.take(
      name.weight, lead + [out, width, 3, 3], as: [out, width, 3, 3],
      gain: names.convGain(inChannels: width), into: "\(target).weight", why: given)
    let affine = try affine(name.affine, into: target)
    let noise = try noise(name, size: 4 << block, into: target)
    let bias = try tensors.take(
      name.bias, [out], into: "\(target).bias",
      why: "\(name.layer) gives \(out) channels: wanted is")
    let gain = try attributes.number("\(name.layer).act_gain") ?? 2.0.squareRoot()
    let clamp = try attributes.clamp(name.layer)
    let share = halved ? 0.5.squareRoot() : 1
    width = out
    layer = name.layer
    return StyledConv(
      weight: weight, affine: affine, noise: noise,
      activation: Activation(
        bias: bias, gain: Float(gain * share), clamp: clamp.map { Float(Double($0) * share) }))
  }

  /// The 1x1 convolution to the image; NVlabs' gain on its style is folded into the weight.
  ///
  /// It makes as many `channels` as the blocks before; nil for the first.
  func toRGB(block: Int, channels: Int?) throws(ObverseError) -> ToImage {
    let name = names.toRGB(block: block)
    let target = "b\(4 << block).torgb"
    let lead = names.leading
    let shape = try tensors.shape(
      of: name.weight, axes: lead.count + 4, like: lead + [3, width, 1, 1])
    let channels = channels ?? shape[lead.count]
    guard channels <= 4 else {
      throw .unsupported(
        what: "tensor \(tensors.prefix)\(name.weight)",
        why: "it makes \(channels) image channels; 1 to 4 are supported", hint: nil)
    }
    let gain = try attributes.number("\(name.layer).weight_gain") ?? 1 / Double(width).squareRoot()
    return ToImage(
      weight: try tensors.take(
        name.weight, lead + [channels, width, 1, 1], as: [channels, width], gain: gain,
        into: "\(target).weight", why: given),
      affine: try affine(name.affine, into: target),
      bias: try tensors.take(
        name.bias, names.rgbBias(channels: channels), as: [channels], into: "\(target).bias"),
      clamp: try attributes.clamp(name.layer))
  }

  /// A resnet block's 1x1 convolution past its main path, with the √½ of the sum.
  func skip(
    block: Int, input: (width: Int, layer: String)
  ) throws(ObverseError) -> Weights {
    let path = "synthesis.b\(4 << block).skip"
    try attributes.demand("\(path).activation", .text("linear"))
    try attributes.demand("\(path).up", .integer(2))
    try attributes.demand("\(path).conv_clamp", .none)
    let gain =
      try attributes.number("\(path).weight_gain") ?? 1 / Double(input.width).squareRoot()
    let activation = try attributes.number("\(path).act_gain") ?? 1
    return try tensors.take(
      "\(path).weight", [width, input.width, 1, 1], as: [width, input.width],
      gain: gain * activation * 0.5.squareRoot(), into: "b\(4 << block).skip.weight",
      why: "\(input.layer) and \(layer) need")
  }

  private var given: String { "but \(layer) gives \(width) channels: wanted is" }

  /// The layer that makes the style: weights times 1/√wDim, biases as they are.
  private func affine(_ path: String, into target: String) throws(ObverseError) -> Dense {
    try attributes.demand("\(path).activation", names.activations.style)
    try attributes.demand("\(path).lr_mul", .integer(1))
    let gain = try attributes.number("\(path).weight_gain") ?? 1 / Double(wDim).squareRoot()
    return Dense(
      weight: try tensors.take(
        "\(path).weight", [width, wDim], gain: gain, into: "\(target).affine.weight",
        why: "for \(width) channels and \(wDim) values of w wanted is"),
      bias: try tensors.take(
        "\(path).bias", [width], gain: try attributes.number("\(path).bias_gain") ?? 1,
        into: "\(target).affine.bias"))
  }

  /// The layer's noise; nil where it has neither strength nor plane, as with `use_noise=False`.
  private func noise(
    _ name: StyledNames, size: Int, into target: String
  ) throws(ObverseError) -> Noise? {
    guard let strengthName = name.strength, let planeName = name.plane else { return nil }
    if attributes["\(name.layer).use_noise"] == .bool(false) { return nil }
    let stored = try tensors.find(planeName)
    if names.leading.isEmpty, stored == nil, try tensors.find(strengthName) == nil { return nil }
    let strength = try tensors.scalar(strengthName, into: "\(target).noise_strength")
    guard let stored else { return Noise(plane: nil, strength: strength) }
    let found = stored.shape
    let lead = found.count == 4 ? [1, 1] : []
    let plane = try tensors.take(
      planeName, lead + [size, size], as: [size, size], into: "\(target).noise_const",
      why: "a layer of \(size)x\(size) needs")
    return Noise(plane: plane, strength: strength)
  }

  /// Refuses a layer that says it does something else than StyleGAN2's.
  private func demand(_ path: String, block: Int, index: Int) throws(ObverseError) {
    try attributes.demand("\(path).activation", .text("lrelu"))
    try attributes.demand("\(path).up", .integer(index == 0 ? 2 : 1))
    try attributes.demand("\(path).padding", .integer(1))
    try attributes.demand("\(path).resolution", .integer(4 << block))
    // Rosinality's, which a whole module says and a state dict does not.
    try attributes.demand("\(path).conv.demodulate", .bool(true))
    try attributes.demand("\(path).activate.negative_slope", .number(0.2))
  }
}
