import Obverse
import Testing

struct StepReportTests {
  /// However steps are fused, each layer is counted once.
  @Test(arguments: SyntheticModel.allCases, [nil, ConvAlgorithm.direct, .winograd, .planar])
  func countsWhatInspectCounts(model: SyntheticModel, forced: ConvAlgorithm?) throws {
    let model = try Model(model.description, forced: forced)
    let generator = try Generator(model, threads: 1)
    for rule in CountRule.allCases {
      let reports = generator.stepReports(rule)
      #expect(reports.map(\.layers) == generator.parts)
      #expect(reports.reduce(0) { $0 + $1.macs } == model.shape.macs(rule))
      #expect(reports.allSatisfy { $0.bytes > 0 })
    }
  }

  /// What `inspect` says without weights is what the plan does.
  @Test(arguments: SyntheticModel.allCases, InstructionSet.available)
  func namesTheAlgorithmsOfThePlan(model: SyntheticModel, set: InstructionSet) throws {
    let model = try Model(model.description, instructionSet: set)
    let chosen = try ConvAlgorithm.chosen(for: model.description, set)
    var found: [String: ConvAlgorithm] = [:]
    for report in try Generator(model, threads: 1).stepReports(.input) {
      for layer in report.layers where layer.hasSuffix("conv0") || layer.hasSuffix("conv1") {
        found[layer] = report.algorithm
      }
    }
    #expect(found == chosen)
  }

  /// By hand: 5 channels at 4 x 4, 6 at 8 x 8, grey.
  @Test func countsEachNumberOnce() throws {
    let model = try Model(SyntheticModel.grey.description, forced: .direct)
    let bytes = Dictionary(
      uniqueKeysWithValues: try Generator(model, threads: 1).stepReports(.input).map {
        ($0.layers.joined(separator: " "), $0.bytes)
      })
    // Map in, weights, style, bias, noise, map out; toRGB's weights, style, bias, image.
    let first = 5 * 16 + 9 * 25 + 5 + 5 + 16 + 5 * 16 + (5 + 5 + 1 + 16)
    let up = 5 * 16 + 9 * 30 + 5 + 6 + 64 + 6 * 64
    // The image of half the size is read, and the last one leaves as bytes.
    let last = 6 * 64 + 9 * 36 + 6 + 6 + 64 + 6 * 64 + (6 + 6 + 1 + 16)
    #expect(bytes["b4.conv1 b4.torgb"] == 4 * first)
    #expect(bytes["b8.conv0"] == 4 * up)
    #expect(bytes["b8.conv1 b8.torgb"] == 4 * last + 64)
    #expect(bytes["latent"] == 4 * 9)
  }

  @Test func timesEachPartOfAFace() throws {
    let generator = try Generator(Model(SyntheticModel.skip.description), threads: 2)
    let times = try generator.timeParts(seed: 1)
    #expect(times.count == generator.parts.count)
    #expect(times.reduce(0, +) > 0)
  }
}

struct MachineRoofTests {
  /// Wider vectors do at least nearly as much; the machine may be busy with other things.
  @Test func measuresEverySet() throws {
    for set in InstructionSet.available {
      let roof = try MachineRoof(measuring: set, threads: 1)
      #expect(roof.flopsPerSecond > 1e8 && roof.flopsPerSecond < 1e13, "\(set)")
      #expect(roof.bytesPerSecond > 1e8 && roof.bytesPerSecond < 1e13, "\(set)")
    }
  }

  @Test func takesTheSlowerOfTheTwo() {
    let roof = MachineRoof(flopsPerSecond: 100e9, bytesPerSecond: 10e9)
    #expect(roof.ridge == 10)
    #expect(abs(roof.leastNanoseconds(flops: 1e6, bytes: 1e3) - 1e4) < 1e-6)
    #expect(abs(roof.leastNanoseconds(flops: 1e3, bytes: 1e6) - 1e5) < 1e-6)
  }
}
