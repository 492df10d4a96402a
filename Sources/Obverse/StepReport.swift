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
  /// Of 1x1 convolutions behind depthwise ones; nil for other work.
  package let precision: Precision?
}

extension Generator {
  /// What each of `parts` has to do.
  package func stepReports(_ rule: CountRule) -> [StepReport] {
    let traffic = Traffic(model)
    let layers = model.shape.layers
    let byName = Dictionary(uniqueKeysWithValues: layers.map { ($0.name, $0) })
    let mapping = layers.filter { $0.kind == .dense }.reduce(0) { $0 + $1.macs(rule) }
    let styles = layers.reduce(0) { $0 + $1.styleWidth * model.wDim }
    func report(_ name: String, _ macs: Int, _ bytes: Int) -> StepReport {
      StepReport(layers: [name], macs: macs, bytes: bytes, algorithm: nil, precision: nil)
    }
    return [
      report("latent", 0, 4 * model.zDim), report("mapping", mapping, 4 * traffic.mapping),
      report("styles", styles, 4 * traffic.styles),
    ]
      + schedule.steps.map { step in
        StepReport(
          layers: step.layers,
          macs: step.layers.reduce(0) { $0 + (byName[$1]?.macs(rule) ?? 0) },
          bytes: traffic.bytes(step), algorithm: step.algorithm,
          precision: step.precision)
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
    return description.drawn.algorithms(description, try set.kernels())
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

  init(_ model: Model) {
    self.model = model
    layers = Dictionary(uniqueKeysWithValues: model.shape.layers.map { ($0.name, $0) })
  }

  func bytes(_ step: any Step) -> Int {
    var numbers = 0
    // Of the map that it leaves behind, and of the finished picture.
    var written = 0
    var pictureBytes = 0
    for (i, part) in step.parts.enumerated() {
      guard let layer = layers[part.layer] else { continue }
      let plane = layer.outSize * layer.outSize
      let finishing = layer.outChannels + (part.storesNoise ? plane : 0)
      // A step reads one map of the chain: that of its first part.
      if i == 0 {
        if case .filter = part.role {
          numbers += layer.outChannels * raw(layer)
        } else {
          numbers += layer.inChannels * layer.inSize * layer.inSize
        }
      }
      if case .filter = part.role {
        numbers += finishing
        continue
      }
      numbers += weights(layer, step.algorithm) + layer.styleWidth
      switch part.role {
      case .conv(let addsResidual):
        // A block's last map becomes an image a few rows at a time.
        written = step.leavesMap ? layer.outChannels * plane : 0
        numbers += finishing
        if addsResidual { numbers += layer.outChannels * plane / 4 }
      case .transpose: written = layer.outChannels * raw(layer)
      case .inverseHaar: written = layer.outChannels * plane
      case .filter: break
      case .skip: written = layer.outChannels * layer.inSize * layer.inSize
      case .toImage(let addsPrevious):
        numbers += layer.outChannels
        if isPicture(layer) {
          pictureBytes = model.imageChannels * model.resolution * model.resolution
        } else {
          numbers += layer.outChannels * plane
        }
        if addsPrevious { numbers += layer.outChannels * plane / 4 }
      }
    }
    return 4 * (numbers + written) + pictureBytes
  }

  /// Whether a layer makes the last image: at its size, or as the bands of an inverse Haar transform.
  private func isPicture(_ layer: LayerShape) -> Bool {
    layer.outChannels * layer.outSize * layer.outSize
      == model.imageChannels * model.resolution * model.resolution
  }

  /// Numbers of a layer's weights as they are packed, without padding.
  private func weights(_ layer: LayerShape, _ algorithm: ConvAlgorithm?) -> Int {
    let pairs = layer.inChannels * layer.outChannels
    switch layer.kind {
    case .dense, .conv1x1: return pairs
    case .separable: return 9 * layer.inChannels + pairs
    case .inverseHaar: return 0
    case .conv3x3, .upConv3x3:
      let isUp = layer.kind == .upConv3x3
      return switch algorithm {
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

  /// Numbers of the mapping.
  var mapping: Int {
    var numbers = model.wsCount * model.wDim
    for layer in model.shape.layers where layer.kind == .dense {
      // A label picks one column of its embedding.
      let inputs = layer.name == "embed" ? 1 : layer.inChannels
      numbers += inputs * layer.outChannels + layer.outChannels + inputs + layer.outChannels
    }
    return numbers
  }

  /// Numbers of all styles.
  var styles: Int {
    let demodulates = model.plan.styles.contains { $0.demodulation != nil }
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
