import Core
import ModelFile
import Obverse
import Page

/// A generator's shape in words and as JSON, the same for every command.
struct NetworkText {
  let description: ModelDescription
  let shape: NetworkShape
  let rule: CountRule
  private let family: any FamilyNetwork

  init(_ description: ModelDescription, rule: CountRule = .input) {
    self.description = description
    shape = description.shape
    family = description.synthesis.network
    self.rule = rule
  }

  /// `StyleGAN2, 256x256x3, unconditional; widths 52 52 52 52 26 13 7`.
  var network: String {
    let side = description.resolution
    let classes = description.cDim
    var text = "\(family.name), \(side)x\(side)x\(description.imageChannels)"
    if family.form != "skip" { text += ", \(family.form)" }
    text += classes == 0 ? ", unconditional" : ", \(classes) classes"
    return text + "; widths \(widths.map(String.init).joined(separator: " "))"
  }

  /// `z 512, w 512, 14 style layers`.
  var latents: String {
    "z \(description.zDim), w \(description.wDim), \(description.wsCount) style layers"
  }

  /// `0.163 GMAC = 0.327 GFLOP a face (…)`.
  var work: String {
    let macs = Double(shape.macs(rule)) / 1e9
    let count =
      switch rule {
      case .input: "up-convs at input size"
      case .output: "up-convs at output size"
      case .fit: "up-convs at raw output size, activations once"
      }
    return "\(Format.significant(macs)) GMAC = \(Format.significant(2 * macs)) GFLOP a face"
      + " (conv, toRGB, style, mapping; \(count))"
  }

  /// Output channels of each block, or of every convolution where a block's two differ.
  private var widths: [Int] { family.widths(constWidth: description.const.shape[0]) }

  var parameters: String { Format.scaled(shape.parameters) }

  /// The most exact of the weights' types, which name a file.
  var type: String {
    var types: Set<ElementType> = []
    description.forEachWeights { _, weights in
      if weights.shape.count > 1 { types.insert(weights.type) }
    }
    return types.count == 1 ? types.first?.rawValue ?? "" : "mixed"
  }

  var json: JSON {
    .object([
      ("family", .text(family.name.lowercased())),
      ("architecture", .text(family.form)),
      ("width", .integer(description.resolution)),
      ("height", .integer(description.resolution)),
      ("channels", .integer(description.imageChannels)),
      ("classes", .integer(description.cDim)),
      ("z_dim", .integer(description.zDim)),
      ("w_dim", .integer(description.wDim)),
      ("style_layers", .integer(description.wsCount)),
      ("widths", .list(widths.map { .integer($0) })),
      ("type", .text(type)),
      ("params", .integer(shape.parameters)),
      ("macs", .integer(shape.macs(rule))),
      ("flops", .integer(2 * shape.macs(rule))),
      ("count", .text(rule.rawValue)),
    ])
  }

  /// A row a layer: name, channels, size, MACs with the style layer's, parameters, and how a 3x3
  /// convolution would be computed here.
  func layers(_ algorithms: [String: ConvAlgorithm]) -> TextTable {
    var table = TextTable([
      .init("layer"), .init("in -> out"), .init("size"), .init("MMAC", number: true),
      .init("params", number: true), .init("algorithm"),
    ])
    for layer in shape.layers {
      let size =
        layer.inSize == layer.outSize ? "\(layer.outSize)" : "\(layer.inSize) -> \(layer.outSize)"
      table.add([
        layer.name, "\(layer.inChannels) -> \(layer.outChannels)",
        layer.kind == .dense ? "" : size, Format.fixed(Double(macs(layer)) / 1e6, 2),
        "\(layer.parameters)", algorithms[layer.name]?.rawValue ?? "",
      ])
    }
    table.add([
      "total", "", "", Format.fixed(Double(shape.macs(rule)) / 1e6, 2), "\(shape.parameters)",
      "",
    ])
    return table
  }

  func layersJSON(_ algorithms: [String: ConvAlgorithm]) -> JSON {
    .list(
      shape.layers.map { layer in
        .object([
          ("name", .text(layer.name)), ("kind", .text(layer.kind.rawValue)),
          ("in", .integer(layer.inChannels)), ("out", .integer(layer.outChannels)),
          ("in_size", .integer(layer.inSize)), ("out_size", .integer(layer.outSize)),
          ("macs", .integer(macs(layer))), ("params", .integer(layer.parameters)),
          ("algorithm", algorithms[layer.name].map { .text($0.rawValue) } ?? .null),
        ])
      })
  }

  private func macs(_ layer: LayerShape) -> Int {
    layer.macs(rule) + layer.styleWidth * shape.wDim
  }
}
