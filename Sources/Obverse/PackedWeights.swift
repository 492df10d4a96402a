import Kernels
import ModelFile

/// How much memory a plan's weights take, to be known before they are packed: padded to whole vectors
/// and transformed, they can be many times what the file holds.
struct PackedWeights {
  /// Packed weights, and the largest tensor as floats, from which one of them is made.
  let floats: Int

  init(_ model: ModelDescription, _ fast: Fast, forced: ConvAlgorithm?) {
    var (packed, largest) = (0, 0)
    func padded(_ channels: Int) -> Int { fast.blocks(channels) * fast.lanes }
    func count(_ weight: Weights, perPair: Int) {
      // [out, in, …]: a vector of output channels for each input channel.
      packed += padded(weight.shape[0]) * weight.shape[1] * perPair
      largest = max(largest, weight.count)
    }
    switch model.synthesis {
    case .styleGAN2(let architecture, let blocks):
      let choice = ConvChoice(
        blocks, constChannels: model.const.shape[0], architecture, fast, forced: forced)
      for (k, block) in blocks.enumerated() {
        // Kernel elements or points, and one for the demodulation.
        if let conv0 = block.conv0 {
          let perPair = [.direct: 9, .winograd: 42, .planar: 12][choice.up[k]] ?? 0
          count(conv0.weight, perPair: perPair + 1)
        }
        let perPair = [.direct: 9, .winograd: 36, .planar: 18][choice.same[k]] ?? 0
        count(block.conv1.weight, perPair: perPair + 1)
        if let skip = block.skip { count(skip, perPair: 1) }
      }
    case .mobileStyleGAN(let conv1, let blocks, let toImage):
      count(conv1.weight, perPair: 9)
      for block in blocks {
        for conv in [block.conv1, block.conv2] {
          count(conv.pointwise, perPair: 1)
          packed += 9 * padded(conv.depthwise.shape[0])
        }
      }
      count(toImage.weight, perPair: 1)
    }
    floats = packed + largest
  }
}
