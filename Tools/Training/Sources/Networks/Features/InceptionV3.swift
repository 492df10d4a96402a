import Core
import Torch

/// Inception-v3 of 2015-12-05 up to its pooled features, as the Fréchet inception distance uses it.
///
/// Source: Szegedy et al. 2015, arXiv:1512.00567, with the pooling of the TensorFlow graph; the file
/// is pytorch-fid's `pt_inception-2015-12-05`, names are torchvision's.
public final class InceptionV3: FeatureNetwork {
  public let kind = FeatureKind.inceptionV3
  public let width = 2048
  public let preparation = "bilinear to 299x299, range -1 to 1"
  public let fileHash: String

  /// A convolution, padded so that an unstrided one keeps the size, unless `isValid`.
  private struct Layer {
    let conv: FrozenConv
    let isValid: Bool

    func callAsFunction(_ x: Tensor) -> Tensor {
      if isValid { return conv(x).relu }
      let (h, w) = (conv.weight.shape[2] / 2, conv.weight.shape[3] / 2)
      guard h + w > 0 else { return conv(x).relu }
      if h == w { return conv(x, padding: h).relu }
      return conv(x.padded(left: w, right: w, top: h, bottom: h)).relu
    }
  }

  private enum Pool { case mean, largest, shrinking }

  /// Branches side by side; a branch's last layers may stand side by side again.
  private struct Mixed {
    let branches: [(chain: [Layer], ends: [Layer])]
    let pool: Pool
    let poolConv: Layer?

    func callAsFunction(_ x: Tensor) -> Tensor {
      var parts: [Tensor] = []
      for (chain, ends) in branches {
        var y = x
        for layer in chain { y = layer(y) }
        parts += ends.isEmpty ? [y] : ends.map { $0(y) }
      }
      let pooled =
        switch pool {
        case .mean: x.averageWindows(3, stride: 1, padding: 1, countsPadding: false)
        case .largest: x.maxPooled(3, stride: 1, padding: 1)
        case .shrinking: x.maxPooled(3, stride: 2)
        }
      parts.append(poolConv.map { $0(pooled) } ?? pooled)
      return .concatenated(parts, axis: 1)
    }
  }

  private let stem: [Layer]
  private let mixed: [Mixed]

