import Checkpoint
import Core

extension DiscriminatorShape {
  /// Reads the shape off a discriminator with NVlabs' names.
  ///
  /// - Parameters:
  ///   - file: A checkpoint of any container.
  ///   - prefix: Stands before the names, such as `D.`.
  ///   - clamp: Bound of activations, which tensors do not say.
  ///   - groupSize: Images compared with each other, which tensors do not say either.
  /// - Throws: `missingTensor`, `unsupported`.
  public init(
    _ file: CheckpointFile, prefix: String, clamp: Double?, groupSize: Int
  ) throws(ObverseError) {
    let shapes = NamedShapes(file, prefix: prefix)
    guard shapes["mapping.fc0.weight"] == nil else {
      throw .unsupported(what: "the discriminator", why: "it has classes", hint: nil)
    }
    var widths = [try shapes.shape("b4.fc.weight", axes: 2)[0]]
    var side = 8
    while shapes["b\(side).conv0.weight"] != nil, side <= 1024 {
      widths.append(try shapes.shape("b\(side).conv0.weight", axes: 4)[0])
      side *= 2
    }
    guard widths.count >= 2 else { throw .missingTensor("\(prefix)b8.conv0.weight") }
    let readsBands = shapes["b\(side / 2).frombands.weight"] != nil
    let first = readsBands ? "frombands" : "fromrgb"
    let rgb = try shapes.shape("b\(side / 2).\(first).weight", axes: 4)
    let isResnet = shapes["b8.skip.weight"] != nil
    let architecture: Architecture =
      isResnet ? .resnet : shapes["b4.fromrgb.weight"] != nil ? .skip : .orig
    self.init(
      imageChannels: readsBands ? rgb[1] / 4 : rgb[1], widths: widths, architecture: architecture,
      clamp: clamp, groupSize: groupSize)
    self.readsBands = readsBands
  }
}
