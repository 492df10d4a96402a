// What every family's layers have in common when they are checked.

import Core

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
