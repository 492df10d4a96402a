// Small seeded descriptions of every family and architecture. Their numbers mean nothing.

import Core
import ModelFile
import Testing

/// Which description to make.
struct TinyModel: CustomTestStringConvertible, Sendable {
  enum Family {
    case styleGAN2, mobileStyleGAN
  }

  var family = Family.styleGAN2
  var architecture: BlockArchitecture = .skip
  /// Channels of each block, 4x4 first.
  var widths = [3, 2]
  var classes = 0
  var storesNoise = true
  var knowsMeanW = true
  var mappingLayers = 2
  var zDim = 3
  var wDim = 2

  var testDescription: String {
    "\(family) \(architecture) \(widths) classes \(classes) noise \(storesNoise)"
  }

  static let all: [TinyModel] = [
    TinyModel(),
    TinyModel(widths: [5, 3, 1], classes: 4),
    TinyModel(architecture: .resnet, widths: [3, 2, 4]),
    TinyModel(architecture: .orig, widths: [2, 3], storesNoise: false, knowsMeanW: false),
    TinyModel(family: .mobileStyleGAN, widths: [4, 3]),
    TinyModel(family: .mobileStyleGAN, widths: [8, 12, 5], storesNoise: false),
  ]

  var description: ModelDescription {
    var random = Numbers()
    let stages = widths.count
    let synthesis: Synthesis
    switch family {
    case .styleGAN2:
      let blocks = (0..<stages).map { i in
        let size = 4 << i
        let isLast = i == stages - 1
        return SynthesisBlock(
          conv0: i == 0 ? nil : styled(&random, widths[i - 1], widths[i], size),
          conv1: styled(&random, widths[i], widths[i], size),
          toRGB: architecture == .skip || isLast ? toImage(&random, widths[i], 3) : nil,
          skip: architecture == .resnet && i > 0
            ? random.weights([widths[i], widths[i - 1]]) : nil)
      }
      synthesis = .styleGAN2(architecture, blocks: blocks)
    case .mobileStyleGAN:
      let blocks = (1..<stages).map { i in
        let size = 4 << i
        return MobileBlock(
          up: affine(&random, widths[i - 1]),
          conv1: separable(&random, widths[i - 1] / 4, widths[i], size),
          conv2: separable(&random, widths[i], widths[i], size))
      }
      synthesis = .mobileStyleGAN(
        conv1: styled(&random, widths[0], widths[0], 4), blocks: blocks,
        toImage: toImage(&random, widths[stages - 1], 12))
    }
    var inputs = zDim + (classes > 0 ? wDim : 0)
    let mapping = (0..<mappingLayers).map { _ in
      defer { inputs = wDim }
      return Dense(weight: random.weights([wDim, inputs]), bias: random.weights([wDim]))
    }
    var provenance = Provenance()
    provenance.sourceKind = "test"
    provenance.sourceSHA256 = String(repeating: "0f", count: 32)
    provenance.producer = "tests of obverse"
    provenance.license = "MIT"
    provenance.note = "zwölf Boxkämpfer"
    provenance.wAverageSource = "given"
    provenance.facts = [("pruning_ratio", "0.9"), ("kimg", "4000"), ("empty", "")]
    return ModelDescription(
      resolution: family == .styleGAN2 ? 4 << (stages - 1) : 4 << stages,
      imageChannels: 3, zDim: zDim, wDim: wDim, cDim: classes,
      wsCount: family == .styleGAN2 ? 2 * stages : 1 + 3 * (stages - 1),
      wAverage: knowsMeanW ? random.weights([wDim]) : nil,
      embed: classes > 0
        ? Dense(weight: random.weights([wDim, classes]), bias: random.weights([wDim])) : nil,
      mapping: mapping, const: random.weights([widths[0], 4, 4]), synthesis: synthesis,
      slope: 0.25, provenance: provenance)
  }

  private func affine(_ random: inout Numbers, _ channels: Int) -> Dense {
    Dense(weight: random.weights([channels, wDim]), bias: random.weights([channels]))
  }

  private func noise(_ random: inout Numbers, _ size: Int) -> Noise? {
    Noise(plane: storesNoise ? random.weights([size, size]) : nil, strength: -0.375)
  }

  private func styled(_ random: inout Numbers, _ i: Int, _ o: Int, _ size: Int) -> StyledConv {
    StyledConv(
      weight: random.weights([o, i, 3, 3]), affine: affine(&random, i),
      noise: noise(&random, size),
      activation: Activation(bias: random.weights([o]), gain: 1.5, clamp: size == 8 ? 256 : nil))
  }

  private func separable(
    _ random: inout Numbers, _ i: Int, _ o: Int, _ size: Int
  ) -> SeparableConv {
    SeparableConv(
      affine: affine(&random, i), depthwise: random.weights([i, 3, 3]),
      pointwise: random.weights([o, i]), noise: noise(&random, size),
      activation: Activation(bias: random.weights([o]), gain: 1, clamp: nil))
  }

  private func toImage(_ random: inout Numbers, _ i: Int, _ rows: Int) -> ToImage {
    ToImage(
      weight: random.weights([rows, i]), affine: affine(&random, i),
      bias: random.weights([rows]), clamp: 128)
  }
}

/// SplitMix64, with tensors.
struct Numbers {
  var state: UInt64 = 85

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// From -1 up to 1.
  mutating func float() -> Float {
    Float(Int32(truncatingIfNeeded: next() >> 40) - (1 << 23)) / Float(1 << 23)
  }

  mutating func weights(_ shape: [Int]) -> Weights {
    Weights(floats: (0..<shape.reduce(1, *)).map { _ in float() }, shape)
  }
}

extension Weights {
  init(floats: [Float], _ shape: [Int]) {
    let bytes = floats.flatMap { value in (0..<4).map { UInt8(value.bitPattern >> ($0 * 8) & 255) }
    }
    self.init(type: .float32, shape: shape, bytes: Bytes(bytes))
  }
}

extension ModelDescription {
  /// Every tensor by name, in the file's order.
  var tensors: [(name: String, weights: Weights)] {
    var list: [(String, Weights)] = []
    forEachWeights { (name, weights) in list.append((name, weights)) }
    return list
  }

  /// The blocks, for tests that break one.
  var blocks: [SynthesisBlock] {
    get {
      if case .styleGAN2(_, let blocks) = synthesis { blocks } else { [] }
    }
    set {
      if case .styleGAN2(let architecture, _) = synthesis {
        synthesis = .styleGAN2(architecture, blocks: newValue)
      }
    }
  }
}

extension Weights {
  /// What multiplies the bytes of an `int8` tensor.
  var scales: [Float] { (0..<scaleCount).map(scale) }

  init(type: ElementType, shape: [Int], bytes: Bytes, scales: [Float]) {
    let bits = scales.flatMap { scale in
      (0..<4).map { UInt8(truncatingIfNeeded: scale.bitPattern >> (8 * $0)) }
    }
    self.init(
      type: type, shape: shape, bytes: bytes, scaleBytes: scales.isEmpty ? nil : Bytes(bits))
  }
}
