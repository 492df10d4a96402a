import Networks
import Torch

/// How a generator that is good already is trained further: some of its layers, each tensor at a rate
/// of its own size.
public struct Tuning: Codable, Equatable, Sendable {
  /// Beginnings of the names of parameters that move.
  public var layers: [String]
  /// Of a step of Adam, as a share of a tensor's root mean square.
  public var rate: Double
  /// Thousands of images during which nothing but the layer to the image moves.
  public var headKimg: Double
  /// The share of the run at its end over which the rate falls.
  public var fall: Double

  public init(layers: [String], rate: Double = 0.0025, headKimg: Double = 0, fall: Double = 0.25) {
    self.layers = layers
    self.rate = rate
    self.headKimg = headKimg
    self.fall = fall
  }

  /// A tensor of zeros, such as a new bias, moves as if it were this large.
  private static let smallest = 1e-3
  /// The mapping network's share of a rate, as StyleGAN has it.
  private static let ofMapping = 0.01
  /// What is left of the rate at the end.
  private static let last = 0.02

  func moves(_ name: String) -> Bool { layers.contains { name.hasPrefix($0) } }

  func isHead(_ name: String) -> Bool { name.contains(".toimage.") || name.contains(".torgb.") }

  /// What multiplies the rate of each parameter, `[count]`: its root mean square at the beginning.
  static func scales(_ parameters: [Registry.Entry]) -> Tensor {
    .values(
      parameters.map { name, tensor in
        let size = max(tensor.detached.squared.mean.squareRoot.item, smallest)
        return Float(name.hasPrefix("mapping.") ? ofMapping * size : size)
      },
      [parameters.count])
  }

  /// The rate after `images` of a run of `total`.
  func rate(after images: Int, of total: Double) -> Double {
    let left = 1 - Double(images) / total
    return rate * (fall > 0 ? min(max(left / fall, Self.last), 1) : 1)
  }
}

extension Trainer {
  /// Settles which parameters move in the next step, and how fast.
  func beginTuning(_ tuning: Tuning) {
    let end = tuning.headKimg * 1000
    let isHeadAlone = Double(images) < end
    for (name, tensor) in trained {
      tensor.setRequiresGradient(!isHeadAlone || tuning.isHead(name))
    }
    // What Adam knows of parameters that never moved would send them off.
    if !isHeadAlone, Double(images - settings.batch) < end { generatorAdam.reset() }
    generatorAdam.rate = tuning.rate(after: images, of: settings.kimg * 1000)
  }
}
