// The families of generators: the one place that lists them.

import Core

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
  /// Its table in the file.
  var table: FlatTable { get }
}

extension FamilyNetwork {
  package func widths(constWidth: Int) -> [Int] { blockWidths }
}
