// StyleGAN2: what its layers are, how they fit, and how they are stored.

import Core

/// How StyleGAN2's blocks pass the image on (StyleGAN2, section 4.1 and figure 7).
package enum BlockArchitecture: UInt8, Sendable, CustomStringConvertible {
  case skip = 0
  case resnet = 1
  case orig = 2

  package var description: String {
    switch self {
    case .skip: "skip"
    case .resnet: "resnet"
    case .orig: "orig"
    }
  }
}

/// One resolution of a StyleGAN2 generator.
package struct SynthesisBlock: Sendable {
  /// Doubles the size; nil in the 4x4 block alone.
  package var conv0: StyledConv?
  package var conv1: StyledConv
  /// Present in every block of `skip`, in the last block of `resnet` and `orig`.
  package var toRGB: ToImage?
  /// `[out, in]`, 1x1 kernel, gains √½ and 1/√in folded; in `resnet` from 8x8 on.
  package var skip: Weights?

  package init(conv0: StyledConv?, conv1: StyledConv, toRGB: ToImage?, skip: Weights?) {
    self.conv0 = conv0
    self.conv1 = conv1
    self.toRGB = toRGB
    self.skip = skip
  }
}

enum SynthesisBlockSlot: String, Slots { case conv0, conv1, toRGB, skip }
enum StyleGAN2Slot: String, Slots { case architecture, blocks }

/// The synthesis network of StyleGAN2, blocks from 4x4 to the resolution.
final class StyleGAN2Network: FamilyNetwork {
  private let architecture: BlockArchitecture
  private let blocks: [SynthesisBlock]

  init(_ architecture: BlockArchitecture, _ blocks: [SynthesisBlock]) {
    self.architecture = architecture
    self.blocks = blocks
  }

  let name = "StyleGAN2"

  var form: String { architecture.description }

  var blockWidths: [Int] { blocks.map { $0.conv1.weight.shape[0] } }

  func widths(constWidth: Int) -> [Int] {
    let pairs = blocks.map { block in
      (block.conv0?.weight.shape[0] ?? constWidth, block.conv1.weight.shape[0])
    }
    return pairs.allSatisfy(==) ? pairs.map { $0.1 } : pairs.flatMap { [$0, $1] }
  }

  var resolution: Int { 2 << blocks.count }

  func wsCount(resolution: Int) -> Int { 2 * resolution.trailingZeroBitCount - 2 }

  var noiseStrengths: [(layer: String, strength: Float?)] {
    blocks.enumerated().flatMap { i, block in
      [
        ("b\(4 << i).conv0", block.conv0?.noise?.strength),
        ("b\(4 << i).conv1", block.conv1.noise?.strength),
      ]
    }
  }

  var clamps: [Float?] {
    let root = Float(2).squareRoot()
    var bounds: [Float?] = []
    for block in blocks {
      for conv in [block.conv0, block.conv1].compactMap({ $0 }) {
        bounds.append(conv.activation.clamp.map { $0 * root / conv.activation.gain })
      }
      if let toRGB = block.toRGB { bounds.append(toRGB.clamp) }
    }
    return bounds
  }

  func layers(resolution: Int) -> [LayerShape] {
    var layers: [LayerShape] = []
    for (i, block) in blocks.enumerated() {
      let size = 4 << i
      if let conv0 = block.conv0 {
        layers.append(.styled("b\(size).conv0", .upConv3x3, conv0, from: size / 2, to: size))
      }
      layers.append(.styled("b\(size).conv1", .conv3x3, block.conv1, from: size, to: size))
      if let skip = block.skip {
        layers.append(
          LayerShape(
            name: "b\(size).skip", kind: .conv1x1, inChannels: skip.shape[1],
            outChannels: skip.shape[0], inSize: size / 2, outSize: size, styleWidth: 0,
            parameters: skip.count))
      }
      if let toRGB = block.toRGB { layers.append(.toImage("b\(size).torgb", toRGB, size)) }
    }
    return layers
  }

  // MARK: Its layers' checks

