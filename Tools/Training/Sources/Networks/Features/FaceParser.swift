import Core
import Torch

/// BiSeNet for the parts of faces: which pixels are the content of a portrait.
///
/// Source: Yu et al. 2018, arXiv:1808.00897; names and layers are those of face-parsing.PyTorch
/// (79999_iter.pth), where a ResNet-18 stands in for the spatial path.
public final class FaceParser {
  /// A ResNet-18 block.
  private struct Block {
    let conv1: FrozenConv
    let conv2: FrozenConv
    let downsample: FrozenConv?

    func callAsFunction(_ x: Tensor) -> Tensor {
      let y = conv2(conv1(x, padding: 1).relu, padding: 1)
      return ((downsample?(x) ?? x) + y).relu
    }
  }

  /// A convolution whose channels are weighed by what the whole picture holds of them.
  private struct Refinement {
    let conv: FrozenConv
    let attention: FrozenConv

    func callAsFunction(_ x: Tensor) -> Tensor {
      let y = conv(x, padding: 1).relu
      return y * attention(y.mean(over: [2, 3], keepingAxes: true)).sigmoid
    }
  }

  private static let side = 512
  /// Labels that are no content: the background and clothes.
  private static let (background, clothes) = (0.0, 16.0)
  private let stem: FrozenConv
  private let layers: [[Block]]
  private let refine16: Refinement
  private let refine32: Refinement
  private let head16: FrozenConv
  private let head32: FrozenConv
  private let average: FrozenConv
  private let fusion: FrozenConv
  private let fusionWeights: (Tensor, Tensor)
  private let out: FrozenConv
  private let labels: Tensor
  private let scale: ColourScale
  /// `[512, 64]`: bilinear with corners on corners.
  private let enlargement: Tensor

  init(_ weights: FrozenWeights) throws(ObverseError) {
    func conv(_ name: String, _ norm: String, _ shape: [Int], stride: Int = 1)
      throws(ObverseError) -> FrozenConv
    {
      try weights.conv(name, norm: norm, shape, epsilon: 1e-5, stride: stride)
    }
    func unit(_ name: String, _ shape: [Int]) throws(ObverseError) -> FrozenConv {
      try conv("\(name).conv", "\(name).bn", shape)
    }
    func refinement(_ name: String, _ input: Int) throws(ObverseError) -> Refinement {
      Refinement(
        conv: try unit("\(name).conv", [128, input, 3, 3]),
        attention: try conv("\(name).conv_atten", "\(name).bn_atten", [128, 128, 1, 1]))
    }
    stem = try conv("cp.resnet.conv1", "cp.resnet.bn1", [64, 3, 7, 7], stride: 2)
    var layers: [[Block]] = []
    var input = 64
    for (i, width) in [64, 128, 256, 512].enumerated() {
      var blocks: [Block] = []
      for j in 0..<2 {
        let name = "cp.resnet.layer\(i + 1).\(j)"
        let stride = i > 0 && j == 0 ? 2 : 1
        blocks.append(
          Block(
            conv1: try conv(
              "\(name).conv1", "\(name).bn1", [width, input, 3, 3], stride: stride),
            conv2: try conv("\(name).conv2", "\(name).bn2", [width, width, 3, 3]),
            downsample: stride == 1
              ? nil
              : try conv(
                "\(name).downsample.0", "\(name).downsample.1", [width, input, 1, 1],
                stride: stride)))
        input = width
      }
      layers.append(blocks)
    }
    self.layers = layers
    refine16 = try refinement("cp.arm16", 256)
    refine32 = try refinement("cp.arm32", 512)
    head16 = try unit("cp.conv_head16", [128, 128, 3, 3])
    head32 = try unit("cp.conv_head32", [128, 128, 3, 3])
    average = try unit("cp.conv_avg", [128, 512, 1, 1])
    fusion = try unit("ffm.convblk", [256, 256, 1, 1])
    fusionWeights = (
      try weights.tensor("ffm.conv1.weight", [64, 256, 1, 1]),
      try weights.tensor("ffm.conv2.weight", [256, 64, 1, 1])
    )
    out = try unit("conv_out.conv", [256, 256, 3, 3])
    labels = try weights.tensor("conv_out.conv_out.weight", [19, 256, 1, 1])
    scale = ColourScale(
      means: [0.485, 0.456, 0.406], deviations: [0.229, 0.224, 0.225], on: weights.device)
    enlargement = Self.enlargement(from: Self.side / 8, to: Self.side, on: weights.device)
  }

