import Kernels
import ModelFile

/// What one part of a face has to do, whoever times it.
package struct StepReport: Sendable {
  /// `latent`, `mapping`, `styles`, or the layers of a step.
  package let layers: [String]
  /// Multiply-adds; over all parts they are `NetworkShape.macs`.
  package let macs: Int
  /// Bytes that must be read or written at least, as `Traffic` counts them.
  package let bytes: Int
  /// Of a 3x3 convolution; nil for other work.
  package let algorithm: ConvAlgorithm?
}

extension Generator {
  /// What each of `parts` has to do.
  package func stepReports(_ rule: CountRule) -> [StepReport] {
    let traffic = Traffic(model)
    let layers = Dictionary(uniqueKeysWithValues: model.shape.layers.map { ($0.name, $0) })
    return parts.map { names in
      let macs =
        switch names {
        case ["mapping"]:
          model.shape.layers.filter { $0.kind == .dense }.reduce(0) { $0 + $1.macs(rule) }
        case ["styles"]: model.shape.layers.reduce(0) { $0 + $1.styleWidth * model.wDim }
        default: names.reduce(0) { $0 + (layers[$1]?.macs(rule) ?? 0) }
        }
      return StepReport(
        layers: names, macs: macs, bytes: traffic.bytes(names),
        algorithm: traffic.algorithm(names))
    }
  }
}

extension ConvAlgorithm {
  /// The algorithm of each 3x3 convolution, by layer.
  ///
  /// - Parameters:
  ///   - description: A valid network; its weights are not read.
  ///   - instructionSet: nil takes `OBVERSE_ISA`, else the best that this processor has.
  /// - Returns: Names such as `b64.conv0`; MobileStyleGAN has one such layer.
  /// - Throws: `usage` for an instruction set that this processor lacks.
  package static func chosen(
    for description: ModelDescription, _ instructionSet: InstructionSet? = nil
  ) throws(ObverseError) -> [String: ConvAlgorithm] {
    let set: InstructionSet
    if let instructionSet { set = instructionSet } else { set = try .chosen() }
    guard case .styleGAN2(let architecture, let blocks) = description.synthesis else {
      return ["b4.conv1": .direct]
    }
    let choice = ConvChoice(
      blocks, constChannels: description.const.shape[0], architecture, try set.kernels(),
      forced: nil)
    var chosen: [String: ConvAlgorithm] = [:]
    for (k, block) in blocks.enumerated() {
      if block.conv0 != nil { chosen["b\(4 << k).conv0"] = choice.up[k] }
      chosen["b\(4 << k).conv1"] = choice.same[k]
    }
    return chosen
  }
}

extension Step {
  /// How the step's 3x3 convolutions are computed; nil for a step without.
  fileprivate var algorithm: ConvAlgorithm? {
    switch work {
    case .conv(let layer, _, _, _): layer is FastWinograd ? .winograd : .direct
    case .upConv: .direct
    case .transpose: .winograd
    case .block: isPlanar ? .planar : .winograd
    default: nil
    }
  }
}

/// The least traffic of each part: every number that it needs from outside once, and every number that
/// it leaves once.
///
/// Those are weights and biases in the form of the algorithm, styles, noise planes, maps and images
/// between steps, as 4 bytes each, and the finished picture's bytes. Padding, scratch and what is read again do not count,
/// nor does it matter in which cache a number lies.
private struct Traffic {
  private let model: Model
  private let layers: [String: LayerShape]
  private let algorithms: [String: ConvAlgorithm]
  /// Layers with a stored noise plane.
  private var noisy: Set<String> = []
  /// Channels of a resnet block's skip, by the convolution that adds it.
  private var skips: [String: Int] = [:]
  private var addsImages = false
  private var demodulates = false

  init(_ model: Model) {
    self.model = model
    layers = Dictionary(uniqueKeysWithValues: model.shape.layers.map { ($0.name, $0) })
    var algorithms: [String: ConvAlgorithm] = [:]
    for step in model.plan.steps {
      guard let algorithm = step.algorithm else { continue }
      for name in step.layers where !name.hasSuffix("torgb") { algorithms[name] = algorithm }
    }
    self.algorithms = algorithms
    switch model.description.synthesis {
    case .styleGAN2(let architecture, let blocks):
      addsImages = architecture == .skip
      demodulates = true
      for (k, block) in blocks.enumerated() {
        let name = "b\(4 << k)"
        if block.conv0?.noise?.plane != nil { noisy.insert("\(name).conv0") }
        if block.conv1.noise?.plane != nil { noisy.insert("\(name).conv1") }
        if let skip = block.skip { skips["\(name).conv1"] = skip.shape[0] }
      }
    case .mobileStyleGAN(let conv1, let blocks, _):
      if conv1.noise?.plane != nil { noisy.insert("b4.conv1") }
      for (i, block) in blocks.enumerated() {
        if block.conv1.noise?.plane != nil { noisy.insert("b\(8 << i).conv1") }
        if block.conv2.noise?.plane != nil { noisy.insert("b\(8 << i).conv2") }
      }
    }
  }

