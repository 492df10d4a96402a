import Torch

/// A layer whose weight is divided by its largest singular value, which one step of the power
/// iteration follows at each use.
///
/// Source: Miyato et al. 2018, arXiv:1802.05957. No gradient passes the singular value, as in ITGC's
/// code.
private struct SpectralLayer {
  let weight: Tensor
  let bias: Tensor
  /// `[1, out]`.
  private let vector: Tensor
  /// Leaves weights alone whose largest singular value is below 1.
  private let isBounded: Bool

  init(
    _ registry: Registry, _ name: String, _ shape: [Int], deviation: Double = 1,
    isBounded: Bool = false
  ) {
    weight = registry.parameter("\(name).weight", Tensor.normal(shape) * deviation)
    bias = registry.parameter("\(name).bias", .zeros([shape[0]]))
    vector = registry.buffer("\(name).u", .normal([1, shape[0]]))
    self.isBounded = isBounded
  }

  /// The weight as it is used.
  private var normalized: Tensor {
    let matrix = weight.detached.reshaped([weight.shape[0], -1])
    func unit(_ x: Tensor) -> Tensor { x / (x.squared.sum.squareRoot + 1e-12) }
    let right = unit(vector.times(matrix))
    let left = unit(right.times(matrix.permuted([1, 0])))
    vector.assign(left)
    let largest = (left.times(matrix) * right).sum
    guard isBounded else { return weight / largest }
    return weight / (largest + 1e-6) * (largest + 1e-6).clamped(to: 0...1)
  }

  /// A 3x3 convolution of the same size.
  func convolved(_ x: Tensor) -> Tensor { x.convolved(normalized, padding: 1) + bias.overPixels }

  func linear(_ x: Tensor) -> Tensor { x.linear(normalized, bias: bias) }
}

/// How badly a student's image goes with its teacher's: the energy of ITGC's variational model.
///
/// Source: Kang et al. 2022, "Information-Theoretic GAN Compression with Variational Energy-based
/// Model", arXiv:2303.16050; widths and starts are those of the code that compares itself with it.
public final class EnergyModel: Network {
  private struct Block {
    let conv1: SpectralLayer
    let conv2: SpectralLayer
    let shortcut: SpectralLayer?

    func callAsFunction(_ x: Tensor) -> Tensor {
      let main = conv2.convolved(conv1.convolved(x).leakyReLU(slope: 0.01))
      let y = (shortcut?.convolved(x) ?? x) + main
      return y.averagePooled(2).leakyReLU(slope: 0.01)
    }
  }

  public let registry: Registry
  private let fromImages: SpectralLayer
  private let blocks: [Block]
  private let out: SpectralLayer

  /// - Parameters:
  ///   - resolution: Side of the images; from 256 on there are seven blocks, else one less for each
  ///     halving.
  ///   - width: Channels at the beginning; they double twice.
  ///   - device: Where it is made.
  public init(resolution: Int, width: Int = 32, device: Device = .cpu) {
    registry = Registry(device: device)
    fromImages = SpectralLayer(registry, "from_images", [width, 6, 3, 3])
    var blocks: [Block] = []
    var input = width
    for i in 0..<min(resolution.trailingZeroBitCount - 1, 7) {
      let output = i < 2 ? 2 * input : input
      let name = "block\(i)"
      blocks.append(
        Block(
          conv1: SpectralLayer(registry, "\(name).conv1", [input, input, 3, 3]),
          conv2: SpectralLayer(
            registry, "\(name).conv2", [output, input, 3, 3], deviation: 1e-10, isBounded: true),
          shortcut: input == output
            ? nil : SpectralLayer(registry, "\(name).shortcut", [output, input, 3, 3])))
      input = output
    }
    self.blocks = blocks
    // As PyTorch begins dense layers; its size says how fast Adam turns it.
    out = SpectralLayer(
      registry, "out", [1, input], deviation: 1 / (3 * Double(input)).squareRoot())
  }

  /// Energies `[N, 1]` of a teacher's and a student's images `[N, 3, H, W]`.
  public func callAsFunction(_ teacher: Tensor, _ student: Tensor) -> Tensor {
    let images = Tensor.concatenated([teacher, student], axis: 1)
    var x = images.averageWindows(3, stride: 2, padding: 1)
    x = fromImages.convolved(x).leakyReLU(slope: 0.01)
    for block in blocks { x = block(x) }
    return out.linear(x.relu.mean(over: [2, 3]))
  }
}
