import Core
import ModelFile
import Testing

struct ValidateTests {
  private func expect(
    _ expected: ObverseError, in model: TinyModel = TinyModel(),
    sourceLocation: SourceLocation = #_sourceLocation, change: (inout ModelDescription) -> Void
  ) {
    var description = model.description
    change(&description)
    #expect(throws: expected, sourceLocation: sourceLocation) { try description.validate() }
  }

  @Test(arguments: TinyModel.all)
  func acceptsEveryFamily(_ model: TinyModel) throws {
    try model.description.validate()
  }

  /// A sentence names the tensor and what asks for its shape.
  @Test func namesTheLayerThatDoesNotFit() throws {
    var model = TinyModel(widths: [52, 52, 51]).description
    var random = Numbers()
    model.blocks[2].conv1.weight = random.weights([26, 52, 3, 3])
    let error = #expect(throws: ObverseError.self) { try model.validate() }
    #expect(
      error?.description
        == "tensor b16.conv1.weight is [26,52,3,3], b16.conv0 gives 51 channels, "
        + "so it must be [26,51,3,3]")
  }

  /// Every tensor is checked: none may have another shape than it has.
  @Test(arguments: TinyModel.all)
  func checksEveryTensor(_ model: TinyModel) throws {
    let whole = model.description
    for (name, weights) in whole.tensors {
      for axis in weights.shape.indices {
        var shape = weights.shape
        shape[axis] += 1
        let bytes = Bytes([UInt8](repeating: 0, count: shape.reduce(4, *)))
        let wrong = Weights(type: .float32, shape: shape, bytes: bytes)
        let broken = try whole.mapWeights { (each, old) in each == name ? wrong : old }
        #expect(throws: ObverseError.self, "\(name) \(shape)") { try broken.validate() }
      }
      for bytes in [Bytes([]), Bytes(weights.bytes.array + [0])] {
        let wrong = Weights(type: .float32, shape: weights.shape, bytes: bytes)
        let broken = try whole.mapWeights { (each, old) in each == name ? wrong : old }
        #expect(
          throws: ObverseError.malformed(
            what: "tensor \(name)",
            why: "\(bytes.count) bytes are not \(weights.shape.brackets) of f32")
        ) { try broken.validate() }
      }
      let integers = Weights(type: .int32, shape: weights.shape, bytes: weights.bytes)
      let broken = try whole.mapWeights { (each, old) in each == name ? integers : old }
      #expect(throws: ObverseError.self, "\(name) as i32") { try broken.validate() }
    }
  }

  @Test func checksEveryNumber() {
    func resolution(_ found: Int) -> ObverseError {
      .malformed(what: "resolution", why: "it is \(found), not a power of two from 8 to 1024")
    }
    for size in [-8, 0, 4, 12, 2048, Int.max, Int.min] {
      expect(resolution(size)) { $0.resolution = size }
    }
    expect(.malformed(what: "synthesis", why: "it has 2 blocks, 16x16 pixels need 3")) {
      $0.resolution = 16
      $0.wsCount = 6
    }
    expect(.malformed(what: "image channels", why: "it is 5, it must be 1 to 4")) {
      $0.imageChannels = 5
    }
    expect(
      .shape(
        tensor: "b4.torgb.weight", expected: [4, 3], found: [3, 3],
        why: "b4.conv1 gives 3 channels and the image has 4, so it must be")
    ) { $0.imageChannels = 4 }
    expect(.malformed(what: "ws_count", why: "it is 5, it must be 4")) { $0.wsCount = 5 }
    expect(.malformed(what: "z_dim", why: "it is 0, it must be 1 to 65536")) { $0.zDim = 0 }
    expect(.malformed(what: "w_dim", why: "it is 65537, it must be 1 to 65536")) {
      $0.wDim = 65537
    }
    expect(.malformed(what: "c_dim", why: "it is -1, it must be 0 to 65536")) { $0.cDim = -1 }
    expect(.missingTensor("mapping.embed.weight")) { $0.cDim = 1 }
    expect(
      .malformed(what: "mapping.embed", why: "a model without classes cannot have one"),
      in: TinyModel(classes: 4)
    ) { $0.cDim = 0 }
    expect(
      .malformed(what: "the number of mapping layers", why: "it is 0, it must be 1 to 64")
    ) { $0.mapping = [] }
    for slope in [Float(1), -0.1, .nan] {
      expect(.malformed(what: "slope", why: "it is \(slope), not from 0 up to 1")) {
        $0.slope = slope
      }
    }
    for bad in [Float(0), -1, .infinity, .nan] {
      expect(.malformed(what: "the gain of b4.conv1", why: "it is \(bad)")) {
        $0.blocks[0].conv1.activation.gain = bad
      }
      expect(.malformed(what: "the clamp of b8.conv0", why: "it is \(bad)")) {
        $0.blocks[1].conv0?.activation.clamp = bad
      }
      expect(.malformed(what: "the clamp of b8.torgb", why: "it is \(bad)")) {
        $0.blocks[1].toRGB?.clamp = bad
      }
    }
    expect(.malformed(what: "the noise strength of b8.conv1", why: "it is inf")) {
      $0.blocks[1].conv1.noise?.strength = .infinity
    }
    expect(.tooLarge(what: "the length of the note", found: 65537, limit: 65536)) {
      $0.provenance.note = String(repeating: "x", count: 65537)
    }
    expect(.tooLarge(what: "the number of facts", found: 257, limit: 256)) {
      $0.provenance.facts = Array(repeating: ("a", "b"), count: 257)
    }
  }

  @Test func checksWhatEachBlockHas() {
    let skip = TinyModel()
    let resnet = TinyModel(architecture: .resnet, widths: [3, 2])
    expect(.missingTensor("b4.torgb.weight"), in: skip) { $0.blocks[0].toRGB = nil }
    expect(.missingTensor("b8.conv0.weight"), in: skip) { $0.blocks[1].conv0 = nil }
    expect(.malformed(what: "b4.conv0", why: "the 4x4 block cannot have one"), in: skip) {
      $0.blocks[0].conv0 = $0.blocks[0].conv1
    }
    expect(
      .malformed(
        what: "b8.skip.weight", why: "only resnet blocks from 8x8 on have one, this is skip"),
      in: skip
    ) { $0.blocks[1].skip = $0.const }
    expect(.missingTensor("b8.skip.weight"), in: resnet) { $0.blocks[1].skip = nil }
    expect(.missingTensor("b8.torgb.weight"), in: resnet) { $0.blocks[1].toRGB = nil }
    expect(
      .malformed(what: "b4.torgb", why: "architecture resnet has it in the last block only"),
      in: resnet
    ) { $0.blocks[0].toRGB = $0.blocks[1].toRGB }
    expect(
      .malformed(what: "b8.up", why: "b4.conv1 gives 6 channels, it reads a multiple of 4"),
      in: TinyModel(family: .mobileStyleGAN, widths: [6, 3])
    ) { _ in }
    expect(
      .malformed(what: "synthesis", why: "it has 0 blocks, 8x8 pixels need 0"),
      in: TinyModel(family: .mobileStyleGAN, widths: [4])
    ) { _ in }
    var random = Numbers()
    let wide = random.weights([8193, 4, 4])
    expect(.tooLarge(what: "the width of tensor b4.const", found: 8193, limit: 8192)) {
      $0.const = wide
    }
  }

  @Test func theWriterChecks() {
    var model = TinyModel().description
    model.slope = 2
    #expect(throws: ObverseError.self) { try ModelFile.encode(model) }
    #expect(throws: ObverseError.self) { try ModelFile.write(model, to: "/nowhere/at/all.obv") }
  }
}
