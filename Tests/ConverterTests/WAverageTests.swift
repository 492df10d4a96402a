import Core
import ModelFile
import Testing

import Converter

struct WAverageTests {
  /// The mapping as the papers write it, in Double, one seed after the other.
  private func slowly(_ model: ModelDescription, samples: Int) -> [Double] {
    func normalized(_ x: [Double]) -> [Double] {
      let mean = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
      return x.map { $0 / (mean + 1e-8).squareRoot() }
    }
    func dense(_ x: [Double], _ layer: Dense) -> [Double] {
      let (weight, bias) = (layer.weight.floats, layer.bias.floats)
      return bias.indices.map { o in
        x.indices.reduce(Double(bias[o])) { $0 + Double(weight[o * x.count + $1]) * x[$1] }
      }
    }
    var sum = [Double](repeating: 0, count: model.wDim)
    for seed in 0..<samples {
      var random = RandomState(seed: UInt32(seed))
      var x = normalized(random.normals(model.zDim).map { Double($0) })
      if let embed = model.embed {
        var label = [Double](repeating: 0, count: model.cDim)
        label[seed % model.cDim] = 1
        x += normalized(dense(label, embed))
      }
      for layer in model.mapping {
        x = dense(x, layer).map { ($0 < 0 ? 0.2 * $0 : $0) * 2.0.squareRoot() }
      }
      for i in sum.indices { sum[i] += x[i] }
    }
    return sum.map { $0 / Double(samples) }
  }

  @Test(arguments: [(7, 0, 1), (6, 0, 16), (7, 3, 37)])
  func estimatesAsTheMappingIsWritten(w: Int, classes: Int, samples: Int) throws {
    var net = SyntheticNetwork.nvlabs(w: w, layers: 3, classes: classes)
    net.remove("G_ema.mapping.w_avg")
    // Gains of a network that labels and z can be seen in.
    for i in 0..<3 { net.attributes["G_ema.mapping.fc\(i).weight_gain"] = .number(1) }
    let request = ConversionRequest(wAverageSamples: samples, hashesSource: false)
    let conversion = try Converter.convert(net.file, request)
    let model = conversion.description
    #expect(conversion.report.wAverageSource == "estimated from \(samples) seeds")
    #expect(model.provenance.wAverageSource == conversion.report.wAverageSource)
    let found = try #require(model.wAverage?.floats)
    let expected = slowly(model, samples: samples)
    let scale = expected.reduce(0) { max($0, abs($1)) }
    for (a, b) in zip(found, expected) { #expect(abs(Double(a) - b) <= 1e-6 * scale) }
  }

  @Test func refusesOneThatDoesNotFit() {
    var request = ConversionRequest(hashesSource: false)
    request.wAverage = [1, 2]
    #expect(throws: ObverseError.self) {
      _ = try Converter.convert(SyntheticNetwork.nvlabs().file, request)
    }
    request.wAverage = nil
    request.wAverageSamples = 0
    var net = SyntheticNetwork.nvlabs()
    net.remove("G_ema.mapping.w_avg")
    #expect(
      throws: ObverseError.usage(
        "0 samples for the w average: 1 to 1048576 are possible", hint: nil)
    ) {
      _ = try Converter.convert(net.file, request)
    }
  }

  /// A small file may ask for a wide mapping network: it gets fewer seeds, and no more work than StyleGAN2's.
  @Test func boundsTheWorkOfThePreset() {
    func average(_ widths: [Int]) -> (samples: Int, each: Int) {
      let layers = zip(widths, widths.dropFirst()).map { inputs, outputs in
        Dense(
          weight: Weights(type: .float32, shape: [outputs, inputs], bytes: Bytes([])),
          bias: Weights(type: .float32, shape: [outputs], bytes: Bytes([])))
      }
      let average = WAverage(mapping: layers, embed: nil, zDim: widths[0], cDim: 0)
      let each = zip(widths, widths.dropFirst()).reduce(150 * widths[0]) { $0 + $1.0 * $1.1 }
      return (average.samples(within: WAverage.mostWork), each)
    }
    let own = average([Int](repeating: 512, count: 9))
    #expect(own.samples >= ConversionRequest.presetSamples)
    #expect(average([512, 4, 512]).samples >= ConversionRequest.presetSamples)
    for widths in [
      [1, 2000, 2000, 1], [65536, 8, 8], [512, 65536, 512], [8, 3000, 3000, 3000, 8],
    ] {
      let (samples, each) = average(widths)
      #expect(samples < ConversionRequest.presetSamples, "\(widths)")
      #expect(
        samples * each <= WAverage.mostWork && (samples + 1) * each > WAverage.mostWork, "\(widths)"
      )
    }
    // One round of lanes is always done.
    #expect(average([1, 65536, 65536, 1]).samples == 16)
  }

  /// Who asks for a number of seeds gets it.
  @Test func takesAsManyAsAreAskedFor() throws {
    var net = SyntheticNetwork.nvlabs(layers: 3, features: 900)
    net.remove("G_ema.mapping.w_avg")
    let request = ConversionRequest(wAverageSamples: 48, hashesSource: false)
    let report = try Converter.convert(net.file, request).report
    #expect(report.wAverageSource == "estimated from 48 seeds")
  }
}
