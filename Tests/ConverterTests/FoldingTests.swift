import Checkpoint
import Core
import ModelFile
import Testing

import Converter

/// Every stored value times its gain, in Double, against what the converter made of it.
struct FoldingTests {
  private let request = ConversionRequest(hashesSource: false)

  private func blocks(_ model: ModelDescription) throws -> [SynthesisBlock] {
    guard case .styleGAN2(_, let blocks) = model.synthesis else { throw ObverseError.bug("family") }
    return blocks
  }

  private func expect(
    _ found: Weights?, _ shape: [Int], _ source: [Float], _ gain: Double,
    _ place: SourceLocation = #_sourceLocation
  ) {
    #expect(found?.shape == shape, sourceLocation: place)
    #expect(
      found?.floats == source.map { Float(Double($0) * gain) }, "gain \(gain)",
      sourceLocation: place)
  }

  @Test func foldsNVlabs() throws {
    let net = SyntheticNetwork.nvlabs()
    let model = try Converter.convert(net.file, request).description
    let g = "G_ema."
    #expect(model.resolution == 16 && model.zDim == 6 && model.wDim == 7 && model.wsCount == 6)
    #expect(model.cDim == 0 && model.imageChannels == 3)
    let fc0 = net.values("\(g)mapping.fc0.weight")
    expect(model.mapping[0].weight, [7, 6], fc0, 0.01 / 6.0.squareRoot())
    expect(model.mapping[1].bias, [7], net.values("\(g)mapping.fc1.bias"), 0.01)
    expect(model.wAverage, [7], net.values("\(g)mapping.w_avg"), 1)
    expect(model.const, [5, 4, 4], net.values("\(g)synthesis.b4.const"), 1)
    let blocks = try blocks(model)
    let conv0 = try #require(blocks[1].conv0)
    expect(conv0.weight, [4, 5, 3, 3], net.values("\(g)synthesis.b8.conv0.weight"), 1)
    let affine = net.values("\(g)synthesis.b8.conv0.affine.weight")
    expect(conv0.affine.weight, [5, 7], affine, 1 / 7.0.squareRoot())
    expect(conv0.affine.bias, [5], net.values("\(g)synthesis.b8.conv0.affine.bias"), 1)
    expect(conv0.noise?.plane, [8, 8], net.values("\(g)synthesis.b8.conv0.noise_const"), 1)
    #expect(conv0.noise?.strength == net.values("\(g)synthesis.b8.conv0.noise_strength")[0])
    #expect(conv0.activation.gain == Float(2).squareRoot() && conv0.activation.clamp == nil)
    let rgb = net.values("\(g)synthesis.b16.torgb.weight")
    expect(blocks[2].toRGB?.weight, [3, 3], rgb, 1 / 3.0.squareRoot())
  }

  /// NVlabs' `layer_features`: hidden layers wider or narrower than both ends.
  @Test(arguments: [1, 5, 24, 64])
  func foldsHiddenLayersOfAnyWidth(features: Int) throws {
    let net = SyntheticNetwork.nvlabs(layers: 3, features: features)
    let model = try Converter.convert(net.file, request).description
    for (i, shape) in [[features, 6], [features, features], [7, features]].enumerated() {
      let name = "G_ema.mapping.fc\(i)"
      let gain = 0.01 / Double(shape[1]).squareRoot()
      expect(model.mapping[i].weight, shape, net.values("\(name).weight"), gain)
      expect(model.mapping[i].bias, [shape[0]], net.values("\(name).bias"), 0.01)
    }
  }

  @Test func foldsRosinality() throws {
    var net = SyntheticNetwork.rosinality(widths: [5, 4, 3, 2, 7, 1])
    net.add("latent_avg", [1, 6])
    let model = try Converter.convert(net.file, request).description
    #expect(model.resolution == 16 && model.wsCount == 6)
    expect(
      model.mapping[1].weight, [6, 6], net.values("g_ema.style.2.weight"), 0.01 / 6.0.squareRoot())
    expect(model.wAverage, [6], net.values("latent_avg"), 1)
    let blocks = try blocks(model)
    let weight = net.values("g_ema.convs.2.conv.weight")
    expect(blocks[2].conv0?.weight, [7, 2, 3, 3], weight, 1 / 18.0.squareRoot())
    expect(blocks[2].conv1.noise?.plane, [16, 16], net.values("g_ema.noises.noise_4"), 1)
    let rgb = net.values("g_ema.to_rgbs.0.conv.weight")
    expect(blocks[1].toRGB?.weight, [3, 2], rgb, 1 / 2.0.squareRoot())
    expect(blocks[1].toRGB?.bias, [3], net.values("g_ema.to_rgbs.0.bias"), 1)
  }

  @Test func readsGainsAndClampsFromModules() throws {
    var net = SyntheticNetwork.nvlabs()
    let g = "G_ema."
    net.attributes["\(g)mapping.fc0.weight_gain"] = .number(0.25)
    net.attributes["\(g)mapping.fc0.bias_gain"] = .integer(2)
    net.attributes["\(g)synthesis.b4.torgb.weight_gain"] = .number(0.5)
    net.attributes["\(g)synthesis.b4.torgb.conv_clamp"] = .integer(256)
    net.attributes["\(g)synthesis.b8.conv0.conv_clamp"] = Attribute.none
    net.attributes["\(g)synthesis.b8.conv1.conv_clamp"] = .number(7)
    net.attributes["\(g)synthesis.b8.conv1.act_gain"] = .number(1.5)
    let model = try Converter.convert(net.file, request).description
    expect(model.mapping[0].weight, [7, 6], net.values("\(g)mapping.fc0.weight"), 0.25)
    expect(model.mapping[0].bias, [7], net.values("\(g)mapping.fc0.bias"), 2)
    let blocks = try blocks(model)
    expect(blocks[0].toRGB?.weight, [3, 5], net.values("\(g)synthesis.b4.torgb.weight"), 0.5)
    #expect(blocks[0].toRGB?.clamp == 256)
    #expect(blocks[1].conv0?.activation.clamp == nil)
    #expect(blocks[1].conv1.activation.clamp == 7)
    #expect(blocks[1].conv1.activation.gain == 1.5)
  }

  @Test func halvesResnetsSums() throws {
    let net = SyntheticNetwork.nvlabs(architecture: "resnet")
    var request = request
    request.convClamp = 256
    let conversion = try Converter.convert(net.file, request)
    let model = conversion.description
    let blocks = try blocks(model)
    #expect(conversion.report.form == "resnet" && conversion.report.unused.isEmpty)
    #expect(blocks[0].skip == nil && blocks[0].toRGB == nil && blocks[1].toRGB == nil)
    let half = 0.5.squareRoot()
    let skip = net.values("G_ema.synthesis.b8.skip.weight")
    expect(blocks[1].skip, [4, 5], skip, 1 / 5.0.squareRoot() * half)
    #expect(blocks[0].conv1.activation.gain == Float(2).squareRoot())
    #expect(blocks[0].conv1.activation.clamp == 256)
    #expect(blocks[1].conv0?.activation.gain == Float(2).squareRoot())
    #expect(abs(blocks[1].conv1.activation.gain - 1) < 1e-7)
    #expect(blocks[1].conv1.activation.clamp == Float(256 * half))
    #expect(blocks[2].toRGB?.clamp == 256)
  }

  @Test func tellsOrigByItsOnlyToRGB() throws {
    let net = SyntheticNetwork.nvlabs(architecture: "orig")
    let conversion = try Converter.convert(net.file, request)
    #expect(conversion.report.form == "orig")
    let blocks = try blocks(conversion.description)
    #expect(blocks.map { $0.toRGB != nil } == [false, false, true])
    #expect(blocks.allSatisfy { $0.skip == nil })
  }

  @Test func readsClasses() throws {
    let net = SyntheticNetwork.nvlabs(classes: 3)
    let model = try Converter.convert(net.file, request).description
    #expect(model.cDim == 3 && model.zDim == 6)
    let embed = net.values("G_ema.mapping.embed.weight")
    expect(model.embed?.weight, [7, 3], embed, 1 / 3.0.squareRoot())
    expect(
      model.mapping[0].weight, [7, 13], net.values("G_ema.mapping.fc0.weight"),
      0.01 / 13.0.squareRoot())
  }

  @Test(arguments: [1, 2, 3, 4])
  func readsAnyImageChannels(channels: Int) throws {
    let net = SyntheticNetwork.nvlabs(widths: [1, 1], w: 1, layers: 1, channels: channels)
    let model = try Converter.convert(net.file, request).description
    #expect(model.imageChannels == channels && model.resolution == 8)
  }

  @Test func keepsHalfPrecision() throws {
    var request = request
    request.type = .float16
    let model = try Converter.convert(SyntheticNetwork.nvlabs().file, request).description
    #expect(model.const.type == .float16)
    let wide = try Converter.convert(model, self.request)
    #expect(wide.description.const.type == .float32)
    #expect(wide.report.wAverageSource == "file")
  }
}
