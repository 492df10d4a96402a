import Core
import ModelFile
import Testing

import Converter

/// Which generator is taken, and what the report says of all the rest.
struct ReportTests {
  private let request = ConversionRequest(hashesSource: false)

  /// Both generators, a discriminator and a mean w.
  private var training: SyntheticNetwork {
    var net = SyntheticNetwork.rosinality("g.")
    net.tensors += SyntheticNetwork.rosinality("g_ema.").tensors
    net.add("d.convs.0.0.weight", [2])
    net.add("d.final.bias", [2])
    net.add("latent_avg", [6])
    return net
  }

  @Test func takesTheAveragedGenerator() throws {
    let net = training
    let conversion = try Converter.convert(net.file, request)
    let report = conversion.report
    #expect(report.key == "g_ema" && report.vocabulary == "rosinality")
    #expect(report.skipped.map(\.group) == ["g", "d"])
    #expect(report.skipped.map(\.count) == [SyntheticNetwork.rosinality().tensors.count, 2])
    #expect(report.unused.isEmpty && report.notes.isEmpty && report.warnings.isEmpty)
    #expect(report.wAverageSource == "file")
    #expect(report.tensors.count == net.tensors.count)
    #expect(conversion.description.const.floats == net.values("g_ema.input.input"))
  }

  @Test func takesTheOtherOnDemand() throws {
    var request = request
    request.key = "g"
    let net = training
    let conversion = try Converter.convert(net.file, request)
    #expect(conversion.report.key == "g")
    #expect(conversion.description.const.floats == net.values("g.input.input"))
  }