  /// The layer of a step's second half: `b64.conv0` of `b64.conv0.filter`.
  private func base(_ name: String) -> String {
    name.hasSuffix(".filter") ? String(name.dropLast(".filter".count)) : name
  }

  func algorithm(_ names: [String]) -> ConvAlgorithm? {
    names.lazy.compactMap { algorithms[$0] }.first
  }

  func bytes(_ names: [String]) -> Int {
    switch names {
    case ["latent"]: return 4 * model.zDim
    case ["mapping"]: return 4 * mapping
    case ["styles"]: return 4 * styles
    default: break
    }
    guard let first = layers[base(names[0])] else { return 0 }
    var numbers = 0
    var pictureBytes = 0
    // The chain's map is read by the first layer and written behind the last that makes one.
    if names[0].hasSuffix(".filter") {
      numbers += first.outChannels * raw(first) + finishing(first)
    } else {
      numbers += first.inChannels * first.inSize * first.inSize
    }
    let isBlock = names.contains { $0.hasSuffix(".conv1") } && !names[0].hasSuffix(".conv1")
    var written = 0
    for name in names {
      guard let layer = layers[name] else { continue }
      numbers += weights(layer) + layer.styleWidth
      let plane = layer.outSize * layer.outSize
      if name.hasSuffix("torgb") || name == "toimage" {
        numbers += layer.outChannels
        if name == "toimage" || layer.outSize == model.resolution {
          pictureBytes = model.imageChannels * model.resolution * model.resolution
        } else {
          numbers += layer.outChannels * plane
        }
        if addsImages, layer.outSize > 4 { numbers += layer.outChannels * plane / 4 }
      } else if layer.kind == .upConv3x3, algorithms[name] == .winograd {
        written = layer.outChannels * raw(layer)
      } else if name.hasSuffix(".skip") {
        written = layer.outChannels * layer.inSize * layer.inSize
      } else {
        // A block's last map becomes an image a few rows at a time.
        let staysInside = isBlock && layer.outSize == model.resolution
        written = staysInside ? 0 : layer.outChannels * plane
        if layer.kind != .inverseHaar { numbers += finishing(layer) }
        numbers += (skips[name] ?? 0) * plane / 4
      }
    }
    return 4 * (numbers + written) + pictureBytes
  }

  /// Numbers of a layer's weights as they are packed, without padding.
  private func weights(_ layer: LayerShape) -> Int {
    let pairs = layer.inChannels * layer.outChannels
    switch layer.kind {
    case .dense, .conv1x1: return pairs
    case .separable: return 9 * layer.inChannels + pairs
    case .inverseHaar: return 0
    case .conv3x3, .upConv3x3:
      let isUp = layer.kind == .upConv3x3
      return switch algorithms[layer.name] {
      case .winograd: 36 * pairs
      case .planar: (isUp ? 9 : 18) * pairs
      case .direct, nil: 9 * pairs
      }
    }
  }

  /// Pixels of a raw transposed convolution.
  private func raw(_ layer: LayerShape) -> Int {
    (2 * layer.inSize + 1) * (2 * layer.inSize + 1)
  }

  /// Bias and noise.
  private func finishing(_ layer: LayerShape) -> Int {
    layer.outChannels + (noisy.contains(layer.name) ? layer.outSize * layer.outSize : 0)
  }

  private var mapping: Int {
    var numbers = model.wsCount * model.wDim
    for layer in model.shape.layers where layer.kind == .dense {
      // A label picks one column of its embedding.
      let inputs = layer.name == "embed" ? 1 : layer.inChannels
      numbers += inputs * layer.outChannels + layer.outChannels + inputs + layer.outChannels
    }
    return numbers
  }

  private var styles: Int {
    var numbers = model.wsCount * model.wDim
    for layer in model.shape.layers {
      numbers += layer.styleWidth * (model.wDim + 2)
      // Demodulation: the energy of each pair of channels, and a factor for each output.
      if demodulates, layer.kind == .conv3x3 || layer.kind == .upConv3x3 {
        numbers += (layer.inChannels + 1) * layer.outChannels
      }
    }
    return numbers
  }
}