  init(_ weights: FrozenWeights) throws(ObverseError) {
    fileHash = weights.fileHash
    func layer(
      _ name: String, _ input: Int, _ output: Int, _ height: Int, _ width: Int? = nil,
      stride: Int = 1, isValid: Bool = false
    ) throws(ObverseError) -> Layer {
      let conv = try weights.conv(
        "\(name).conv", norm: "\(name).bn", [output, input, height, width ?? height],
        epsilon: 1e-3, stride: stride)
      return Layer(conv: conv, isValid: isValid)
    }
    stem = [
      try layer("Conv2d_1a_3x3", 3, 32, 3, stride: 2, isValid: true),
      try layer("Conv2d_2a_3x3", 32, 32, 3, isValid: true),
      try layer("Conv2d_2b_3x3", 32, 64, 3),
      try layer("Conv2d_3b_1x1", 64, 80, 1),
      try layer("Conv2d_4a_3x3", 80, 192, 3, isValid: true),
    ]
    func a(_ n: String, _ i: Int, _ pool: Int) throws(ObverseError) -> Mixed {
      Mixed(
        branches: [
          ([try layer("\(n).branch1x1", i, 64, 1)], []),
          (
            [try layer("\(n).branch5x5_1", i, 48, 1), try layer("\(n).branch5x5_2", 48, 64, 5)], []
          ),
          (
            [
              try layer("\(n).branch3x3dbl_1", i, 64, 1),
              try layer("\(n).branch3x3dbl_2", 64, 96, 3),
              try layer("\(n).branch3x3dbl_3", 96, 96, 3),
            ], []
          ),
        ], pool: .mean, poolConv: try layer("\(n).branch_pool", i, pool, 1))
    }
    func c(_ n: String, _ c: Int) throws(ObverseError) -> Mixed {
      Mixed(
        branches: [
          ([try layer("\(n).branch1x1", 768, 192, 1)], []),
          (
            [
              try layer("\(n).branch7x7_1", 768, c, 1), try layer("\(n).branch7x7_2", c, c, 1, 7),
              try layer("\(n).branch7x7_3", c, 192, 7, 1),
            ], []
          ),
          (
            [
              try layer("\(n).branch7x7dbl_1", 768, c, 1),
              try layer("\(n).branch7x7dbl_2", c, c, 7, 1),
              try layer("\(n).branch7x7dbl_3", c, c, 1, 7),
              try layer("\(n).branch7x7dbl_4", c, c, 7, 1),
              try layer("\(n).branch7x7dbl_5", c, 192, 1, 7),
            ], []
          ),
        ], pool: .mean, poolConv: try layer("\(n).branch_pool", 768, 192, 1))
    }
    func e(_ n: String, _ i: Int, _ pool: Pool) throws(ObverseError) -> Mixed {
      Mixed(
        branches: [
          ([try layer("\(n).branch1x1", i, 320, 1)], []),
          (
            [try layer("\(n).branch3x3_1", i, 384, 1)],
            [
              try layer("\(n).branch3x3_2a", 384, 384, 1, 3),
              try layer("\(n).branch3x3_2b", 384, 384, 3, 1),
            ]
          ),
          (
            [
              try layer("\(n).branch3x3dbl_1", i, 448, 1),
              try layer("\(n).branch3x3dbl_2", 448, 384, 3),
            ],
            [
              try layer("\(n).branch3x3dbl_3a", 384, 384, 1, 3),
              try layer("\(n).branch3x3dbl_3b", 384, 384, 3, 1),
            ]
          ),
        ], pool: pool, poolConv: try layer("\(n).branch_pool", i, 192, 1))
    }
    let b = Mixed(
      branches: [
        ([try layer("Mixed_6a.branch3x3", 288, 384, 3, stride: 2, isValid: true)], []),
        (
          [
            try layer("Mixed_6a.branch3x3dbl_1", 288, 64, 1),
            try layer("Mixed_6a.branch3x3dbl_2", 64, 96, 3),
            try layer("Mixed_6a.branch3x3dbl_3", 96, 96, 3, stride: 2, isValid: true),
          ], []
        ),
      ], pool: .shrinking, poolConv: nil)
    let d = Mixed(
      branches: [
        (
          [
            try layer("Mixed_7a.branch3x3_1", 768, 192, 1),
            try layer("Mixed_7a.branch3x3_2", 192, 320, 3, stride: 2, isValid: true),
          ], []
        ),
        (
          [
            try layer("Mixed_7a.branch7x7x3_1", 768, 192, 1),
            try layer("Mixed_7a.branch7x7x3_2", 192, 192, 1, 7),
            try layer("Mixed_7a.branch7x7x3_3", 192, 192, 7, 1),
            try layer("Mixed_7a.branch7x7x3_4", 192, 192, 3, stride: 2, isValid: true),
          ], []
        ),
      ], pool: .shrinking, poolConv: nil)
    mixed = [
      try a("Mixed_5b", 192, 32), try a("Mixed_5c", 256, 64), try a("Mixed_5d", 288, 64), b,
      try c("Mixed_6b", 128), try c("Mixed_6c", 160), try c("Mixed_6d", 160),
      try c("Mixed_6e", 192), d, try e("Mixed_7b", 1280, .mean), try e("Mixed_7c", 2048, .largest),
    ]
  }

  public func callAsFunction(_ images: Tensor) -> Tensor {
    var x = images.resized(to: 299)
    for (i, layer) in stem.enumerated() {
      x = layer(x)
      if i == 2 || i == 4 { x = x.maxPooled(3, stride: 2) }
    }
    for block in mixed { x = block(x) }
    return x.mean(over: [2, 3])
  }
}
