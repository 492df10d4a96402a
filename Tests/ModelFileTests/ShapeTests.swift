import Core
import ModelFile
import Testing

struct ShapeTests {
  @Test(arguments: [[3, 2], [5, 3, 1], [26, 26, 26, 26]])
  func skipModelsCountAsCoreDoes(_ widths: [Int]) {
    let model = TinyModel(widths: widths, mappingLayers: 8, zDim: 7, wDim: 5)
    #expect(
      model.description.shape
        == .styleGAN2Skip(widths: widths, zDim: 7, wDim: 5, mappingLayers: 8))
  }

  @Test func resnetSkipsAndEmbeddingsCount() {
    let shape = TinyModel(architecture: .resnet, widths: [3, 2], classes: 4).description.shape
    #expect(
      shape.layers.map(\.name) == [
        "embed", "fc0", "fc1", "b4.conv1", "b8.conv0", "b8.conv1", "b8.skip", "b8.torgb",
      ])
    #expect(shape.layers[0].parameters == 2 * 4 + 2)
    #expect(shape.layers[1].parameters == 2 * 5 + 2)
    #expect(shape.layers[6].macs(.input) == 3 * 2 * 16)  // at 4x4, before its upsampling
    #expect(shape.layers[6].parameters == 6)
  }

  /// The released 1024 px face network.
  ///
  /// Its authors' 8.0 M parameters are the synthesis network's with 0.7 M of stored noise; we count
  /// no noise but the mapping network. With 4 operations for each number that leaves an inverse
  /// Haar transform, 7.29 GMAC become 7.36.
  @Test func countsMobileStyleGAN() {
    func blank(_ shape: [Int]) -> Weights {
      // Nobody reads the values: shapes alone are counted.
      Weights(type: .float32, shape: shape, bytes: Bytes([]))
    }
    func dense(_ o: Int, _ i: Int) -> Dense { Dense(weight: blank([o, i]), bias: blank([o])) }
    func separable(_ i: Int, _ o: Int) -> SeparableConv {
      SeparableConv(
        affine: dense(i, 512), depthwise: blank([i, 3, 3]), pointwise: blank([o, i]), noise: nil,
        activation: Activation(bias: blank([o]), gain: 1, clamp: nil))
    }
    let widths = [512, 512, 512, 512, 512, 256, 128, 64]
    let blocks = zip(widths, widths.dropFirst()).map { from, to in
      MobileBlock(
        up: dense(from, 512), conv1: separable(from / 4, to), conv2: separable(to, to))
    }
    var model = TinyModel(family: .mobileStyleGAN, widths: [4, 4]).description
    (model.resolution, model.zDim, model.wDim) = (1024, 512, 512)
    model.wsCount = 22
    model.mapping = (0..<8).map { _ in dense(512, 512) }
    model.const = blank([512, 4, 4])
    model.synthesis = .mobileStyleGAN(
      conv1: StyledConv(
        weight: blank([512, 512, 3, 3]), affine: dense(512, 512), noise: nil,
        activation: Activation(bias: blank([512]), gain: 1, clamp: nil)),
      blocks: blocks,
      toImage: ToImage(
        weight: blank([12, 64]), affine: dense(64, 512), bias: blank([12]), clamp: nil)
    )
    let shape = model.shape
    #expect(shape.layers.first { $0.name == "b8.up" }?.styleWidth == 512)
    #expect(shape.macs() == 7_286_743_040)
    #expect(shape.parameters == 9_407_628)
    let mapping = 8 * 512 * 513
    let noise = 16 + 2 * (3...9).reduce(0) { $0 + 1 << (2 * $1) }
    #expect(shape.parameters - mapping + noise == 8_005_404)
    let haar = shape.layers.filter { $0.kind == .inverseHaar }
      .reduce(3 * 1024 * 1024) { $0 + $1.outChannels * $1.outSize * $1.outSize }
    #expect(shape.macs() + 4 * haar == 7_360_831_488)
  }
}
