// What makes a description a network: every tensor fits its neighbours, every number its range.

import Core

extension ModelDescription {
  /// Checks everything but the weights' values.
  ///
  /// After this the engine may trust every shape, and no product of sizes overflows.
  /// - Throws: `shape`, `missingTensor`, `malformed`, `tooLarge`, `unsupported`.
  package func validate() throws(ObverseError) {
    guard (8...1024).contains(resolution), resolution & (resolution - 1) == 0 else {
      throw .malformed(
        what: "resolution", why: "it is \(resolution), not a power of two from 8 to 1024")
    }
    try check("image channels", imageChannels, 1...4)
    try check("z_dim", zDim, 1...65536)
    try check("w_dim", wDim, 1...65536)
    try check("c_dim", cDim, 0...65536)
    try check("ws_count", wsCount, wantedWsCount...wantedWsCount)
    guard slope >= 0, slope < 1 else {
      throw .malformed(what: "slope", why: "it is \(slope), not from 0 up to 1")
    }
    if let wAverage {
      try wAverage.check("w_avg", [wDim], "w has \(wDim) numbers, so it must be")
    }
    try validateMapping()
    try validateSynthesis()
    try validateTexts()
  }

  /// Entries of ws that the synthesis network reads.
  private var wantedWsCount: Int {
    switch synthesis {
    case .styleGAN2: 2 * resolution.trailingZeroBitCount - 2
    case .mobileStyleGAN(_, let blocks, _): 1 + 3 * blocks.count
    }
  }

  private func check(_ what: String, _ value: Int, _ range: ClosedRange<Int>) throws(ObverseError) {
    guard range.contains(value) else {
      let wanted =
        range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
      throw .malformed(what: what, why: "it is \(value), it must be \(wanted)")
    }
  }

  private func validateMapping() throws(ObverseError) {
    try check("the number of mapping layers", mapping.count, 1...Limits.mappingLayers)
    if let embed {
      guard cDim > 0 else {
        throw .malformed(what: "mapping.embed", why: "a model without classes cannot have one")
      }
      let why = "\(cDim) classes give \(wDim) numbers, so it must be"
      try embed.weight.check("mapping.embed.weight", [wDim, cDim], why)
      try embed.bias.check("mapping.embed.bias", [wDim], why)
    } else if cDim > 0 {
      throw .missingTensor("mapping.embed.weight")
    }
    var width = zDim + (embed == nil ? 0 : wDim)
    var source = embed == nil ? "z gives" : "z and mapping.embed give"
    for (i, layer) in mapping.enumerated() {
      let name = "mapping.fc\(i)"
      let isLast = i == mapping.count - 1
      let out =
        isLast ? wDim : try layer.weight.rows("\(name).weight", axes: 2, limit: 65536)
      try layer.weight.check(
        "\(name).weight", [out, width],
        "\(source) \(width) numbers\(isLast ? " and w has \(wDim)" : ""), so it must be")
      try layer.bias.check("\(name).bias", [out], "\(name).weight has \(out) rows, so it must be")
      width = out
      source = "\(name) gives"
    }
  }

  private func validateSynthesis() throws(ObverseError) {
    let width = try const.rows("b4.const", axes: 3)
    try const.check("b4.const", [width, 4, 4], "the first block is 4x4, so it must be")
    let check = SynthesisCheck(wDim: wDim, resolution: resolution, imageChannels: imageChannels)
    switch synthesis {
    case .styleGAN2(let architecture, let blocks):
      try check.styleGAN2(architecture, blocks, constWidth: width)
    case .mobileStyleGAN(let conv1, let blocks, let toImage):
      try check.mobileStyleGAN(conv1, blocks, toImage, constWidth: width)
    }
  }

  /// What a reader would refuse must not be written.
  private func validateTexts() throws(ObverseError) {
    let texts = [
      ("source kind", provenance.sourceKind), ("source SHA-256", provenance.sourceSHA256),
      ("producer", provenance.producer), ("licence", provenance.license),
      ("note", provenance.note), ("origin of w_avg", provenance.wAverageSource),
    ]
    let facts = provenance.facts.flatMap { [("name of a fact", $0.name), ("fact", $0.value)] }
    for (what, text) in texts + facts where text.utf8.count > Limits.text {
      throw .tooLarge(
        what: "the length of the \(what)", found: UInt64(text.utf8.count),
        limit: UInt64(Limits.text))
    }
    guard provenance.facts.count <= Limits.facts else {
      throw .tooLarge(
        what: "the number of facts", found: UInt64(provenance.facts.count),
        limit: UInt64(Limits.facts))
    }
  }
}

