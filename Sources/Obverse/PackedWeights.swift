import Kernels
import ModelFile

/// How much memory a plan's weights take, to be known before they are packed: padded to whole vectors
/// and transformed, they can be many times what the file holds.
struct PackedWeights {
  let fast: Fast
  private var packed = 0
  private var largest = 0

  /// Packed weights, and the largest tensor as floats, from which one of them is made.
  var floats: Int { packed + largest }

  init(_ model: ModelDescription, _ fast: Fast, forced: ConvAlgorithm?) {
    self.fast = fast
    model.drawn.count(&self, model, forced: forced)
  }

  /// Adds `[out, in, …]`: a vector of output channels for each input channel.
  mutating func add(_ weight: Weights, perPair: Int) {
    packed += padded(weight.shape[0]) * weight.shape[1] * perPair
    largest = max(largest, weight.count)
  }

  /// Adds the kernels of a depthwise convolution, `[channels, 3, 3]`.
  mutating func add(depthwise weight: Weights) {
    packed += 9 * padded(weight.shape[0])
  }

  private func padded(_ channels: Int) -> Int { fast.blocks(channels) * fast.lanes }
}
