import Torch

/// All that tells one discriminator from another, apart from its weights.
public struct DiscriminatorShape: Codable, Equatable, Sendable {
  public var imageChannels: Int
  /// Channels by resolution, from 4x4 upwards.
  public var widths: [Int]
  public var architecture: Architecture
  public var clamp: Double?
  /// Images whose deviation from each other is one more channel at 4x4; must divide the batch.
  public var groupSize: Int
  /// Whether it reads the Haar bands of an image instead of its pixels.
  ///
  /// They are four times the channels at half the side, which is where its first block works: half the
  /// cost. Resnet architecture only.
  public var readsBands = false

  public init(
    imageChannels: Int = 3, widths: [Int], architecture: Architecture = .resnet,
    clamp: Double? = nil, groupSize: Int
  ) {
    precondition(widths.count >= 2, "\(widths.count) widths")
    self.imageChannels = imageChannels
    self.widths = widths
    self.architecture = architecture
    self.clamp = clamp
    self.groupSize = groupSize
  }

  /// Side of the images.
  public var resolution: Int { (readsBands ? 4 : 2) << widths.count }
}

/// A StyleGAN2 discriminator under NVlabs' names.
public final class Discriminator: Network {
  struct Block {
    let fromRGB: Conv?
    let conv0: Conv
    let conv1: Conv
    let skip: Conv?
  }

  public let shape: DiscriminatorShape
  public let registry: Registry
  /// Between the blocks, for methods that want them; a network apart, which moves by itself.
  public let gates: Gates?
  private let filter: Filter
  private let blocks: [Block]
  private let lastFromRGB: Conv?
  private let conv: Conv
  private let fc: Dense
  private let out: Dense

  public init(_ shape: DiscriminatorShape, hasGates: Bool = false, device: Device = .cpu) {
    precondition(!shape.readsBands || shape.architecture == .resnet, "bands in \(shape)")
    self.shape = shape
    gates = hasGates ? Gates(shape, device: device) : nil
    let registry = Registry(device: device)
    self.registry = registry
    filter = Filter(device: device)
    let last = shape.widths.count - 1
    blocks = (1...last).reversed().map { index in
      let name = "b\(4 << index)"
      let (width, next) = (shape.widths[index], shape.widths[index - 1])
      registry.constant("\(name).resample_filter", Filter.stored)
      var fromRGB: Conv?
      if index == last || shape.architecture == .skip {
        fromRGB = Conv(
          registry, shape.readsBands ? "\(name).frombands" : "\(name).fromrgb",
          shape.imageChannels * (shape.readsBands ? 4 : 1), width, size: 1, clamp: shape.clamp)
      }
      return Block(
        fromRGB: fromRGB,
        conv0: Conv(registry, "\(name).conv0", width, width, size: 3, clamp: shape.clamp),
        conv1: Conv(
          registry, "\(name).conv1", width, next, size: 3, halves: true, clamp: shape.clamp),
        skip: shape.architecture == .resnet
          ? Conv(
            registry, "\(name).skip", width, next, size: 1, activation: .linear, hasBias: false,
            halves: true) : nil)
    }
    let width = shape.widths[0]
    lastFromRGB =
      shape.architecture == .skip
      ? Conv(registry, "b4.fromrgb", shape.imageChannels, width, size: 1) : nil
    conv = Conv(registry, "b4.conv", width + 1, width, size: 3, clamp: shape.clamp)
    fc = Dense(registry, "b4.fc", width * 16, width, activation: .leakyReLU)
    out = Dense(registry, "b4.out", width, 1)
  }

  /// How real each image looks, unbounded: `[N, C, H, W]` to `[N]`.
  ///
  /// `visit` is told what each block makes, the largest map first.
  public func callAsFunction(_ images: Tensor, visit: (Tensor) -> Void = { _ in }) -> Tensor {
    var (features, image) = walked(images, blocks[...], visit: visit)
    if let lastFromRGB { features = features + lastFromRGB(image, filter: filter) }
    features = conv(withDeviation(features), filter: filter)
    return out(fc(features.reshaped([images.shape[0], -1]))).reshaped([-1])
  }

  /// What the first blocks make of images: `[N, C, side, side]`, after the residual sum.
  public func features(_ images: Tensor, side: Int) -> Tensor {
    let count = (shape.resolution / side).trailingZeroBitCount - (shape.readsBands ? 1 : 0)
    precondition((1...blocks.count).contains(count), "features of side \(side)")
    return walked(images, blocks.prefix(count)).features
  }

  /// Features behind some blocks, and the image as the next one would see it.
  private func walked(
    _ images: Tensor, _ blocks: ArraySlice<Block>, visit: (Tensor) -> Void = { _ in }
  ) -> (features: Tensor, image: Tensor) {
    var image = shape.readsBands ? Haar.bands(images) : images
    var x: Tensor?
    for (index, block) in blocks.enumerated() {
      if let fromRGB = block.fromRGB {
        let y = fromRGB(image, filter: filter)
        x = x.map { $0 + y } ?? y
        if shape.architecture == .skip {
          image = filter.applied(image, padding: 1, stride: 2)
        }
      }
      guard let input = x else { preconditionFailure("the first block reads the image") }
      let gain = block.skip == nil ? 1 : 0.5.squareRoot()
      let main = block.conv1(
        block.conv0(input, filter: filter), filter: filter, gain: gain)
      let sum = block.skip.map { $0(input, filter: filter, gain: gain) + main } ?? main
      x = gates?.applied(sum, block: index) ?? sum
      if let x { visit(x) }
    }
    guard let features = x else { preconditionFailure("at least one block") }
    return (features, image)
  }

  /// Appends one channel that says how much the images of a group differ.
  ///
  /// A group takes every (N / groupSize)th image, as NVlabs deals them.
  private func withDeviation(_ x: Tensor) -> Tensor {
    let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let size = min(shape.groupSize, n)
    precondition(n % size == 0, "\(n) images in groups of \(size)")
    let groups = x.reshaped([size, n / size, c, h, w])
    let centred = groups - groups.mean(over: [0], keepingAxes: true)
    let deviation = (centred.squared.mean(over: [0]) + 1e-8).squareRoot.mean(over: [1, 2, 3])
    let channel = deviation.reshaped([n / size, 1, 1, 1]).repeated([size, 1, h, w])
    return .concatenated([x, channel], axis: 1)
  }
}
