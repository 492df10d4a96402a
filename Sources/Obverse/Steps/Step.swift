import Kernels

/// One fused part of a plan: a layer, or several that ride on the same rows.
///
/// A step is made once all places are known, and running it allocates nothing.
protocol Step: AnyObject, Sendable {
  /// The layers that it does, in their order.
  var parts: [StepPart] { get }
  /// Names of the layers, such as `b64.conv1`, `b64.torgb`.
  var layers: [String] { get }
  /// Rows to deal out to workers, or pairs of blocks of output channels.
  var rows: Int { get }
  /// A worker's rows begin and end on a multiple of it.
  var rowMultiple: Int { get }
  /// The map that it leaves; nil for an image, raw rows, or a map that is never whole.
  var output: FeatureMap? { get }
  /// Whether its last convolution's output is read by another step, whole or some rows at a time.
  var leavesMap: Bool { get }
  /// How its 3x3 convolutions are computed; nil for a step without.
  var algorithm: ConvAlgorithm? { get }
  /// What its 1x1 convolutions behind depthwise ones are multiplied in; nil for a step without.
  var precision: Precision? { get }
  /// What it touches of the arena for a turn's rows, or for all of them.
  func access(rows: Range<Int>) -> Access
  /// Does a worker's rows, which are not empty, with its scratch.
  func run(_ face: Face, rows: Range<Int>, scratch: Int)
}

extension Step {
  var rowMultiple: Int { 1 }
  var output: FeatureMap? { nil }
  var leavesMap: Bool { output != nil }
  var algorithm: ConvAlgorithm? { nil }
  var precision: Precision? { nil }
  var layers: [String] { parts.map { $0.name } }
}

/// A layer of the network, or the share of it that a step does.
struct StepPart: Sendable {
  enum Role: Sendable {
    /// A styled convolution and what follows it; a residual may be added behind it.
    case conv(addsResidual: Bool = false)
    /// The transposed convolution of a styled one, without what follows it.
    case transpose
    /// What follows that: filter, demodulation, noise, bias and activation.
    case filter
    /// The inverse Haar transform in front of a convolution.
    case inverseHaar
    /// A resnet block's 1x1.
    case skip
    /// toRGB, which may add to an image of half the size.
    case toImage(addsPrevious: Bool)
  }

  /// Its name in `NetworkShape`, such as `b64.conv1`.
  let layer: String
  let role: Role
  /// Whether the layer has a noise plane of its own.
  var storesNoise = false

  /// What reports call it.
  var name: String {
    if case .filter = role { return layer + ".filter" }
    return layer
  }
}

/// What changes from face to face, for steps to read: the arena, and how to draw.
@safe
struct Face {
  let arena: FloatBuffer
  let noise: NoiseMode
  /// Receives the image as bytes while it is in cache, or nil.
  let bytes: UnsafeMutablePointer<UInt8>?
}

/// A feature map that a step leaves in the arena.
struct FeatureMap: Sendable {
  /// The layer whose result it is, such as `b64.conv1`.
  let layer: String
  let place: Int
  /// Side of the map.
  let size: Int
  /// Which channel stands where.
  let slots: ChannelSlots
  /// Lanes of a block of `[row][block][column][lane]`; nil for a planar map, `[row][channel][column]`.
  let lanes: Int?

  init(_ layer: StyledLayer, at place: Int, lanes: Int?) {
    self.layer = layer.name
    self.place = place
    size = layer.size
    slots = layer.slots
    self.lanes = lanes
  }

  /// The map as `[C, H, W]`.
  func planes(_ arena: FloatBuffer) -> [Float] {
    let channels = slots.channelCount
    var planes = [Float](repeating: 0, count: channels * size * size)
    for slot in 0..<slots.count {
      guard let channel = slots[slot] else { continue }
      for y in 0..<size {
        let (row, step) =
          if let lanes {
            ((y * (slots.count / lanes) + slot / lanes) * size * lanes + slot % lanes, lanes)
          } else {
            ((y * channels + channel) * size, 1)
          }
        for x in 0..<size {
          planes[(channel * size + y) * size + x] = arena[place + row + x * step]
        }
      }
    }
    return planes
  }
}
