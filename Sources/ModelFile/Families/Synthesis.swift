import Core

// The families of generators: the one place that lists them.

/// The layers between the latents and the image.
package enum Synthesis: Sendable {
  /// Blocks from 4x4 to the resolution.
  case styleGAN2(BlockArchitecture, blocks: [SynthesisBlock])
  /// `conv1` is a modulated dense 3x3 at 4x4 without demodulation; blocks from 8x8 to half the
  /// resolution; `toImage` feeds the last inverse Haar transform.
  case mobileStyleGAN(conv1: StyledConv, blocks: [MobileBlock], toImage: ToImage)

  /// What this room and others ask a network, whatever its family.
  package var network: any FamilyNetwork {
    switch self {
    case .styleGAN2(let architecture, let blocks): StyleGAN2Network(architecture, blocks)
    case .mobileStyleGAN(let conv1, let blocks, let image):
      MobileStyleGANNetwork(conv1, blocks, image)
    }
  }

  /// Its table in the file; no requirement of a network, or who reads files alone would have what writes them.
  var table: FlatTable {
    switch self {
    case .styleGAN2(let architecture, let blocks): StyleGAN2Network(architecture, blocks).table
    case .mobileStyleGAN(let conv1, let blocks, let image):
      MobileStyleGANNetwork(conv1, blocks, image).table
    }
  }

  /// The network of a file's union; nil for a member that nobody knows.
  init?(
    member: UInt8, _ table: FlatTableView, _ reader: inout ModelReader
  ) throws(ObverseError) {
    switch member {
    case StyleGAN2Network.member: self = try StyleGAN2Network.read(table, &reader)
    case MobileStyleGANNetwork.member: self = try MobileStyleGANNetwork.read(table, &reader)
    default: return nil
    }
  }
}

/// A synthesis network, as far as a family decides what it is.
package protocol FamilyNetwork: AnyObject {
  /// What people call the family.
  var name: String { get }
  /// The word for how it passes the image on: `skip`, `resnet`, `orig` or `mobile`.
  var form: String { get }
  /// Output channels of each block.
  var blockWidths: [Int] { get }
  /// The same, or of every convolution where a block's two differ; `constWidth` is the constant's.
  func widths(constWidth: Int) -> [Int]
  /// Side of the image that its blocks make.
  var resolution: Int { get }
  /// Entries of ws that it reads for images of a side.
  func wsCount(resolution: Int) -> Int
  /// Layers that can have noise, with its strength; nil for one without.
  var noiseStrengths: [(layer: String, strength: Float?)] { get }
  /// The bounds of its layers, each in front of its block's own gain.
  var clamps: [Float?] { get }
  /// Its layers in their order, for images of a side.
  func layers(resolution: Int) -> [LayerShape]

  /// Checks every tensor against its neighbours.
  /// - Throws: `shape`, `missingTensor`, `malformed`, `tooLarge`, `unsupported`.
  func validate(_ check: SynthesisCheck, constWidth: Int) throws(ObverseError)

  /// The network with every tensor replaced; visits them in the file's order.
  func mapWeights(
    _ transform: (String, Weights) throws(ObverseError) -> Weights
  ) throws(ObverseError) -> Synthesis

  /// Visits every tensor in the file's order.
  func forEachWeights(_ body: (String, Weights) -> Void)

  /// Its number in the schema's union.
  var member: UInt8 { get }
}

extension FamilyNetwork {
  package func widths(constWidth: Int) -> [Int] { blockWidths }
}

// What every family's layers have in common when they are checked.

/// Follows the channels through a synthesis network.
package struct SynthesisCheck {
  let wDim: Int
  let resolution: Int
  let imageChannels: Int

  /// Channels between two layers, and the layer that gives them.
  struct Flow {
    var channels: Int
    var source: String
  }

  func count(_ found: Int, wanted: Int) throws(ObverseError) {
    guard found == wanted, wanted > 0 else {
      throw .malformed(
        what: "synthesis",
        why: "it has \(found) blocks, \(resolution)x\(resolution) pixels need \(wanted)")
    }
  }

  func styled(
    _ conv: StyledConv, _ name: String, size: Int, _ flow: inout Flow
  ) throws(ObverseError) {
    let out = try conv.weight.rows("\(name).weight", axes: 4)
    try conv.weight.check("\(name).weight", [out, flow.channels, 3, 3], asks(flow))
    try affine(conv.affine, name, flow)
    flow = Flow(channels: out, source: name)
    try after(conv.noise, conv.activation, name, size: size, out)
  }

  func toImage(
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

  func affine(_ dense: Dense, _ layer: String, _ flow: Flow) throws(ObverseError) {
    let why =
      "w has \(wDim) numbers and \(flow.source) gives \(flow.channels) channels, so it must be"
    try dense.weight.check("\(layer).affine.weight", [flow.channels, wDim], why)
    try dense.bias.check("\(layer).affine.bias", [flow.channels], why)
  }

  func after(
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

  func asks(_ flow: Flow) -> String {
    "\(flow.source) gives \(flow.channels) channels, so it must be"
  }
}
