import Checkpoint
import Converter
import Core
import Foundation
import Obverse
import Testing

import Networks
import Torch

@testable import Training

/// Pictures of ±2 in float32, whose sums differ in order.
private let rounding: Float = 2e-5

@Suite(.serialized)
struct ModelTests {
  let folder: TemporaryFolder

  init() throws {
    Torch.threads = 1
    folder = try TemporaryFolder()
  }

  static let shapes: [GeneratorShape] = [
    GeneratorShape(zDim: 6, wDim: 8, mappingLayers: 2, widths: [6, 5, 7, 4, 5, 3], clamp: 2),
    GeneratorShape(
      zDim: 6, wDim: 8, mappingLayers: 2, widths: [6, 5, 7, 4], architecture: .resnet, clamp: 2),
    GeneratorShape(
      zDim: 6, wDim: 8, mappingLayers: 1, widths: [6, 5, 7, 4], architecture: .orig),
    GeneratorShape(
      family: .mobileStyleGAN, zDim: 6, wDim: 8, mappingLayers: 2, widths: [6, 8, 5, 12, 7, 9]),
  ]

  /// A generator of any shape with all that a file can hold.
  static func lively(_ shape: GeneratorShape, seed: UInt64 = 3) -> Networks.Generator {
    let generator = TrainingTests.lively(shape, seed: seed)
    for (name, tensor) in generator.registry.buffers where name.hasSuffix("noise_const") {
      tensor.assign(.normal(tensor.shape) * 0.3)
    }
    return generator
  }

  /// What training draws, the runtime draws from the file, and training again from the same file.
  @Test(arguments: shapes)
  func modelsGoOutAndIn(shape: GeneratorShape) throws {
    let generator = Self.lively(shape)
    let path = folder.path + "/model.obv"
    try generator.model.write(to: path)
    let again = try GeneratorFile(path).generator()
    #expect(again.shape == shape)
    for (mine, theirs) in zip(again.tensors, generator.tensors) {
      // A gain is multiplied and divided: two roundings.
      #expect(largestDifference(mine.tensor, theirs.tensor) < 1e-5, "\(mine.name)")
    }
    let z = Tensor.normal([2, shape.zDim])
    let w = Torch.withoutGradients { generator.mapping(z) }
    let images = Torch.withoutGradients {
      generator.synthesis(generator.broadcast(w), noise: .stored)
    }
    let same = Torch.withoutGradients { again.synthesis(again.broadcast(w), noise: .stored) }
    let size = images.floats.reduce(2) { max($0, abs($1)) }
    #expect(largestDifference(images, same) < 1e-5 * size)

    let runtime = try Obverse.Generator(try Model(path: path), threads: 1)
    for i in 0..<2 {
      var planes: [Float] = []
      let one = w.slice(axis: 0, i..<i + 1).floats
      try runtime.synthesize(ws: try runtime.ws(from: one), into: &planes)
      let drawn = Tensor.values(planes, [shape.imageChannels, shape.resolution, shape.resolution])
      #expect(largestDifference(drawn, images.element(axis: 0, i)) < 1e-5 * size)
    }
  }

  /// Checkpoints that only the converter understands are teachers.
  @Test(arguments: [
    ("rosi64-zip", "checkpoint.pt"), ("rosi32-legacy", "checkpoint.pt"),
    ("cagc64-odd", "checkpoint.pth"),
  ])
  func foreignCheckpointsAreRead(name: String, file: String) throws {
    let fixture = try Fixture(name)
    let generator = try GeneratorFile(fixture.path(file)).generator()
    let w = try fixture.expected("w")
    let z = try fixture.expected("z")
    #expect(largestDifference(Torch.withoutGradients { generator.mapping(z) }, w) < 1e-5)
    let images = Torch.withoutGradients {
      generator.synthesis(generator.broadcast(w), noise: .stored)
    }
    let expected = try fixture.expected("image_const")
    let scale = expected.floats.reduce(0) { max($0, abs($1)) }
    #expect(largestDifference(images, expected) < 1e-5 * max(scale, 2))
  }

