// MobileStyleGAN: what its layers are, how they fit, and how they are stored.

import Core

/// MobileStyleGAN's modulated depthwise 3x3 and pointwise 1x1, without demodulation.
package struct SeparableConv: Sendable {
  /// `w -> s`, `[in, wDim]`.
  package var affine: Dense
  /// `[in, 3, 3]`.
  package var depthwise: Weights
  /// `[out, in]`.
  package var pointwise: Weights
  package var noise: Noise?
  package var activation: Activation

  package init(
    affine: Dense, depthwise: Weights, pointwise: Weights, noise: Noise?, activation: Activation
  ) {
    self.affine = affine
    self.depthwise = depthwise
    self.pointwise = pointwise
    self.noise = noise
    self.activation = activation
  }
}

/// One resolution of a MobileStyleGAN generator: modulated inverse Haar, then two convolutions.
package struct MobileBlock: Sendable {
  /// `w -> s` in front of the inverse Haar transform, `[in, wDim]`, in a multiple of 4.
  package var up: Dense
  package var conv1: SeparableConv
  package var conv2: SeparableConv

  package init(up: Dense, conv1: SeparableConv, conv2: SeparableConv) {
    self.up = up
    self.conv1 = conv1
    self.conv2 = conv2
  }
}

enum SeparableConvSlot: String, Slots { case affine, depthwise, pointwise, noise, activation }
enum MobileBlockSlot: String, Slots { case up, conv1, conv2 }
enum MobileStyleGANSlot: String, Slots { case conv1, blocks, toImage }

/// The synthesis network of MobileStyleGAN: a dense convolution at 4x4, blocks from 8x8 to half the
/// resolution, and what the last inverse Haar transform reads.
final class MobileStyleGANNetwork: FamilyNetwork {
  private let conv1: StyledConv
  private let blocks: [MobileBlock]
  private let toImage: ToImage

  init(_ conv1: StyledConv, _ blocks: [MobileBlock], _ toImage: ToImage) {
    self.conv1 = conv1
    self.blocks = blocks
    self.toImage = toImage
  }

  let name = "MobileStyleGAN"
  let form = "mobile"

  var blockWidths: [Int] {
    [conv1.weight.shape[0]] + blocks.map { $0.conv2.pointwise.shape[0] }
  }

  var resolution: Int { 8 << blocks.count }

  func wsCount(resolution: Int) -> Int { 1 + 3 * blocks.count }

  var noiseStrengths: [(layer: String, strength: Float?)] {
    [("b4.conv1", conv1.noise?.strength)]
      + blocks.enumerated().flatMap { i, block in
        [
          ("b\(8 << i).conv1", block.conv1.noise?.strength),
          ("b\(8 << i).conv2", block.conv2.noise?.strength),
        ]
      }
  }

  /// Nobody trains it with bounds.
  let clamps: [Float?] = []

  func layers(resolution: Int) -> [LayerShape] {
    var layers: [LayerShape] = []
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
    return layers
  }

  // MARK: Its layers' checks

  func validate(_ check: SynthesisCheck, constWidth: Int) throws(ObverseError) {
    try check.count(blocks.count, wanted: check.resolution.trailingZeroBitCount - 3)
    var flow = SynthesisCheck.Flow(channels: constWidth, source: "b4.const")
    try check.styled(conv1, "b4.conv1", size: 4, &flow)
    for (i, block) in blocks.enumerated() {
      let size = 8 << i
      let name = "b\(size)"
      guard flow.channels % 4 == 0 else {
        throw .malformed(
          what: "\(name).up",
          why: "\(flow.source) gives \(flow.channels) channels, it reads a multiple of 4")
      }
      try check.affine(block.up, "\(name).up", flow)
      flow = SynthesisCheck.Flow(channels: flow.channels / 4, source: "\(name).up")
      try check.separable(block.conv1, "\(name).conv1", size: size, &flow)
      try check.separable(block.conv2, "\(name).conv2", size: size, &flow)
    }
    try check.toImage(toImage, "toimage", rows: 4 * check.imageChannels, flow)
  }

  // MARK: Its tensors

  func mapWeights(
    _ transform: (String, Weights) throws(ObverseError) -> Weights
  ) throws(ObverseError) -> Synthesis {
    try mapped(transform)
  }

  func forEachWeights(_ body: (String, Weights) -> Void) {
    _ = mapped { (name, weights) in
      body(name, weights)
      return weights
    }
  }

  private func mapped<E: Error>(
    _ transform: (String, Weights) throws(E) -> Weights
  ) throws(E) -> Synthesis {
    let first = try conv1.mapWeights("b4.conv1", transform)
    var blocks = blocks
    for i in blocks.indices { blocks[i] = try blocks[i].mapWeights("b\(8 << i)", transform) }
    return .mobileStyleGAN(
      conv1: first, blocks: blocks, toImage: try toImage.mapWeights("toimage", transform))
  }

