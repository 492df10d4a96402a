import Checkpoint
import Core
import Foundation
import Testing

import Converter

/// Networks under other names and in other layouts, and tensors that others stand for.
struct SpellingTests {
  private let request = ConversionRequest(wAverageSamples: 1, hashesSource: false)

  private func weights(_ net: SyntheticNetwork) throws -> String {
    try Converter.convert(net.file, request).description.hashedWeights
  }

  private func transposed(_ tensor: (name: String, shape: [Int], values: [Float]))
    -> (name: String, shape: [Int], values: [Float])
  {
    let (rows, columns) = (tensor.shape[0], tensor.shape[1])
    let values = (0..<(rows * columns)).map { tensor.values[$0 % rows * columns + $0 / rows] }
    return (tensor.name, [columns, rows], values)
  }

  private func paddle(_ net: SyntheticNetwork) -> SyntheticNetwork {
    var net = net
    net.container = .pickle
    net.tensors = net.tensors.map {
      $0.shape.count == 2 && $0.name.hasSuffix("weight") ? transposed($0) : $0
    }
    return net
  }

  @Test func paddleIsKnownByItsStyles() throws {
    let net = SyntheticNetwork.rosinality(widths: [6, 6, 6, 3])
    let report = try Converter.convert(paddle(net).file, request).report
    #expect(report.vocabulary == "PaddleGAN" && report.unused.isEmpty)
    #expect(try weights(paddle(net)) == weights(net))
    #expect(try Converter.convert(net.file, request).report.vocabulary == "rosinality")
  }

  /// Where every style layer is square the file's own table of names tells.
  @Test func paddleIsKnownByItsTable() throws {
    let net = SyntheticNetwork.rosinality(widths: [6, 6, 6, 6])
    var file = paddle(net)
    #expect(try weights(file) != weights(net))
    file.attributes["g_ema.StructuredToParameterName@@.style.1.weight"] = .text("linear_0.w_0")
    #expect(try weights(file) == weights(net))
    file.attributes = ["g_ema.style.1.weight": .text("linear_0.w_0")]
    #expect(try weights(file) == weights(net))
  }

  @Test func mmgenerationsNames() throws {
    let net = SyntheticNetwork.rosinality("generator_ema.")
    for isEqualized in [false, true] {
      var other = net
      other.tensors = net.tensors.map { name, shape, values in
        var name = name.replacing(".style.", with: ".style_mapping.")
          .replacing(".input.input", with: ".constant_input.input")
          .replacing(".modulation.", with: ".style_modulation.linear.")
          .replacing(".noise.", with: ".noise_injector.")
          .replacing(".noises.noise_", with: ".injected_noise_")
        if isEqualized, name.contains("style_m") || name.hasSuffix(".conv.weight") {
          name = name.replacing("style_modulation.linear.bias", with: "style_modulation.bias")
            .replacing(".weight", with: ".weight_orig")
        }
        return (name, shape, values)
      }
      let report = try Converter.convert(other.file, request).report
      #expect(report.vocabulary == "mmgeneration" && report.unused.isEmpty)
      #expect(try weights(other) == weights(net))
    }
    var other = net
    other.tensors = []
    other.add("generator_ema.constant_input.input", [1, 4, 4, 4])
    other.add("generator_ema.convs.1.conv.weight", [1, 4, 4, 3, 3])
    let error = #expect(throws: ObverseError.self) { try Converter.convert(other.file, request) }
    #expect(error?.description.contains("named as mmgeneration does") == true)
  }

  @Test func masksAreApplied() throws {
    let net = SyntheticNetwork.rosinality()
    let name = "g_ema.convs.0.conv.weight"
    var pruned = net
    let place = try #require(net.tensors.firstIndex { $0.name == name })
    let mask = net.tensors[place].values.indices.map { Float($0 % 3 == 0 ? 0 : 1) }
    pruned.tensors[place].values = zip(net.tensors[place].values, mask).map { $0 * $1 }
    for (original, masked) in [
      ("g_ema.convs.0.conv.weight_orig", "g_ema.convs.0.conv.weight_mask"),
      (
        "g_ema.convs.0.conv.parametrizations.weight.original",
        "g_ema.convs.0.conv.parametrizations.weight.0.mask"
      ),
    ] {
      var stored = net
      stored.tensors[place].name = original
      stored.tensors.append((masked, net.tensors[place].shape, mask))
      let report = try Converter.convert(stored.file, request).report
      #expect(report.unused.isEmpty)
      #expect(try weights(stored) == weights(pruned))

      stored.replace(masked, [1])
      let error = #expect(throws: ObverseError.self) { try Converter.convert(stored.file, request) }
      #expect(error?.word == "tensor-shape")
    }
  }

