import Checkpoint
import Converter
import Core
import ModelFile
import Support
import Testing

/// Checkpoints that third-party code wrote, converted whole.
struct FixtureTests {
  private static let checkpoints = Fixture.all.flatMap { fixture in
    fixture.checkpoints.map { (fixture, $0) }
  }

  private func convert(
    _ fixture: Fixture, _ name: String, hashes: Bool = false
  ) throws -> (file: CheckpointFile, conversion: Conversion) {
    let file = try CheckpointFile.open(fixture.path(name))
    var request = ConversionRequest(wAverageSamples: 16, hashesSource: hashes)
    // One whose tensors lack the mean w is handed that of the fixture.
    if fixture.name.hasPrefix("cagc") { request.wAverage = try fixture.expected("latent_avg") }
    return (file, try Converter.convert(file, request))
  }

  @Test(arguments: checkpoints)
  func convertsWithNothingLeftOver(fixture: Fixture, name: String) throws {
    let (file, conversion) = try convert(fixture, name)
    let model = conversion.description
    let report = conversion.report
    let size = try #require(fixture.meta("size", as: Int.self))
    #expect(model.resolution == size)
    #expect(model.wDim == fixture.meta("style_dim", as: Int.self))
    #expect(model.zDim == fixture.meta("z_dim", as: Int.self) ?? model.wDim)
    #expect(model.cDim == fixture.meta("c_dim", as: Int.self) ?? 0)
    #expect(model.mapping.count == fixture.meta("n_mlp", as: Int.self))
    #expect(model.imageChannels == fixture.meta("image_channels", as: Int.self))
    #expect(report.form == fixture.meta("arch", as: String.self))
    if let widths = fixture.meta("channels_per_layer", as: [Int].self) {
      #expect(report.layerWidths == widths)
    }
    if let widths = fixture.meta("channels_by_resolution", as: [String: Int].self) {
      #expect(report.widths == widths.sorted { Int($0.key)! < Int($1.key)! }.map(\.value))
    }
    #expect(report.unused.isEmpty)
    #expect(report.warnings.isEmpty && report.notes.isEmpty)
    #expect(report.tensors.count == file.tensors.count)
    let average = try #require(model.wAverage?.floats)
    #expect(try average == fixture.expected("latent_avg"))
    guard case .styleGAN2(_, let blocks) = model.synthesis else { return }
    let planes = blocks.flatMap { [$0.conv0, $0.conv1] }.compactMap { $0?.noise?.plane?.floats }
    for (n, plane) in planes.enumerated() { #expect(try plane == fixture.expected("noise_\(n)")) }
  }

  /// z through the converted mapping, in Double, against w as the training code computed it.
  @Test(arguments: checkpoints)
  func mapsAsTheTrainingCodeDoes(fixture: Fixture, name: String) throws {
    let model = try convert(fixture, name).conversion.description
    guard model.cDim == 0 else { return }
    let layers = model.mapping.map { ($0.weight.floats, $0.bias.floats) }
    let z = try fixture.expected("z")
    let w = try fixture.expected("w")
    let scale = w.reduce(0) { max($0, abs($1)) }
    for sample in 0..<(z.count / model.zDim) {
      var x = z[sample * model.zDim..<(sample + 1) * model.zDim].map { Double($0) }
      let square = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
      x = x.map { $0 / (square + 1e-8).squareRoot() }
      for (weight, bias) in layers {
        x = bias.indices.map { o in
          let sum = x.indices.reduce(Double(bias[o])) {
            $0 + Double(weight[o * x.count + $1]) * x[$1]
          }
          return (sum < 0 ? 0.2 * sum : sum) * 2.0.squareRoot()
        }
      }
      for (i, value) in x.enumerated() {
        // What float32 sums of 512 terms in eight layers may lose.
        #expect(abs(value - Double(w[sample * model.wDim + i])) <= 1e-5 * Double(scale))
      }
    }
  }

  @Test func saysWhatWasSkippedAndWhere() throws {
    let fixture = try Fixture.named("nd64-r0.9")
    let (file, conversion) = try convert(fixture, "network.pkl", hashes: true)
    let report = conversion.report
    #expect(report.key == "G_ema" && report.vocabulary == "NVlabs")
    let others = Set(file.tensors.map { $0.name.prefix { $0 != "." } }).subtracting(["G_ema"])
    #expect(Set(report.skipped.map { $0.group[...] }) == others)
    let provenance = conversion.description.provenance
    #expect(provenance.sourceKind == "nvlabs-pickle" && provenance.sourceSHA256.count == 64)
    #expect(provenance.wAverageSource == "file")
    #expect(provenance.facts.first?.name == "pruning_ratio")
    #expect(provenance.facts.first?.value == "0.9")
  }

  @Test func estimatesAMeanWhereNoneIsStored() throws {
    let fixture = try Fixture.named("cagc64-odd")
    let file = try CheckpointFile.open(fixture.checkpoint)
    let request = ConversionRequest(wAverageSamples: 20, hashesSource: false)
    let conversion = try Converter.convert(file, request)
    #expect(conversion.report.wAverageSource == "estimated from 20 seeds")
    #expect(conversion.report.notes.count == 1)
  }

  /// A model file gives back what was converted, and converts to another type.
  @Test func goesThroughAModelFile() throws {
    let fixture = try Fixture.named("rosi64-zip")
    let model = try convert(fixture, "checkpoint.pt").conversion.description
    let folder = try TemporaryFolder()
    try ModelFile.write(model, to: "\(folder.path)/a.obv")
    let read = try ModelFile.read(path: "\(folder.path)/a.obv")
    #expect(read.const.floats == model.const.floats)
    let half = try Converter.convert(
      path: "\(folder.path)/a.obv", ConversionRequest(type: .float16, note: "smaller"))
    #expect(half.description.const.type == .float16)
    #expect(half.description.provenance.note == "smaller")
    #expect(half.description.provenance.sourceKind == "torch-zip")
    #expect(half.report.wAverageSource == "file")
  }
}