  // MARK: Its tables

  static let member: UInt8 = 2
  var member: UInt8 { Self.member }

  var table: FlatTable {
    var table = FlatTable()
    table.set(MobileStyleGANSlot.conv1, .table(conv1.table))
    table.set(MobileStyleGANSlot.blocks, .tables(blocks.map { $0.table }))
    table.set(MobileStyleGANSlot.toImage, .table(toImage.table))
    return table
  }

  static func read(
    _ table: FlatTableView, _ reader: inout ModelReader
  ) throws(ObverseError) -> Synthesis {
    let blocks = try table.tables(MobileStyleGANSlot.blocks, limit: Limits.blocks) {
      "b\(8 << $0)"
    }
    return .mobileStyleGAN(
      conv1: try reader.styledConv(table.required(MobileStyleGANSlot.conv1, "b4.conv1")),
      blocks: try reader.each(blocks) { (me, t) throws(ObverseError) in try me.mobileBlock(t) },
      toImage: try reader.toImage(table.required(MobileStyleGANSlot.toImage, "toimage")))
  }
}

extension SynthesisCheck {
  fileprivate func separable(
    _ conv: SeparableConv, _ name: String, size: Int, _ flow: inout Flow
  ) throws(ObverseError) {
    let out = try conv.pointwise.rows("\(name).pointwise", axes: 2)
    try affine(conv.affine, name, flow)
    try conv.depthwise.check("\(name).depthwise", [flow.channels, 3, 3], asks(flow))
    try conv.pointwise.check("\(name).pointwise", [out, flow.channels], asks(flow))
    flow = Flow(channels: out, source: name)
    try after(conv.noise, conv.activation, name, size: size, out)
  }
}

extension ModelReader {
  fileprivate mutating func mobileBlock(_ table: FlatTableView) throws(ObverseError) -> MobileBlock
  {
    MobileBlock(
      up: try dense(table.required(MobileBlockSlot.up, "\(table.name).up.affine")),
      conv1: try separable(table.required(MobileBlockSlot.conv1, "\(table.name).conv1")),
      conv2: try separable(table.required(MobileBlockSlot.conv2, "\(table.name).conv2")))
  }

  fileprivate mutating func separable(_ table: FlatTableView) throws(ObverseError) -> SeparableConv
  {
    SeparableConv(
      affine: try dense(table.required(SeparableConvSlot.affine, "\(table.name).affine")),
      depthwise: try tensor(
        table.required(SeparableConvSlot.depthwise, "\(table.name).depthwise")),
      pointwise: try tensor(
        table.required(SeparableConvSlot.pointwise, "\(table.name).pointwise")),
      noise: try noise(table.table(SeparableConvSlot.noise, table.name)),
      activation: try activation(table.required(SeparableConvSlot.activation, table.name)))
  }
}

extension SeparableConv {
  fileprivate func mapWeights<E: Error>(
    _ name: String, _ transform: (String, Weights) throws(E) -> Weights
  ) throws(E) -> SeparableConv {
    var copy = self
    copy.affine = try affine.mapWeights("\(name).affine", transform)
    copy.depthwise = try transform("\(name).depthwise", depthwise)
    copy.pointwise = try transform("\(name).pointwise", pointwise)
    copy.noise = try noise?.mapWeights(name, transform)
    copy.activation.bias = try transform("\(name).bias", activation.bias)
    return copy
  }
}

extension MobileBlock {
  fileprivate func mapWeights<E: Error>(
    _ name: String, _ transform: (String, Weights) throws(E) -> Weights
  ) throws(E) -> MobileBlock {
    MobileBlock(
      up: try up.mapWeights("\(name).up.affine", transform),
      conv1: try conv1.mapWeights("\(name).conv1", transform),
      conv2: try conv2.mapWeights("\(name).conv2", transform))
  }
}

extension SeparableConv {
  fileprivate var table: FlatTable {
    var table = FlatTable()
    table.set(SeparableConvSlot.affine, .table(affine.table))
    table.set(SeparableConvSlot.depthwise, .table(depthwise.table))
    table.set(SeparableConvSlot.pointwise, .table(pointwise.table))
    table.set(SeparableConvSlot.noise, noise.map { .table($0.table) })
    table.set(SeparableConvSlot.activation, .table(activation.table))
    return table
  }
}

extension MobileBlock {
  fileprivate var table: FlatTable {
    var table = FlatTable()
    table.set(MobileBlockSlot.up, .table(up.table))
    table.set(MobileBlockSlot.conv1, .table(conv1.table))
    table.set(MobileBlockSlot.conv2, .table(conv2.table))
    return table
  }
}