  /// A pickled module keeps its weight beside the parts, as it was when it last ran.
  @Test func partsWinOverWhatWasMadeOfThem() throws {
    var net = SyntheticNetwork.rosinality()
    let name = "g_ema.convs.0.conv.weight"
    let place = try #require(net.tensors.firstIndex { $0.name == name })
    let (_, shape, values) = net.tensors[place]
    let right = try weights(net)
    net.tensors[place].values[0] += 1
    net.tensors.append((name + "_orig", shape, values))
    net.tensors.append((name + "_mask", shape, values.map { _ in 1 }))
    #expect(try weights(net) == right)
    #expect(try Converter.convert(net.file, request).report.unused == [name])
  }

  @Test func saysThatAnAverageHasNoNames() throws {
    var net = SyntheticNetwork.rosinality("g.")
    #expect(try Converter.convert(net.file, request).report.warnings.isEmpty)
    net.add("ema.shadow_params.0", [2])
    let warnings = try Converter.convert(net.file, request).report.warnings
    #expect(
      warnings
        == ["ema.shadow_params is an average without names, which is not read; g is taken as it is"]
    )
  }

  @Test(arguments: [
    (["weight_g", "weight_v"], "weight_norm"), (["weight_orig", "weight_u"], "spectral_norm"),
    (["parametrizations.weight.original0", "parametrizations.weight.original1"], "weight_norm"),
    (["parametrizations.weight.original", "parametrizations.weight.0._u"], "spectral_norm"),
    (["parametrizations.weight.original"], "a parametrization"),
  ])
  func otherFormsAreRefusedByName(endings: [String], form: String) {
    var net = SyntheticNetwork.rosinality()
    net.remove("g_ema.convs.0.conv.weight")
    for ending in endings { net.add("g_ema.convs.0.conv.\(ending)", [1, 3, 4, 3, 3]) }
    let error = #expect(throws: ObverseError.self) { try Converter.convert(net.file, request) }
    #expect(
      error?.description
        == "'net': tensor g_ema.convs.0.conv.weight: it is made by \(form) from other tensors,"
        + " which is not done here")
  }

  /// The mean w once for each style layer, as encoders store it.
  @Test func equalRowsAreOneMean() throws {
    var net = SyntheticNetwork.rosinality("decoder.")
    net.add("latent_avg", [4, 6])
    let place = net.tensors.count - 1
    let row = Array(net.tensors[place].values.prefix(6))
    net.tensors[place].values = Array(repeatElement(row, count: 4).joined())
    let conversion = try Converter.convert(net.file, request)
    #expect(conversion.description.wAverage?.floats == row)
    #expect(conversion.report.wAverageSource == "file")
    net.tensors[place].values[23] += 1
    let error = #expect(throws: ObverseError.self) { try Converter.convert(net.file, request) }
    #expect(error?.description.contains("latent_avg: it is [4,6] with rows that differ") == true)
  }

  @Test(arguments: [
    ("g_ema.StyleMod.weight", "StyleGAN1"), ("G.mapping_geo.fc0.weight", "GET3D"),
    ("synthesis.generator.tri_plane_synthesis.b4.const", "GET3D"),
    ("G_ema.backbone.synthesis.b4.const", "EG3D"),
    ("generator.synthesis.early_layer.const", "GenForce"),
    ("GAN.G.blocks.0.to_style1.weight", "lucidrains"),
  ])
  func otherFamiliesAreNamed(name: String, family: String) {
    var net = SyntheticNetwork.nvlabs()
    net.add(name == "g_ema.StyleMod.weight" ? "2.synthesis.4x4.Const.StyleMod.weight" : name, [2])
    let error = #expect(throws: ObverseError.self) { try Converter.convert(net.file, request) }
    let words = family == "StyleGAN1" ? "it is of a StyleGAN1" : "it is of \(family)"
    #expect(error?.description.contains(words) == true)
  }

  /// Checkpoint/README.md lists the families that are read.
  @Test func everyFamilyIsListed() throws {
    let url = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/Checkpoint/README.md")
    let text = try String(contentsOf: url, encoding: .utf8)
    let table = try #require(text.split(separator: "## Families").last)
    let rows = table.split(separator: "Refused by name")[0].split(separator: "\n")
      .filter { $0.hasPrefix("|") }.dropFirst(2)
    #expect(rows.map { $0.split(separator: " ")[1] } == ConversionReport.families.map { $0[...] })
  }
}
