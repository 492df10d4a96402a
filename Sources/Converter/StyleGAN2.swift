import Checkpoint
import Core
import ModelFile

/// Builds a StyleGAN2 generator from the tensors of a checkpoint, in either vocabulary.
///
/// Widths come from the tensors alone: modules of pruned networks still say those of the full one.
/// Each gain that the training code multiplies at run time is folded here, in Double.
struct StyleGAN2 {
  let tensors: GeneratorTensors
  let names: any Vocabulary
  let attributes: ModuleAttributes

  struct Network {
    var mapping: Mapping
    var const: Weights
    var blocks: [SynthesisBlock]
    var architecture: BlockArchitecture
    var imageChannels: Int
    /// Channels of the constant and of every 3x3 convolution.
    var layerWidths: [Int]
  }

  /// What turns z and a label into w.
  struct Mapping {
    var layers: [Dense]
    var embed: Dense?
    var zDim: Int
    var wDim: Int
    var cDim: Int
  }

  func network() throws(ObverseError) -> Network {
    // First of all, since where nothing of it can be read the sizes are not known either.
    _ = try tensors.find(names.const)
    let last = try lastBlock()
    let mapping = try mapping()
    let architecture = try architecture(last: last)
    let constShape = try tensors.shape(
      of: names.const, axes: names.leading.count + 3, like: names.leading + [512, 4, 4])
    let (height, width) = (constShape[constShape.count - 2], constShape[constShape.count - 1])
    guard height == width else {
      throw .unsupported(
        what: "tensor \(tensors.label(names.const))",
        why: "it is \(height)x\(width): the network draws rectangular pictures, and only square"
          + " ones are supported", hint: nil)
    }
    guard width == 4 else {
      throw .unsupported(
        what: "tensor \(tensors.label(names.const))",
        why: "it is \(height)x\(width): the network begins at that size, and only those that begin"
          + " at 4x4 are supported", hint: nil)
    }
    let constWidth = constShape[names.leading.count]
    let const = try tensors.take(
      names.const, names.leading + [constWidth, 4, 4], as: [constWidth, 4, 4], into: "b4.const")

    var layers = Layers(
      tensors: tensors, names: names, attributes: attributes, wDim: mapping.wDim,
      width: constWidth, from: names.const)
    var widths = [constWidth]
    var blocks: [SynthesisBlock] = []
    var imageChannels: Int?
    for block in 0...last {
      for filter in names.filters(block: block) {
        try tensors.check(filter: filter, sum: names.filterSum)
      }
      let input = (width: layers.width, layer: layers.layer)
      let halved = architecture == .resnet && block > 0
      var conv0: StyledConv?
      if block > 0 {
        conv0 = try layers.conv(block: block, index: 0)
        widths.append(layers.width)
      }
      let conv1 = try layers.conv(block: block, index: 1, halved: halved)
      widths.append(layers.width)
      var toRGB: ToImage?
      if architecture == .skip || block == last {
        toRGB = try layers.toRGB(block: block, channels: imageChannels)
        imageChannels = toRGB?.weight.shape[0]
      }
      var skip: Weights?
      if halved { skip = try layers.skip(block: block, input: input) }
      blocks.append(SynthesisBlock(conv0: conv0, conv1: conv1, toRGB: toRGB, skip: skip))
    }
    return Network(
      mapping: mapping, const: const, blocks: blocks, architecture: architecture,
      imageChannels: imageChannels ?? 0, layerWidths: widths)
  }

  /// The block of the highest resolution that has any tensor; one in between may be missing yet.
  private func lastBlock() throws(ObverseError) -> Int {
    var last = 0
    for name in tensors.names {
      if let block = try names.block(name) { last = max(last, block) }
    }
    guard last >= 1, last <= 8 else {
      let size = last > 8 ? "above 1024x1024" : "4x4"
      throw .unsupported(
        what: "a generator of \(size)", why: "8x8 to 1024x1024 are supported", hint: nil)
    }
    return last
  }