extension Weights {
  /// The most channels of a convolution.
  static let maximumWidth = 8192

  /// The first axis of a tensor that decides its layer's output width.
  fileprivate func rows(
    _ name: String, axes: Int, limit: Int = maximumWidth
  ) throws(ObverseError) -> Int {
    guard shape.count == axes, let rows = shape.first, rows >= 1 else {
      throw .malformed(
        what: "tensor \(name)",
        why: "it is \(shape.brackets), it must have \(axes) axes and no empty one")
    }
    guard rows <= limit else {
      throw .tooLarge(
        what: "the width of tensor \(name)", found: UInt64(rows), limit: UInt64(limit))
    }
    return rows
  }

  /// Checks shape, type and extent; `why` is put between the found shape and the wanted one.
  fileprivate func check(_ name: String, _ wanted: [Int], _ why: String) throws(ObverseError) {
    guard Weights.types.contains(type) else {
      throw .unsupported(
        what: "tensor \(name)",
        why: "it is \(type.rawValue), model files hold \(Weights.typeNames)", hint: nil)
    }
    guard shape == wanted else {
      throw .shape(tensor: name, expected: wanted, found: shape, why: why)
    }
    guard Weights.byteCount(type, shape) == bytes.count else {
      throw .malformed(
        what: "tensor \(name)",
        why: "\(bytes.count) bytes are not \(shape.brackets) of \(type.rawValue)")
    }
    try checkScales(name)
  }
}

/// Follows the channels through a synthesis network.
private struct SynthesisCheck {
  let wDim: Int
  let resolution: Int
  let imageChannels: Int

  /// Channels between two layers, and the layer that gives them.
  struct Flow {
    var channels: Int
    var source: String
  }

  func styleGAN2(
    _ architecture: BlockArchitecture, _ blocks: [SynthesisBlock], constWidth: Int
  ) throws(ObverseError) {
    try count(blocks.count, wanted: resolution.trailingZeroBitCount - 1)
    var flow = Flow(channels: constWidth, source: "b4.const")
    for (i, block) in blocks.enumerated() {
      let size = 4 << i
      let name = "b\(size)"
      let input = flow
      if i == 0 {
        guard block.conv0 == nil else {
          throw .malformed(what: "b4.conv0", why: "the 4x4 block cannot have one")
        }
      } else {
        guard let conv0 = block.conv0 else { throw .missingTensor("\(name).conv0.weight") }
        try styled(conv0, "\(name).conv0", size: size, &flow)
      }
      try styled(block.conv1, "\(name).conv1", size: size, &flow)
      try skip(block.skip, "\(name).skip.weight", architecture, isFirst: i == 0, input, flow)
      if architecture == .skip || i == blocks.count - 1 {
        guard let toRGB = block.toRGB else { throw .missingTensor("\(name).torgb.weight") }
        try toImage(toRGB, "\(name).torgb", rows: imageChannels, flow)
      } else if block.toRGB != nil {
        throw .malformed(
          what: "\(name).torgb", why: "architecture \(architecture) has it in the last block only")
      }
    }
  }

  func mobileStyleGAN(
    _ conv1: StyledConv, _ blocks: [MobileBlock], _ toImage: ToImage, constWidth: Int
  ) throws(ObverseError) {
    try count(blocks.count, wanted: resolution.trailingZeroBitCount - 3)
    var flow = Flow(channels: constWidth, source: "b4.const")
    try styled(conv1, "b4.conv1", size: 4, &flow)
    for (i, block) in blocks.enumerated() {
      let size = 8 << i
      let name = "b\(size)"
      guard flow.channels % 4 == 0 else {
        throw .malformed(
          what: "\(name).up",
          why: "\(flow.source) gives \(flow.channels) channels, it reads a multiple of 4")
      }
      try affine(block.up, "\(name).up", flow)
      flow = Flow(channels: flow.channels / 4, source: "\(name).up")
      try separable(block.conv1, "\(name).conv1", size: size, &flow)
      try separable(block.conv2, "\(name).conv2", size: size, &flow)
    }
    try self.toImage(toImage, "toimage", rows: 4 * imageChannels, flow)
  }

