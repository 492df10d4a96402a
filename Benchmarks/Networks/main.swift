// Writes a StyleGAN2 generator with random weights in the paper's widths, to be timed: arithmetic does
// not depend on what a network has learned.

import Core
import ModelFile

/// `networks PERMILLE RESOLUTION BASE FILE`: `networks 900 256 16384 p90.obv` is the paper's p = 0.9.
let words = CommandLine.arguments
guard words.count == 5, let pruning = Int(words[1]), (0...999).contains(pruning),
  let resolution = Int(words[2]), let base = Int(words[3])
else {
  print("usage: networks PERMILLE RESOLUTION CHANNEL-BASE FILE")
  throw ObverseError.usage("four words are needed", hint: nil)
}

/// Random layers; the values come in a fixed order, so equal arguments give equal files.
struct Maker {
  private var random = RandomState(seed: 1)

  mutating func weights(_ shape: [Int], scale: Float, offset: Float = 0) -> Weights {
    let values = random.normals(shape.reduce(1, *))
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count * 4)
    for value in values {
      let bits = (value * scale + offset).bitPattern
      for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(shift))) }
    }
    return Weights(type: .float32, shape: shape, bytes: Bytes(bytes))
  }

  mutating func dense(_ outputs: Int, _ inputs: Int, offset: Float = 0) -> Dense {
    Dense(
      weight: weights([outputs, inputs], scale: 1 / Float(inputs).squareRoot()),
      bias: weights([outputs], scale: 0, offset: offset))
  }

  mutating func conv(_ inputs: Int, _ outputs: Int, _ size: Int) -> StyledConv {
    StyledConv(
      weight: weights([outputs, inputs, 3, 3], scale: 1), affine: dense(inputs, 512, offset: 1),
      noise: Noise(plane: weights([size, size], scale: 1), strength: 0.1),
      activation: Activation(
        bias: weights([outputs], scale: 0.1), gain: Float(2.0.squareRoot()), clamp: nil))
  }

  mutating func generator(_ resolution: Int, _ widths: [Int]) -> ModelDescription {
    var blocks: [SynthesisBlock] = []
    for (k, width) in widths.enumerated() {
      blocks.append(
        SynthesisBlock(
          conv0: k == 0 ? nil : conv(widths[k - 1], width, 4 << k),
          conv1: conv(width, width, 4 << k),
          toRGB: ToImage(
            weight: weights([3, width], scale: 1 / Float(width).squareRoot()),
            affine: dense(width, 512, offset: 1), bias: weights([3], scale: 0.1), clamp: nil),
          skip: nil))
    }
    var mapping: [Dense] = []
    for _ in 0..<8 { mapping.append(dense(512, 512)) }
    return ModelDescription(
      resolution: resolution, imageChannels: 3, zDim: 512, wDim: 512, cDim: 0,
      wsCount: 2 * widths.count, wAverage: weights([512], scale: 0), embed: nil, mapping: mapping,
      const: weights([widths[0], 4, 4], scale: 1), synthesis: .styleGAN2(.skip, blocks: blocks))
  }
}

let widths = Widths.pruned(Widths.teacher(resolution: resolution, base: base), perMille: pruning)
var maker = Maker()
let model = maker.generator(resolution, widths)
try model.validate()
_ = try ModelFile.write(model, to: words[4])
print(
  "\(words[4])  widths \(widths.map(String.init).joined(separator: " "))  \(model.shape.macs()) MACs")
