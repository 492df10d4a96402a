import Core
import ModelFile
import Support
import Testing

import Checkpoint
import Converter

/// What is named when a checkpoint is not what it should be.
struct RefusalTests {
  private func failure(
    _ net: SyntheticNetwork, _ request: ConversionRequest = ConversionRequest(wAverageSamples: 1)
  ) -> ObverseError? {
    do {
      _ = try Converter.convert(net.file, request)
      return nil
    } catch {
      guard case .inFile("net", let inner) = error else { return error }
      return inner
    }
  }

  @Test func namesTheMissingTensor() {
    for name in SyntheticNetwork.nvlabs().tensors.map(\.name) {
      if name.hasSuffix("w_avg") || name.hasSuffix("noise_const") { continue }
      // A generator without toRGB in a block in the middle is orig's or skip's by the others.
      var net = SyntheticNetwork.nvlabs()
      net.remove(name)
      #expect(failure(net) == .missingTensor(name))
    }
  }

  @Test func namesTheMissingTensorOfRosinality() {
    for name in SyntheticNetwork.rosinality().tensors.map(\.name) {
      if name.contains("noises.") { continue }
      var net = SyntheticNetwork.rosinality()
      net.remove(name)
      #expect(failure(net) == .missingTensor(name))
    }
  }

  /// One axis longer by one, whichever it is, never converts and never traps.
  @Test func noticesEveryWrongAxis() {
    for base in [
      SyntheticNetwork.nvlabs(classes: 3), .nvlabs(architecture: "resnet"), .rosinality(),
    ] {
      for (name, shape, _) in base.tensors {
        for axis in shape.indices {
          var net = base
          var wrong = shape
          wrong[axis] += 1
          net.replace(name, wrong)
          // z and the number of classes may have any size.
          let isFree =
            axis == 1
            && ["fc0.weight", "embed.weight", "style.1.weight"].contains { name.hasSuffix($0) }
          #expect((failure(net) == nil) == isFree, "\(name) \(wrong)")
          wrong[axis] = 0
          net.replace(name, wrong)
          #expect(failure(net) != nil, "\(name) \(wrong)")
        }
        var net = base
        net.replace(name, shape + [1])
        #expect(failure(net) != nil || shape.reduce(1, *) == 1, "\(name)")
      }
    }
  }