  func validate(_ check: SynthesisCheck, constWidth: Int) throws(ObverseError) {
    try check.count(blocks.count, wanted: check.resolution.trailingZeroBitCount - 1)
    var flow = SynthesisCheck.Flow(channels: constWidth, source: "b4.const")
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
        try check.styled(conv0, "\(name).conv0", size: size, &flow)
      }
      try check.styled(block.conv1, "\(name).conv1", size: size, &flow)
      try skip(block.skip, "\(name).skip.weight", isFirst: i == 0, input, flow)
      if architecture == .skip || i == blocks.count - 1 {
        guard let toRGB = block.toRGB else { throw .missingTensor("\(name).torgb.weight") }
        try check.toImage(toRGB, "\(name).torgb", rows: check.imageChannels, flow)
      } else if block.toRGB != nil {
        throw .malformed(
          what: "\(name).torgb", why: "architecture \(architecture) has it in the last block only")
      }
    }
  }

  private func skip(
    _ weight: Weights?, _ name: String, isFirst: Bool, _ input: SynthesisCheck.Flow,
    _ output: SynthesisCheck.Flow
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

  // MARK: Its tensors

  func mapWeights(
    _ transform: (String, Weights) throws(ObverseError) -> Weights
  ) throws(ObverseError) -> Synthesis {
    .styleGAN2(architecture, blocks: try mapped(transform))
  }

  func forEachWeights(_ body: (String, Weights) -> Void) {
    _ = mapped { (name, weights) in
      body(name, weights)
      return weights
    }
  }

  private func mapped<E: Error>(
    _ transform: (String, Weights) throws(E) -> Weights
  ) throws(E) -> [SynthesisBlock] {
    var blocks = blocks
    for i in blocks.indices { blocks[i] = try blocks[i].mapWeights("b\(4 << i)", transform) }
    return blocks
  }

  // MARK: Its tables

  static let member: UInt8 = 1
  var member: UInt8 { Self.member }

  var table: FlatTable {
    var table = FlatTable()
    table.set(StyleGAN2Slot.architecture, .byte(architecture.rawValue))
    table.set(StyleGAN2Slot.blocks, .tables(blocks.map { $0.table }))
    return table
  }

  static func read(
    _ table: FlatTableView, _ reader: inout ModelReader
  ) throws(ObverseError) -> Synthesis {
    let architecture = try table.byte(StyleGAN2Slot.architecture)
    guard let architecture = BlockArchitecture(rawValue: architecture) else {
      throw .unsupported(
        what: "synthesis", why: "block architecture \(architecture) is not known", hint: nil)
    }
    let blocks = try table.tables(StyleGAN2Slot.blocks, limit: Limits.blocks) { "b\(4 << $0)" }
    return .styleGAN2(
      architecture,
      blocks: try reader.each(blocks) { (me, t) throws(ObverseError) in try me.block(t) })
  }
}

extension ModelReader {
  fileprivate mutating func block(_ table: FlatTableView) throws(ObverseError) -> SynthesisBlock {
    let conv0 = try table.table(SynthesisBlockSlot.conv0, "\(table.name).conv0")
    let conv1 = try table.required(SynthesisBlockSlot.conv1, "\(table.name).conv1")
    let toRGB = try table.table(SynthesisBlockSlot.toRGB, "\(table.name).torgb")
    let skip = try table.table(SynthesisBlockSlot.skip, "\(table.name).skip.weight")
    return SynthesisBlock(
      conv0: try optional(conv0) { (me, t) throws(ObverseError) in try me.styledConv(t) },
      conv1: try styledConv(conv1),
      toRGB: try optional(toRGB) { (me, t) throws(ObverseError) in try me.toImage(t) },
      skip: try optional(skip) { (me, t) throws(ObverseError) in try me.tensor(t) })
  }
}

extension SynthesisBlock {
  fileprivate func mapWeights<E: Error>(
    _ name: String, _ transform: (String, Weights) throws(E) -> Weights
  ) throws(E) -> SynthesisBlock {
    var copy = self
    copy.conv0 = try conv0?.mapWeights("\(name).conv0", transform)
    copy.conv1 = try conv1.mapWeights("\(name).conv1", transform)
    copy.toRGB = try toRGB?.mapWeights("\(name).torgb", transform)
    if let skip { copy.skip = try transform("\(name).skip.weight", skip) }
    return copy
  }
}

extension SynthesisBlock {
  fileprivate var table: FlatTable {
    var table = FlatTable()
    table.set(SynthesisBlockSlot.conv0, conv0.map { .table($0.table) })
    table.set(SynthesisBlockSlot.conv1, .table(conv1.table))
    table.set(SynthesisBlockSlot.toRGB, toRGB.map { .table($0.table) })
    table.set(SynthesisBlockSlot.skip, skip.map { .table($0.table) })
    return table
  }
}