  /// Against PyTorch in double precision: pictures to 1e-5 of their size, gradients to 1e-4.
  @Test func mobileStyleGANAgreesWithPyTorch() throws {
    let path = PictureTests.path("Tools/Training/Tests/TrainingTests/Reference/mobile.safetensors")
    let file = try CheckpointFile.open(path)
    var stored: [String: Tensor] = [:]
    for (name, tensor) in file.tensors { stored[name] = .values(tensor.floats, tensor.shape) }
    func tensor(_ name: String) throws -> Tensor { try #require(stored[name]) }

    let parameters = file.tensors.filter { $0.name.hasPrefix("parameters.") }.map {
      (
        name: String($0.name.dropFirst("parameters.".count)),
        tensor: NamedModel.Tensor(shape: $0.tensor.shape, values: $0.tensor.floats)
      )
    }
    let model = NamedModel(
      family: .mobileStyleGAN, imageChannels: 3, zDim: 6, wDim: 10, tensors: parameters)
    let checkpoint = try CheckpointFile(model, path: path)
    let generator = Networks.Generator(try GeneratorShape(checkpoint))
    // The file has no mean w.
    for (name, target) in generator.registry.parameters + generator.registry.buffers {
      guard name != "mapping.w_avg" else { continue }
      let source = try #require(checkpoint.tensors.first { $0.name == name }?.tensor)
      target.assign(.values(source.floats, source.shape))
    }
    #expect(generator.shape.widths == [6, 8, 5, 12, 7, 9])
    let w = Torch.withoutGradients { generator.mapping(try! tensor("z")) }
    #expect(largestDifference(w, try tensor("w")) < 1e-5)

    let images = generator.synthesis(generator.broadcast(try tensor("w")), noise: .stored)
    let expected = try tensor("images")
    let size = expected.floats.reduce(0) { max($0, abs($1)) }
    #expect(largestDifference(images, expected) < 1e-5 * size)
    let silent = generator.synthesis(generator.broadcast(try tensor("w")), noise: .none)
    #expect(largestDifference(silent, expected) > 0.01)

    let moving = generator.registry.parameters.filter { $0.name.hasPrefix("synthesis.") }
    let slopes = Tensor.gradients(
      of: (images * (try tensor("probe"))).sum, with: moving.map(\.tensor))
    for (entry, slope) in zip(moving, slopes) {
      let name = String(entry.name.dropFirst("synthesis.".count))
      let (found, wanted) = (try #require(slope), try tensor("gradients.\(name)"))
      let (gap, length) = ((found - wanted).squared.sum.item, wanted.squared.sum.item)
      #expect(gap.squareRoot() <= 1e-4 * length.squareRoot(), "\(name)")
    }
  }

  /// A map is what its linear layers make of it one after the other, whatever the family; rows that a
  /// regression sees lead to the same outputs.
  @Test(arguments: [shapes[0], shapes[3]])
  func linearLayersAreTheNetwork(shape: GeneratorShape) throws {
    let generator = Self.lively(shape)
    try Torch.withoutGradients {
      let ws = generator.broadcast(generator.mapping(.normal([2, shape.zDim])))
      var read: [Tensor] = []
      _ = generator.synthesis(ws, noise: .stored, visitLayer: { read.append($0) })
      var x = generator.firstMap(2)
      for layer in try #require(generator.linearLayers) {
        let inputs = layer.inputs(x, ws)
        let output = layer.output(inputs, ws)
        let places = [0, layer.side * layer.side - 1, layer.side + 1]
        let rows = layer.rows(inputs, output, at: places)
        var found = rows.x.linear(layer.flatWeight)
        if let factors = layer.demodulation(ws) {
          let each = factors.reshaped([2, 1, -1]).expanded([2, places.count, -1])
          found = found * each.reshaped([2 * places.count, -1])
        }
        #expect(largestDifference(found, rows.y) < rounding, "\(layer.name)")
        let before = layer.flatWeight
        layer.assign(flatWeight: before)
        #expect(largestDifference(layer.flatWeight, before) == 0)
        guard let width = layer.outputWidth else { continue }
        x = layer.finished(output)
        // The reader of a width in front of an inverse Haar transform is told the transformed map.
        if shape.unitSize(ofWidth: width) == 1 {
          #expect(largestDifference(x, read[width]) < rounding, "\(layer.name)")
        }
      }
    }
  }

  /// Bands and their inverse, and the bands' order by hand: means first, then differences between
  /// rows, between columns and across.
  @Test func haarBandsAreInverted() {
    let image = Tensor.values([1, 2, 3, 5], [1, 1, 2, 2])
    #expect(Haar.bands(image).floats == [5.5, -2.5, -1.5, 0.5])
    let images = Tensor.normal([2, 3, 8, 8])
    #expect(largestDifference(Haar.joined(Haar.bands(images)), images) < 1e-5)
  }

  /// What training learns is what is counted, here and in the file.
  @Test func mobileCountsAreTheFiles() throws {
    let shape = Self.shapes[3]
    let generator = Self.lively(shape)
    let learned = generator.parameters.reduce(0) { $0 + $1.count }
    // One strength of the noise for each of five convolutions counts, though it is a constant here.
    #expect(shape.network.parameters == learned + 5)
    let path = folder.path + "/counted.obv"
    try generator.model.write(to: path)
    let model = try Model(path: path)
    #expect(model.shape.parameters == shape.network.parameters)
    for rule in CountRule.allCases { #expect(model.shape.macs(rule) == shape.network.macs(rule)) }
  }

  @Test func tensorsThatFitNowhereAreRefused() throws {
    var model = Self.lively(Self.shapes[3]).model
    let path = folder.path + "/none.obv"
    model.tensors.append(("b8.conv3.bias", NamedModel.Tensor(shape: [1], values: [0])))
    #expect(
      throws: ObverseError.malformed(
        what: "tensor b8.conv3.bias", why: "no layer of a mobile generator reads it")
    ) { try model.write(to: path) }
    model.tensors.removeAll { $0.name == "b8.conv3.bias" || $0.name == "b8.conv2.bias" }
    #expect(throws: ObverseError.missingTensor("b8.conv2.bias")) { try model.write(to: path) }
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