  private func count(_ found: Int, wanted: Int) throws(ObverseError) {
    guard found == wanted, wanted > 0 else {
      throw .malformed(
        what: "synthesis",
        why: "it has \(found) blocks, \(resolution)x\(resolution) pixels need \(wanted)")
    }
  }

  private func styled(
    _ conv: StyledConv, _ name: String, size: Int, _ flow: inout Flow
  ) throws(ObverseError) {
    let out = try conv.weight.rows("\(name).weight", axes: 4)
    try conv.weight.check("\(name).weight", [out, flow.channels, 3, 3], asks(flow))
    try affine(conv.affine, name, flow)
    flow = Flow(channels: out, source: name)
    try after(conv.noise, conv.activation, name, size: size, out)
  }

  private func separable(
    _ conv: SeparableConv, _ name: String, size: Int, _ flow: inout Flow
  ) throws(ObverseError) {
    let out = try conv.pointwise.rows("\(name).pointwise", axes: 2)
    try affine(conv.affine, name, flow)
    try conv.depthwise.check("\(name).depthwise", [flow.channels, 3, 3], asks(flow))
    try conv.pointwise.check("\(name).pointwise", [out, flow.channels], asks(flow))
    flow = Flow(channels: out, source: name)
    try after(conv.noise, conv.activation, name, size: size, out)
  }

  private func toImage(
    _ layer: ToImage, _ name: String, rows: Int, _ flow: Flow
  ) throws(ObverseError) {
    try layer.weight.check(
      "\(name).weight", [rows, flow.channels],
      "\(flow.source) gives \(flow.channels) channels and the image has \(imageChannels), "
        + "so it must be")
    try affine(layer.affine, name, flow)
    try layer.bias.check("\(name).bias", [rows], "\(name).weight has \(rows) rows, so it must be")
    try clamp(layer.clamp, name)
  }

  private func skip(
    _ weight: Weights?, _ name: String, _ architecture: BlockArchitecture, isFirst: Bool,
    _ input: Flow, _ output: Flow
  ) throws(ObverseError) {
    guard architecture == .resnet, !isFirst else {
      guard weight == nil else {
        throw .malformed(
          what: name, why: "only resnet blocks from 8x8 on have one, this is \(architecture)")
      }
      return
    }
    guard let weight else { throw .missingTensor(name) }
    try weight.check(
      name, [output.channels, input.channels],
      "\(input.source) gives \(input.channels) channels and \(output.source) "
        + "\(output.channels), so it must be")
  }

  private func affine(_ dense: Dense, _ layer: String, _ flow: Flow) throws(ObverseError) {
    let why =
      "w has \(wDim) numbers and \(flow.source) gives \(flow.channels) channels, so it must be"
    try dense.weight.check("\(layer).affine.weight", [flow.channels, wDim], why)
    try dense.bias.check("\(layer).affine.bias", [flow.channels], why)
  }

  private func after(
    _ noise: Noise?, _ activation: Activation, _ name: String, size: Int, _ channels: Int
  ) throws(ObverseError) {
    try activation.bias.check(
      "\(name).bias", [channels], "\(name) gives \(channels) channels, so it must be")
    guard activation.gain > 0, activation.gain.isFinite else {
      throw .malformed(what: "the gain of \(name)", why: "it is \(activation.gain)")
    }
    try clamp(activation.clamp, name)
    guard let noise else { return }
    guard noise.strength.isFinite else {
      throw .malformed(what: "the noise strength of \(name)", why: "it is \(noise.strength)")
    }
    try noise.plane?.check(
      "\(name).noise_const", [size, size], "the layer is \(size)x\(size), so it must be")
  }

  private func clamp(_ clamp: Float?, _ name: String) throws(ObverseError) {
    if let clamp, !(clamp > 0 && clamp.isFinite) {
      throw .malformed(what: "the clamp of \(name)", why: "it is \(clamp)")
    }
  }

  private func asks(_ flow: Flow) -> String {
    "\(flow.source) gives \(flow.channels) channels, so it must be"
  }
}
