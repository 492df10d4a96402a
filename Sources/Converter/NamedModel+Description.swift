// From named tensors back to the layers of a model file.

import Core
import ModelFile

extension NamedModel {
  /// The generator that the tensors make, checked.
  /// - Throws: `missingTensor`; what `validate` throws; `malformed` for a tensor that no layer reads.
  func description() throws(ObverseError) -> ModelDescription {
    var parts = Parts(self)
    let mapping = try parts.mapping()
    let const = try parts.take("b4.const")
    let synthesis =
      try family == .mobileStyleGAN ? parts.mobileStyleGAN() : parts.styleGAN2()
    let resolution = synthesis.network.resolution
    let wAverage = try parts.find("w_avg")
    try parts.checkUsed()
    var model = ModelDescription(
      resolution: resolution, imageChannels: imageChannels, zDim: zDim, wDim: wDim, cDim: 0,
      wsCount: synthesis.network.wsCount(resolution: resolution), wAverage: wAverage,
      embed: nil, mapping: mapping, const: const, synthesis: synthesis, slope: slope)
    model.provenance.sourceKind = origin.sourceKind
    model.provenance.sourceSHA256 = origin.sourceSHA256
    model.provenance.license = origin.license
    model.provenance.note = origin.note
    model.provenance.facts = origin.facts
    model.provenance.wAverageSource = origin.wAverageSource
    model.provenance.producer = "obverse-train \(Version.number)"
    try model.validate()
    return model
  }
}

/// The tensors on their way into layers.
private struct Parts {
  let family: NamedModel.Family
  let clamp: Float?
  private var rest: [String: NamedModel.Tensor] = [:]

  init(_ model: NamedModel) {
    family = model.family
    clamp = model.clamp
    for (name, tensor) in model.tensors { rest[name] = tensor }
  }

  mutating func find(_ name: String) throws(ObverseError) -> Weights? {
    guard let tensor = rest.removeValue(forKey: name) else { return nil }
    return try Weights(tensor.values, shape: tensor.shape)
  }

  mutating func take(_ name: String) throws(ObverseError) -> Weights {
    guard let weights = try find(name) else { throw .missingTensor(name) }
    return weights
  }

  func has(_ name: String) -> Bool { rest[name] != nil }

  /// Nothing may be left out in silence.
  func checkUsed() throws(ObverseError) {
    guard let name = rest.keys.min() else { return }
    throw .malformed(
      what: "tensor \(name)", why: "no layer of a \(family.rawValue) generator reads it")
  }

  mutating func mapping() throws(ObverseError) -> [Dense] {
    var layers: [Dense] = []
    while has("mapping.fc\(layers.count).weight") {
      layers.append(try dense("mapping.fc\(layers.count)"))
    }
    return layers
  }

  private mutating func dense(_ name: String) throws(ObverseError) -> Dense {
    Dense(weight: try take("\(name).weight"), bias: try take("\(name).bias"))
  }

  /// A layer without a strength has no noise.
  private mutating func noise(_ name: String) throws(ObverseError) -> Noise? {
    guard let strength = rest.removeValue(forKey: "\(name).noise_strength") else { return nil }
    guard let number = strength.values.first, strength.values.count == 1 else {
      throw .shape(
        tensor: "\(name).noise_strength", expected: [], found: strength.shape,
        why: "it is one number")
    }
    return Noise(plane: try find("\(name).noise_const"), strength: number)
  }

  private mutating func activation(
    _ name: String, gain: Double
  ) throws(ObverseError) -> Activation {
    // The bound is the one in front of a block's own gain, as training codes write it.
    let share = gain / 2.0.squareRoot()
    return Activation(
      bias: try take("\(name).bias"), gain: Float(gain),
      clamp: clamp.map { Float(Double($0) * share) })
  }

  private mutating func styled(_ name: String, gain: Double) throws(ObverseError) -> StyledConv {
    StyledConv(
      weight: try take("\(name).weight"), affine: try dense("\(name).affine"),
      noise: try noise(name), activation: try activation(name, gain: gain))
  }

  private mutating func toImage(_ name: String) throws(ObverseError) -> ToImage {
    ToImage(
      weight: try take("\(name).weight"), affine: try dense("\(name).affine"),
      bias: try take("\(name).bias"), clamp: clamp)
  }

  mutating func styleGAN2() throws(ObverseError) -> Synthesis {
    let architecture: BlockArchitecture =
      switch family {
      case .styleGAN2ResNet: .resnet
      case .styleGAN2Orig: .orig
      default: .skip
      }
    var blocks: [SynthesisBlock] = []
    while has("b\(4 << blocks.count).conv1.weight"), blocks.count < 9 {
      let name = "b\(4 << blocks.count)"
      let isFirst = blocks.isEmpty
      let conv0 = isFirst ? nil : try styled("\(name).conv0", gain: 2.0.squareRoot())
      let hasShortcut = architecture == .resnet && !isFirst
      let conv1 = try styled("\(name).conv1", gain: hasShortcut ? 1 : 2.0.squareRoot())
      let isLast = !has("b\(8 << blocks.count).conv1.weight")
      let toRGB = architecture == .skip || isLast ? try toImage("\(name).torgb") : nil
      let skip = hasShortcut ? try take("\(name).skip.weight") : nil
      blocks.append(SynthesisBlock(conv0: conv0, conv1: conv1, toRGB: toRGB, skip: skip))
    }
    return .styleGAN2(architecture, blocks: blocks)
  }

  mutating func mobileStyleGAN() throws(ObverseError) -> Synthesis {
    let conv1 = try styled("b4.conv1", gain: 1)
    var blocks: [MobileBlock] = []
    while has("b\(8 << blocks.count).conv1.depthwise"), blocks.count < 7 {
      let name = "b\(8 << blocks.count)"
      blocks.append(
        MobileBlock(
          up: try dense("\(name).up.affine"), conv1: try separable("\(name).conv1"),
          conv2: try separable("\(name).conv2")))
    }
    let image = try toImage("toimage")
    return .mobileStyleGAN(conv1: conv1, blocks: blocks, toImage: image)
  }

  private mutating func separable(_ name: String) throws(ObverseError) -> SeparableConv {
    SeparableConv(
      affine: try dense("\(name).affine"), depthwise: try take("\(name).depthwise"),
      pointwise: try take("\(name).pointwise"), noise: try noise(name),
      activation: try activation(name, gain: 1))
  }
}