  /// Told by the tensors; a module that says otherwise is refused.
  ///
  /// Resnet blocks alone have a skip convolution; without it a block that has no toRGB is `orig`.
  private func architecture(last: Int) throws(ObverseError) -> BlockArchitecture {
    guard let nvlabs = names as? NVlabs else { return .skip }
    func has(_ blocks: Range<Int>, _ layer: String) -> Bool {
      blocks.contains { block in
        let path = "\(nvlabs.path(block: block)).\(layer)."
        return tensors.names.contains { $0.hasPrefix(path) && !$0.hasSuffix(".resample_filter") }
      }
    }
    let hasSkip = has(1..<last + 1, "skip")
    let hasRGB = has(0..<last, "torgb")
    let found: BlockArchitecture = hasSkip ? .resnet : hasRGB ? .skip : .orig
    for block in 0...last {
      let path = "\(nvlabs.path(block: block)).architecture"
      guard let said = attributes.text(path) else { continue }
      guard ["skip", "resnet", "orig"].contains(said) else {
        throw .unsupported(
          what: tensors.prefix + path,
          why: "it is '\(said.prefix(64))'; skip, resnet and orig are supported",
          hint: nil)
      }
      guard said == "\(found)" else {
        throw .malformed(
          what: tensors.prefix + path,
          why: "it is '\(said)', while the tensors are those of \(found)")
      }
    }
    return found
  }

  /// The mapping network: weights times `lr / √in`, biases times `lr`; `lr` is 0.01 nearly always.
  private func mapping() throws(ObverseError) -> Mapping {
    var last = 0
    for name in tensors.names { last = max(last, names.mappingIndex(name) ?? 0) }
    var layers: [Dense] = []
    var width = 0
    var previous = ""
    for i in 0...last {
      let path = names.mapping(i)
      let shape = try tensors.shape(of: "\(path).weight", axes: 2, like: [512, 512])
      try attributes.demand("\(path).activation", names.activations.mapping)
      try attributes.demand("\(path).lr_mul", .number(0.01))
      let inputs = i == 0 ? shape[1] : width
      layers.append(
        try dense(
          path, [shape[0], inputs], into: "mapping.fc\(i)",
          weightGain: attributes.mappingRate / Double(inputs).squareRoot(),
          biasGain: attributes.mappingRate,
          why: i == 0 ? "its layer needs" : "but \(previous) gives \(width) values: wanted is"))
      width = shape[0]
      previous = path
    }
    var mapping = Mapping(
      layers: layers, zDim: layers[0].weight.shape[1], wDim: width, cDim: 0)
    guard names is NVlabs, try tensors.find("mapping.embed.weight") != nil else { return mapping }
    let shape = try tensors.shape(of: "mapping.embed.weight", axes: 2, like: [width, 10])
    try attributes.demand("mapping.embed.activation", .text("linear"))
    mapping.cDim = shape[1]
    mapping.zDim -= shape[0]
    guard mapping.zDim > 0 else {
      throw .shape(
        tensor: "\(tensors.prefix)mapping.fc0.weight", expected: [width, shape[0] + 512],
        found: layers[0].weight.shape,
        why: "but the class embedding alone has \(shape[0]) values: wanted is a shape like")
    }
    mapping.embed = try dense(
      "mapping.embed", [width, shape[1]], into: "mapping.embed",
      weightGain: 1 / Double(shape[1]).squareRoot(), biasGain: 1,
      why: "an embedding as wide as w needs")
    return mapping
  }

  private func dense(
    _ path: String, _ shape: [Int], into target: String, weightGain: Double, biasGain: Double,
    why: String
  ) throws(ObverseError) -> Dense {
    let weight = try tensors.take(
      "\(path).weight", shape,
      gain: try attributes.number("\(path).weight_gain") ?? weightGain,
      into: "\(target).weight", why: why)
    let bias = try tensors.take(
      "\(path).bias", [shape[0]], gain: try attributes.number("\(path).bias_gain") ?? biasGain,
      into: "\(target).bias")
    return Dense(weight: weight, bias: bias)
  }
}

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