  /// Wrapped once more, the key still decides, and the mean w beside the generators is theirs.
  @Test(arguments: [("g_ema", "model.g_ema"), ("g", "model.g")])
  func followsTheKeyIntoWrappings(asked: String, found: String) throws {
    var net = SyntheticNetwork.rosinality("model.g.module.")
    net.tensors += SyntheticNetwork.rosinality("model.g_ema.module.").tensors
    net.add("latent_avg", [6])
    net.add("model.latent_avg", [6])
    var request = request
    request.key = asked
    let conversion = try Converter.convert(net.file, request)
    #expect(conversion.report.key == found)
    #expect(conversion.report.notes.isEmpty)
    #expect(
      conversion.description.const.floats == net.values("\(found).module.input.input"))
    #expect(conversion.report.wAverageSource == "file")
    #expect(conversion.description.wAverage?.floats == net.values("model.latent_avg"))
  }

  @Test(arguments: [
    ("G_ema.", "G_ema", 0), ("G_ema.module.", "G_ema", 0), ("module.", "", 0), ("", "", 0),
    ("G.", "G", 1), ("generator.", "generator", 1),
  ])
  func findsItUnderAnyPrefix(prefix: String, key: String, notes: Int) throws {
    for var net in [
      SyntheticNetwork.nvlabs(prefix), .rosinality(prefix),
    ] {
      net.add("\(prefix)step", [])
      var request = request
      request.wAverage = [Float](repeating: 0.5, count: net.container == .pickle ? 7 : 6)
      let conversion = try Converter.convert(net.file, request)
      #expect(conversion.report.key == key)
      #expect(conversion.report.notes.count == notes)
      #expect(conversion.report.unused == ["\(prefix)step"])
      #expect(conversion.report.wAverageSource == "given")
      #expect(conversion.description.wAverage?.floats.allSatisfy { $0 == 0.5 } == true)
    }
  }

  @Test func namesWhatIsNotFinite() throws {
    var net = training
    let place = try #require(net.tensors.firstIndex { $0.name == "g_ema.conv1.conv.weight" })
    net.tensors[place].values[3] = .nan
    net.tensors[place].values[4] = -.infinity
    let report = try Converter.convert(net.file, request).report
    #expect(
      report.warnings
        == ["tensor g_ema.conv1.conv.weight has 2 of 180 values that are not finite"])
  }

  @Test func saysThatNoisesAreMissing() throws {
    var net = SyntheticNetwork.rosinality(noises: false)
    net.add("latent_avg", [6])
    let conversion = try Converter.convert(net.file, request)
    #expect(
      conversion.report.warnings == [
        "3 of 3 layers have no stored noise; const noise skips them"
      ])
    guard case .styleGAN2(_, let blocks) = conversion.description.synthesis else { return }
    #expect(blocks[0].conv1.noise?.plane == nil)
    #expect(blocks[0].conv1.noise?.strength == net.values("g_ema.conv1.noise.weight")[0])
  }

  @Test func leavesOutNoiseThatALayerNeverHas() throws {
    var net = SyntheticNetwork.nvlabs()
    for suffix in ["noise_strength", "noise_const"] {
      net.remove("G_ema.synthesis.b8.conv0.\(suffix)")
    }
    net.attributes["G_ema.synthesis.b8.conv0.use_noise"] = .bool(false)
    let conversion = try Converter.convert(net.file, request)
    guard case .styleGAN2(_, let blocks) = conversion.description.synthesis else { return }
    #expect(blocks[1].conv0?.noise == nil && blocks[1].conv1.noise != nil)
    #expect(conversion.report.warnings.isEmpty)
  }

  @Test func takesFactsAndLicenceFromMetadata() throws {
    var net = SyntheticNetwork.nvlabs("")
    net.container = .safetensors
    net.attributes["__metadata__.license"] = .text("CC0")
    net.attributes["__metadata__.pruning_ratio"] = .text("0.9")
    net.attributes["__metadata__.conv_clamp"] = .text("256")
    let model = try Converter.convert(net.file, request).description
    #expect(model.provenance.license == "CC0")
    #expect(model.provenance.sourceKind == "safetensors")
    #expect(model.provenance.producer == "Obverse 0.2.0")
    #expect(model.provenance.facts.map(\.name) == ["conv_clamp", "pruning_ratio"])
    guard case .styleGAN2(_, let blocks) = model.synthesis else { return }
    #expect(blocks[0].conv1.activation.clamp == 256)
  }

  @Test func writesItsLines() throws {
    let lines = try Converter.convert(training.file, request).report.lines
    #expect(lines.map(\.label) == ["read", "found", "using", "mapped", "w_avg"])
    #expect(
      lines.map(\.text) == [
        "torch zip", "g, g_ema; g_ema is taken: its name says that it is the average",
        "g_ema  8x8, z 6, w 6, 4 style layers; layer widths 5 4 3 2",
        "32 tensors; unused 0; skipped g (31), d (2)", "from the file",
      ])
  }

  @Test func saysThatClampsAreUnknown() throws {
    var net = SyntheticNetwork.nvlabs("")
    net.container = .safetensors
    #expect(try Converter.convert(net.file, request).report.notes.count == 1)
    var request = request
    request.convClamp = 256
    #expect(try Converter.convert(net.file, request).report.notes.isEmpty)
  }

  @Test func listsTargets() throws {
    var net = SyntheticNetwork.nvlabs(filters: true)
    net.add("D.b4.weight", [1])
    net.add("G_ema.extra", [1])
    let tensors = try Converter.convert(net.file, request).report.tensors
    func target(_ name: String) -> String? { tensors.first { $0.name == name }?.target }
    #expect(target("G_ema.synthesis.b8.conv0.weight") == "b8.conv0.weight")
    #expect(target("G_ema.synthesis.b8.resample_filter") == "(compared)")
    #expect(target("G_ema.extra") == "(unused)")
    #expect(target("D.b4.weight") == "(skipped with D)")
  }

  /// Every target is a name of the model, and every tensor of the model is some tensor's target.
  @Test func namesTargetsAsTheModelDoes() throws {
    for net in [
      SyntheticNetwork.nvlabs(classes: 2), .nvlabs(architecture: "resnet"), .rosinality(),
    ] {
      var request = request
      if net.container == .torchZip { request.wAverageSamples = 1 }
      let conversion = try Converter.convert(net.file, request)
      var names: Set<String> = []
      conversion.description.forEachWeights { (name, _) in names.insert(name) }
      var targets: Set<String> = []
      for tensor in conversion.report.tensors { targets.insert(tensor.target) }
      let numbers = targets.subtracting(names)
      #expect(numbers.allSatisfy { $0.hasSuffix(".noise_strength") })
      #expect(names.subtracting(targets).isSubset(of: ["w_avg"]))
    }
  }
}
