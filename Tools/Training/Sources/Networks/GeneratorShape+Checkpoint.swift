import Checkpoint
import Core

extension GeneratorShape {
  /// Reads the shape off a generator with NVlabs' names.
  ///
  /// Widths come from the tensors, since pruned networks still claim those of the full one.
  /// - Parameters:
  ///   - file: A checkpoint of any container.
  ///   - prefix: Stands before the names, such as `G_ema.`.
  /// - Throws: `missingTensor`, `unsupported`.
  public init(_ file: CheckpointFile, prefix: String = "") throws(ObverseError) {
    let shapes = NamedShapes(file, prefix: prefix)
    guard shapes["mapping.embed.weight"] == nil else {
      throw .unsupported(what: "the generator", why: "it has classes", hint: nil)
    }
    var layers = 0
    while shapes["mapping.fc\(layers).weight"] != nil { layers += 1 }
    let first = try shapes.shape("mapping.fc0.weight", axes: 2)
    var widths = [try shapes.shape("synthesis.b4.const", axes: 3)[0]]
    widths.append(try shapes.shape("synthesis.b4.conv1.weight", axes: 4)[0])
    if shapes["synthesis.toimage.weight"] != nil {
      var side = 8
      while shapes["synthesis.b\(side).conv1.pointwise"] != nil, side <= 512 {
        for conv in ["conv1", "conv2"] {
          let name = "synthesis.b\(side).\(conv).pointwise"
          let inputs = conv == "conv1" ? widths[widths.count - 1] / 4 : widths[widths.count - 1]
          let found = try shapes.shape(name, axes: 2)
          guard found[1] == inputs else {
            throw .shape(
              tensor: prefix + name, expected: [found[0], inputs], found: found,
              why: "the layer before it has")
          }
          widths.append(found[0])
        }
        guard widths[widths.count - 3] % 4 == 0 else {
          throw .malformed(
            what: "the generator", why: "an inverse Haar transform needs a multiple of 4 channels")
        }
        side *= 2
      }
      self.init(
        family: .mobileStyleGAN, zDim: first[1], wDim: first[0], mappingLayers: layers,
        imageChannels: try shapes.shape("synthesis.toimage.weight", axes: 2)[0] / 4, widths: widths)
      if let slope = try Self.number("slope", in: file) { self.slope = slope }
      return
    }
    var resolution = 8
    while shapes["synthesis.b\(resolution).conv0.weight"] != nil, resolution <= 1024 {
      for conv in ["conv0", "conv1"] {
        widths.append(try shapes.shape("synthesis.b\(resolution).\(conv).weight", axes: 4)[0])
      }
      resolution *= 2
    }
    let last = "synthesis.b\(resolution / 2)"
    let rgb = try shapes.shape("\(last).torgb.weight", axes: 4)
    let architecture: Architecture =
      shapes["synthesis.b8.skip.weight"] != nil
      ? .resnet : shapes["synthesis.b4.torgb.weight"] == nil ? .orig : .skip
    self.init(
      zDim: first[1], wDim: first[0], mappingLayers: layers, imageChannels: rgb[0],
      widths: widths, architecture: architecture, clamp: try Self.clamp(file, prefix))
  }

  /// What the module says, else what safetensors' metadata say.
  private static func clamp(
    _ file: CheckpointFile, _ prefix: String
  ) throws(ObverseError) -> Double? {
    switch file.attributes["\(prefix)synthesis.b4.conv1.conv_clamp"] {
    case .integer(let value): return Double(value)
    case .number(let value): return value
    default: break
    }
    return try number("conv_clamp", in: file)
  }

  private static func number(
    _ key: String, in file: CheckpointFile
  ) throws(ObverseError) -> Double? {
    guard case .text(let text) = file.attributes["__metadata__.\(key)"] else { return nil }
    guard let value = Double(text), value > 0, value.isFinite else {
      throw .malformed(what: "metadata \(key)", why: "it is no number above 0")
    }
    return value
  }
}