  @Test func saysWhichLayerAsksForTheWidth() {
    var net = SyntheticNetwork.rosinality(widths: [5, 4, 3, 2, 7, 1])
    net.replace("g_ema.convs.1.conv.weight", [1, 2, 4, 3, 3])
    #expect(
      failure(net)?.description
        == "tensor g_ema.convs.1.conv.weight is [1,2,4,3,3], "
        + "but convs.0 gives 3 channels: wanted is [1,2,3,3,3]")
  }

  @Test func refusesWhatCodeWouldHaveMade() {
    var net = SyntheticNetwork()
    net.placeholders["g_ema"] = "os.system"
    #expect(failure(net) == .refused(what: "g_ema", name: "os.system"))

    net = .rosinality()
    net.remove("g_ema.convs.0.conv.weight")
    net.placeholders["g_ema.convs.0.conv.weight"] = "os.system"
    #expect(failure(net) == .refused(what: "g_ema.convs.0.conv.weight", name: "os.system"))

    net = .nvlabs()
    net.remove("G_ema.synthesis.b8.conv0.affine.bias")
    net.placeholders["G_ema.synthesis.b8.conv0.affine"] = "evil.Layer"
    #expect(failure(net) == .refused(what: "G_ema.synthesis.b8.conv0.affine", name: "evil.Layer"))
  }

  @Test func refusesTheOtherKeyBehindAPlaceholder() {
    var net = SyntheticNetwork.nvlabs("G.")
    net.placeholders["G_ema"] = "os.system"
    #expect(failure(net) == .refused(what: "G_ema", name: "os.system"))
  }

  @Test func saysWhatItHoldsInstead() {
    var net = SyntheticNetwork()
    net.add("D.b64.conv0.weight", [2, 2])
    net.add("D.b64.conv0.bias", [2])
    net.add("step", [])
    #expect(failure(net) == .noGenerator(found: ["D (2 tensors)", "step"]))
    #expect(failure(SyntheticNetwork()) == .noGenerator(found: []))
  }

  @Test func refusesOtherFilters() {
    var net = SyntheticNetwork.nvlabs(filters: true)
    #expect(failure(net) == nil)
    net.tensors[net.tensors.count - 1].values[5] = 0.2
    let name = net.tensors[net.tensors.count - 1].name
    #expect(
      failure(net)
        == .unsupported(
          what: "tensor \(name)",
          why: "it is another filter than outer([1,3,3,1]), the only one that is supported",
          hint: nil))
  }

  @Test(arguments: [
    ("synthesis.b8.conv0.activation", Attribute.text("relu"), "'relu'; only 'lrelu'"),
    ("synthesis.b8.conv1.up", .integer(2), "2; only 1"),
    ("synthesis.b8.conv1.padding", .integer(0), "0; only 1"),
    ("synthesis.b8.torgb.affine.activation", .text("tanh"), "'tanh'; only 'linear'"),
    ("mapping.fc1.activation", .text("linear"), "'linear'; only 'lrelu'"),
  ])
  func refusesOtherLayers(path: String, value: Attribute, words: String) {
    var net = SyntheticNetwork.nvlabs()
    net.attributes["G_ema.\(path)"] = value
    #expect(
      failure(net)
        == .unsupported(what: "G_ema.\(path)", why: "it is \(words) is supported", hint: nil))
  }

  @Test func refusesAWrongArchitecture() {
    var net = SyntheticNetwork.nvlabs()
    net.attributes["G_ema.synthesis.b8.architecture"] = .text("resnet")
    #expect(
      failure(net)
        == .malformed(
          what: "G_ema.synthesis.b8.architecture",
          why: "it is 'resnet', while the tensors are those of skip"))
  }

  @Test(arguments: ["synthesis.b12.x.weight", "synthesis.b2048.x.weight", "synthesis.b2.x.weight"])
  func refusesOddResolutions(name: String) {
    var net = SyntheticNetwork.nvlabs()
    net.add("G_ema.\(name)", [1])
    guard case .unsupported = failure(net) else {
      Issue.record("\(name) was accepted")
      return
    }
  }

  @Test func refusesFamiliesThatLookAlike() {
    var net = SyntheticNetwork.nvlabs()
    net.modules["G_ema.synthesis.input"] = "SynthesisInput"
    guard case .unsupported = failure(net) else {
      Issue.record("StyleGAN3 was accepted")
      return
    }
  }

  /// A state dict has no modules, and StyleGAN3's mapping network has our names.
  @Test(arguments: ["", "G_ema.", "module.generator."])
  func refusesStateDictsOfFamiliesThatLookAlike(prefix: String) {
    var net = SyntheticNetwork()
    net.add("\(prefix)mapping.fc0.weight", [4, 4])
    net.add("\(prefix)synthesis.input.weight", [4, 4])
    net.add("\(prefix)synthesis.input.freqs", [4, 2])
    net.add("\(prefix)synthesis.L0_36_4.weight", [4, 4, 1, 1])
    #expect(
      failure(net)
        == .unsupported(
          what: "tensor \(prefix)synthesis.input.freqs",
          why: "it is of a StyleGAN3 network, and only StyleGAN2 is read here",
          hint: "take a network that was trained with --cfg=stylegan2"))
  }

  /// A file of a few bytes whose tensors repeat one storage may not fill the memory.
  @Test func boundsWhatSharedStoragesStandFor() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([0], to: "small.pt")
    // 8 MiB and a little may be made; the second layer alone would fit.
    var net = SyntheticNetwork()
    net.add("G_ema.mapping.fc0.weight", [16, 16])
    net.add("G_ema.mapping.fc0.bias", [16])
    net.add("G_ema.synthesis.b4.const", [1, 4, 4])
    net.add("G_ema.synthesis.b8.conv1.bias", [1])
    let name = "G_ema.mapping.fc1.weight"
    let huge = try StoredTensor(
      name: name, type: .float32, shape: [131_072, 16], strides: [0, 0], offset: 0,
      storage: Bytes([UInt8](repeating: 0, count: 1 << 20)))
    let tensors = net.file.tensors + [(name, huge)]
    let file = CheckpointFile(
      path: path, container: .pickle, containerDetail: "pickle", tensors: tensors)
    #expect(
      throws: ObverseError.tooLarge(
        what: "the size of the generator's weights up to \(name)",
        found: 8 << 20 | 1088, limit: 8 << 20 | 3
      ).inFile(path)
    ) { _ = try Converter.convert(file) }
  }
}
