import Checkpoint
import Converter
import Core
import ModelFile
import Testing

struct MobileStyleGANTests {
  private let request = ConversionRequest(wAverageSamples: 3, hashesSource: false)

  @Test func findsEveryConstantByItsPlace() throws {
    let conversion = try Converter.convert(SyntheticGraph.file(), request)
    let model = conversion.description
    #expect(model.resolution == 16 && model.imageChannels == 3)
    #expect(model.zDim == 6 && model.wDim == 3 && model.wsCount == 4)
    #expect(model.slope == 0.1)
    #expect(conversion.report.unused.isEmpty && conversion.report.warnings.isEmpty)
    #expect(conversion.report.widths == [8, 4])
    #expect(conversion.report.wAverageSource == "estimated from 3 seeds")
    #expect(model.provenance.sourceKind == "random-face")
    #expect(model.provenance.license.contains("Apache-2.0"))
    guard case .mobileStyleGAN(let conv1, let blocks, let toImage) = model.synthesis else {
      Issue.record("another family")
      return
    }
    #expect(blocks.count == 1 && toImage.weight.shape == [12, 4])
    #expect(conv1.activation.gain == 1 && conv1.noise?.strength == 1)
    // The gain behind a style is folded into it; that of the transform has none.
    let graph = SyntheticGraph.synthesis
    func values(_ shape: [Int]) -> [[Float]] {
      graph.layers.compactMap { $0.constant }.filter { $0.shape == shape }.map(\.floats)
    }
    #expect(values([8, 3])[0].map { $0 * 0.25 } == conv1.affine.weight.floats)
    #expect(values([1, 8])[0].map { $0 * 0.25 } == conv1.affine.bias.floats)
    #expect(values([8, 3])[1] == blocks[0].up.weight.floats)
    #expect(values([2, 1, 1, 3, 3])[0] == blocks[0].conv1.depthwise.floats)
    #expect(values([4, 5, 1, 1])[0] == blocks[0].conv2.pointwise.floats)
    #expect(values([1, 1, 8, 8])[1] == blocks[0].conv2.noise?.plane?.floats)
  }

  @Test func foldsAnotherMappingGain() throws {
    var mapping = SyntheticGraph.mapping
    let gain = try #require(mapping.layers.last { $0.constant?.shape == [1, 1] })
    mapping.layers[gain.id] = IRGraph.Layer(
      id: gain.id, name: gain.name, type: gain.type, data: [:], inputs: [],
      constant: Synthetic.tensor([1, 1], [3]))
    let model = try Converter.convert(SyntheticGraph.file(mapping), request).description
    let plain = try Converter.convert(SyntheticGraph.file(), request).description
    let factor = 3 / Double(2).squareRoot()
    #expect(
      model.mapping[1].bias.floats
        == plain.mapping[1].bias.floats.map { Float(Double($0) * factor) })
    #expect(model.mapping[0].bias.floats == plain.mapping[0].bias.floats)
  }

  @Test func namesTheLayerThatDoesNotFit() {
    var synthesis = SyntheticGraph.synthesis
    let relu = synthesis.layers.firstIndex { $0.type == "PReLU" } ?? 0
    let old = synthesis.layers[relu]
    synthesis.layers[relu] = IRGraph.Layer(
      id: relu, name: "odd", type: "Sigmoid", data: [:], inputs: old.inputs, constant: nil)
    #expect(
      throws: ObverseError.unsupported(
        what: "layer 'odd' of SynthesisNetwork",
        why: "it is Sigmoid where MobileStyleGAN has a leaky ReLU", hint: nil
      ).inFile("wheel")
    ) {
      _ = try Converter.convert(SyntheticGraph.file(.mapping, synthesis), request)
    }
  }

  /// Each layer in turn of another type, fed by itself, fed by nothing, without its constant, or
  /// with another shape: an error or a model, never a trap and never without end.
  @Test func survivesEveryBrokenLayer() {
    for isMapping in [true, false] {
      let graph = isMapping ? SyntheticGraph.mapping : SyntheticGraph.synthesis
      for layer in graph.layers {
        var variants = [
          ("Odd", layer.inputs, layer.constant),
          (layer.type, [layer.id, layer.id], layer.constant),
          (layer.type, [], layer.constant), (layer.type, [9999, 9999], nil),
          (layer.type, layer.inputs.reversed(), layer.constant),
        ]
        if let constant = layer.constant {
          for shape in [
            [], [1], [0], [3, 0], constant.shape + [1], [2] + constant.shape.dropFirst(),
          ] {
            let count = shape.reduce(1, *)
            let tensor = Synthetic.tensor(shape, [Float](repeating: 0.5, count: count))
            variants.append((layer.type, [], tensor))
          }
        }
        for (type, inputs, constant) in variants {
          var broken = graph
          broken.layers[layer.id] = IRGraph.Layer(
            id: layer.id, name: layer.name, type: type, data: layer.data, inputs: inputs,
            constant: constant)
          let file =
            isMapping
            ? SyntheticGraph.file(broken) : SyntheticGraph.file(.mapping, broken)
          _ = try? Converter.convert(file, request)
        }
      }
    }
  }
}
