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
    let wantedWsCount = synthesis.network.wsCount(resolution: resolution)
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
    try synthesis.network.validate(check, constWidth: width)
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
  func rows(
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
  func check(_ name: String, _ wanted: [Int], _ why: String) throws(ObverseError) {
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
