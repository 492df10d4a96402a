import Checkpoint
import Core
import Testing

import Networks
import Torch

@testable import Training

/// A generator whose channels all differ, with biases, noise and a mean w.
func lively(_ shape: GeneratorShape, seed: UInt64) -> Generator {
  Torch.seed(seed)
  let generator = Generator(shape)
  for entry in generator.registry.parameters
  where entry.name.hasSuffix("bias") || entry.name.hasSuffix("noise_strength") {
    entry.tensor.assign(entry.tensor.detached + Tensor.normal(entry.tensor.shape) * 0.2)
  }
  generator.mapping.wAverage.assign(.normal([shape.wDim]) * 0.3)
  return generator
}

@Suite(.serialized)
struct PrunerTests {
  static let paper256 = GeneratorShape(
    widths: GeneratorShape.widths(ofBlocks: Widths.teacher(resolution: 256, base: 16_384)))

  /// The paper's students: widths, multiply-adds at the input, parameters, published rate.
  @Test(arguments: [
    (0, [512, 512, 512, 512, 256, 128, 64], 14_903_009_280, 24_767_458, 0),
    (500, [256, 256, 256, 256, 128, 64, 32], 3_734_302_720, 8_724_994, 74.96),
    (700, [154, 154, 154, 154, 77, 39, 20], 1_386_445_024, 4_959_947, 90.73),
    // The paper prints 95.73, which no uniform ratio gives.
    (800, [103, 103, 103, 103, 52, 26, 13], 617_773_872, 3_636_512, 95.87),
    (900, [52, 52, 52, 52, 26, 13, 7], 163_384_512, 2_685_074, 98.92),
    (950, [26, 26, 26, 26, 13, 7, 4], 47_497_440, 2_346_059, 99.69),
  ])
  func countsArePublished(
    perMille: Int, widths: [Int], macs: Int, parameters: Int, rate: Double
  ) {
    let settings = PruneSettings(perMille: perMille)
    var shape = Self.paper256
    shape.widths = shape.widths.map(settings.kept)
    #expect(shape.widths == GeneratorShape.widths(ofBlocks: widths))
    #expect(shape.network.macs(.input) == macs)
    #expect(shape.network.parameters == parameters)
    let report = PruneReport(teacher: Self.paper256, student: shape)
    #expect(abs(report.rate(.fit) - rate) < 0.005)
  }

  /// Two convolutions of a block may differ; what is trained is what is counted.
  @Test func oddWidthsAreCounted() {
    let shape = GeneratorShape(
      zDim: 8, wDim: 12, mappingLayers: 2, widths: [9, 7, 5, 4, 3, 2])
    let generator = Generator(shape)
    let count = generator.parameters.reduce(0) { $0 + $1.count }
    #expect(shape.network.parameters == count)
  }

  @Test func widthsRoundUpToAMultiple() {
    var settings = PruneSettings(perMille: 700)
    settings.multiple = 8
    #expect([512, 256, 64, 5].map(settings.kept) == [160, 80, 24, 5])
  }

  /// A teacher with dead channels loses exactly those, and draws the same picture with compensation.
  ///
  /// Channels die by styles of zero, so that neither score nor demodulation sees them.
  @Test(arguments: [PruneSettings.Score.content, .weight, .style, .diversity])
  func deadChannelsGo(score: PruneSettings.Score) throws {
    let shape = GeneratorShape(
      zDim: 8, wDim: 8, mappingLayers: 2, widths: [10, 8, 10, 6, 8, 6])
    let teacher = lively(shape, seed: 4)
    let names = ["b4.conv1", "b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1", "b16.torgb"]
    var tensors: [String: Tensor] = [:]
    for entry in teacher.tensors { tensors[entry.name] = entry.tensor }
    for (i, name) in names.enumerated() {
      let width = shape.widths[i]
      let alive = Tensor.values((0..<width).map { $0 % 2 == 0 ? 1 : 0 }, [width])
      for reader in [name] + (i % 2 == 1 ? ["b\(4 << (i / 2)).torgb"] : []) {
        let weight = try #require(tensors["synthesis.\(reader).affine.weight"])
        let bias = try #require(tensors["synthesis.\(reader).affine.bias"])
        weight.assign(weight.detached * alive.reshaped([width, 1]))
        bias.assign(bias.detached * alive)
      }
    }
    var settings = PruneSettings(perMille: 500)
    settings.score = score
    settings.samples = 6
    let kept = try Pruner.kept(Pruner.scores(teacher, settings), settings, of: teacher.shape)
    #expect(kept == shape.widths.map { width in (0..<width).filter { $0 % 2 == 0 } })
    let z = Tensor.normal([3, 8])
    let expected = Torch.withoutGradients { teacher(z) }
    for compensates in [true, false] {
      let student = try Pruner.pruned(teacher, kept: kept, compensatesRGB: compensates)
      let image = Torch.withoutGradients { student(z) }
      // 1e-5 of images of about ±2; uncompensated ones are brighter by √2.
      #expect((largestDifference(image, expected) < 2e-5) == compensates)
    }
  }

  /// The loss touches replaced pixels alone, each channel of them with slope ±1.
  @Test func contentLossHasUnitSlopes() throws {
    let images = Tensor.values([0.5, -2, 3, 0.1, 0.2, -0.3], [1, 3, 1, 2])
    images.setRequiresGradient()
    let loss = ContentScore.loss(
      images, replaced: .values([1, 0], [1, 1, 1, 2]), values: .values([1, -1], [1, 1, 1, 2]))
    #expect(abs(loss.item - 3.3) < 1e-6)
    let slopes = try #require(Tensor.gradients(of: loss, with: [images])[0])
    #expect(slopes.floats == [-1, 0, 1, 0, -1, 0])
  }

  @Test func randomScoresRepeat() throws {
    let generator = Generator(GeneratorShape(zDim: 4, wDim: 4, widths: [8, 8]))
    var settings = PruneSettings(perMille: 500)
    settings.score = .random
    let first = try Pruner.scores(generator, settings)
    #expect(try Pruner.scores(generator, settings) == first)
    settings.seed = 1
    #expect(try Pruner.scores(generator, settings) != first)
  }

  /// The file that is written is read again as a generator of the pruned widths.
  @Test func writesAStudent() throws {
    let folder = try TemporaryFolder()
    let teacher = lively(
      GeneratorShape(zDim: 8, wDim: 8, mappingLayers: 2, widths: [10, 10, 5, 5], clamp: 256),
      seed: 5)
    let path = folder.path + "/teacher.safetensors"
    try SafetensorsWriter.write(
      teacher.tensors.map { ("G_ema." + $0.name, $0.tensor) }, metadata: ["conv_clamp": "256.0"],
      to: path)
    var settings = PruneSettings(perMille: 700)
    settings.samples = 2
    _ = try Pruner.prune(path, settings, to: folder.path + "/s.safetensors", device: .cpu)
    let file = try GeneratorFile(folder.path + "/s.safetensors")
    let student = try file.generator()
    #expect(student.shape.widths == [3, 3, 2, 2])
    #expect(student.shape.clamp == 256)
    #expect(file.metadata("pruned_from") == teacher.fingerprint)
    settings.perMille = 0
    #expect(throws: ObverseError.self) {
      try Pruner.prune(path, settings, to: folder.path + "/t.safetensors", device: .cpu)
    }
  }
}