  /// Reads the authors' file.
  /// - Throws: `missingTensor`, `shape`, and what opening says.
  public convenience init(_ path: String, on device: Device) throws(ObverseError) {
    let weights = try FrozenWeights(path, on: device)
    do throws(ObverseError) { try self.init(weights) } catch { throw error.inFile(path) }
  }

  /// Scores of the 19 labels: images `[N, 3, S, S]` of -1 to 1 to `[N, 19, 512, 512]`.
  func scores(_ images: Tensor) -> Tensor {
    var x = scale(images.clamped(to: -1...1).resized(to: Self.side))
    x = stem(x, padding: 3).relu.maxPooled(3, stride: 2, padding: 1)
    var maps: [Tensor] = []
    for layer in layers {
      for block in layer { x = block(x) }
      maps.append(x)
    }
    let whole = average(maps[3].mean(over: [2, 3], keepingAxes: true)).relu
    let at32 = head32(doubled(refine32(maps[3]) + whole), padding: 1).relu
    let at16 = head16(doubled(refine16(maps[2]) + at32), padding: 1).relu
    let fused = fusion(.concatenated([maps[1], at16], axis: 1)).relu
    let attention = fused.mean(over: [2, 3], keepingAxes: true)
      .convolved(fusionWeights.0).relu.convolved(fusionWeights.1).sigmoid
    let small = out(fused * attention + fused, padding: 1).relu.convolved(labels)
    return enlargement.times(small.times(enlargement.permuted([1, 0])))
  }

  /// 1 where the content of a portrait is, else 0.
  ///
  /// - Parameters:
  ///   - images: `[N, 3, S, S]` of -1 to 1.
  ///   - isNearest: Takes the label of one place for each pixel, as CAGC's pruning does; else most of
  ///     the places around must be content, as in its losses.
  /// - Returns: `[N, 1, S, S]`, without a gradient.
  public func mask(_ images: Tensor, isNearest: Bool = false) -> Tensor {
    Torch.withoutGradients {
      let labels = scores(images).largestIndex(axis: 1)
      return Self.mask(labels: labels, side: images.shape[2], isNearest: isNearest)
    }
  }

  /// The mask of labels `[N, 512, 512]`.
  static func mask(labels label: Tensor, side: Int, isNearest: Bool) -> Tensor {
    // Whole numbers: a difference of 1 or more is a difference.
    let isInside = (label - background).magnitude.clamped(to: 0...1)
    let isBare = (label - clothes).magnitude.clamped(to: 0...1)
    let content = (isInside * isBare).reshaped([-1, 1, Self.side, Self.side])
    guard isNearest else {
      return ((content.resized(to: side) - 0.5) * 1e9).clamped(to: 0...1)
    }
    let places = Tensor.indices((0..<side).map { $0 * Self.side / side }, on: label.device)
    return content.selected(axis: 2, places).selected(axis: 3, places)
  }

  /// Every pixel four times.
  private func doubled(_ x: Tensor) -> Tensor {
    let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    return x.reshaped([n, c, h, 1, w, 1]).expanded([n, c, h, 2, w, 2])
      .reshaped([n, c, 2 * h, 2 * w])
  }

  private static func enlargement(from small: Int, to large: Int, on device: Device) -> Tensor {
    var matrix = [Float](repeating: 0, count: large * small)
    for i in 0..<large {
      let place = Double(i) * Double(small - 1) / Double(large - 1)
      let first = min(Int(place), small - 2)
      matrix[i * small + first] = Float(1 - (place - Double(first)))
      matrix[i * small + first + 1] = Float(place - Double(first))
    }
    return .values(matrix, [large, small], on: device)
  }
}
