import Checkpoint
import Converter
import Core
import ModelFile
import Support
import Testing

import Obverse

/// Checkpoints as people have them on disk: the right picture, or the right word.
struct WildTests {
  /// A file in Tests/Fixtures/Wild, whose folder has the picture of seeds 0 and 1.
  struct Case: Sendable, CustomStringConvertible {
    let path: String
    var key: String?
    var psi: Float = 1
    var description: String { path }
    var folder: String { Fixture.folder + "/Wild/" + path.prefix { $0 != "/" } }
  }

  static let pictures = [
    Case(path: "average-running/train.pt"), Case(path: "download-gzip/net.pt.gz"),
    Case(path: "arrays-and-texts/net.npz"), Case(path: "extra-u32/model.safetensors"),
    Case(path: "family-basicsr/net_g.pth"), Case(path: "family-mmgen/stylegan2_c2_ffhq.pth"),
    Case(path: "folder-unpacked/net"), Case(path: "folder-unpacked/net/data.pkl"),
    Case(path: "key-compile/compiled.pt", key: "g"), Case(path: "many-containers/train.pt"),
    Case(path: "many-losses/train.pt"), Case(path: "numbers-for-arrays/net.pt"),
    Case(path: "object-average/net.pt"), Case(path: "wrapped-fsdp/net.pt"),
    Case(path: "negated-view/net.pt"), Case(path: "no-checksums/net.pt"),
    Case(path: "paddle-pairs/epoch.pdparams"), Case(path: "paddle-table/net.pdparams"),
    Case(path: "parametrized-mask/net.pt"),
    Case(path: "persistence-package/network-snapshot.pkl", psi: 0.7),
    Case(path: "prune-masks/pruned.pt"), Case(path: "unread-xla/tpu.pt"),
    Case(path: "wavg-psp/psp_encode.pt", psi: 0.7), Case(path: "whole-module/g_ema.pt"),
    Case(path: "whole-module-legacy/g_ema.pt"),
  ]

  @Test(arguments: pictures)
  func drawsThePicture(_ test: Case) throws {
    let file = try CheckpointFile.open("\(Fixture.folder)/Wild/\(test.path)")
    let request = ConversionRequest(key: test.key, hashesSource: false)
    try Self.agree(
      try Converter.convert(file, request).description, test.folder + "/image.npy", psi: test.psi)
  }

  /// Draws seeds 0 and 1, of a conditional network with labels 0 and 1, and compares; the expected picture has one row
  /// and one column of so many as `every` says.
  static func agree(
    _ description: ModelDescription, _ image: String, psi: Float = 1, every: Int = 1
  ) throws {
    let expected = try CheckpointFile.open(image).tensors[0].tensor.floats
    let generator = try Generator(Model(description), threads: 1)
    let size = expected.count / 2
    for seed in 0..<2 {
      var random = RandomState(seed: UInt32(seed))
      let z = random.normals(generator.model.zDim)
      let label = generator.model.classes > 0 ? seed : nil
      let ws = try generator.ws(from: generator.map(z: z, label: label), psi: psi)
      var planes: [Float] = []
      try generator.synthesize(ws: ws, noise: .const, into: &planes)
      if every > 1 {
        let side = description.resolution
        planes = stride(from: 0, to: planes.count / side, by: 1).filter { $0 % side % every == 0 }
          .flatMap { row in stride(from: 0, to: side, by: every).map { planes[row * side + $0] } }
      }
      // Both are float32: a few sums of some hundred products in another order.
      let wanted = Array(expected[(seed * size)..<((seed + 1) * size)])
      let found = FixtureImageTests.distance(planes, wanted)
      #expect(planes.count == size && found.l2 <= 1e-5 && found.max <= 1e-5, "seed \(seed)")
    }
  }

  struct Refusal: Sendable, CustomStringConvertible {
    let path: String
    let sentence: String
    let hasHint: Bool
    var description: String { path }
  }

  static let refusals = [
    Refusal(
      path: "changed-bit/net.pt",
      sentence: "its checksum (CRC-32) is wrong: the file is damaged; copy it again",
      hasHint: false),
    Refusal(
      path: "download-drive/ffhq.pkl",
      sentence: "not a checkpoint: it is a web page (HTML)", hasHint: true),
    Refusal(
      path: "download-lfs/ffhq.pkl",
      sentence: "not a checkpoint: it is a Git LFS pointer, not the file it stands for",
      hasHint: true),
    Refusal(
      path: "download-s3/ffhq.pkl",
      sentence: "not a checkpoint: it is an XML message of a server", hasHint: true),
    Refusal(
      path: "folder-data-pkl/data.pkl", sentence: "data.pkl: it is one part of a .pt archive",
      hasHint: true),
    Refusal(
      path: "frozen-script/g.pt", sentence: "TorchScript program: it is frozen", hasHint: true),
    Refusal(
      path: "rectangle-4x6/net.pt", sentence: "it is 4x6: the network draws rectangular pictures",
      hasHint: false),
    Refusal(
      path: "shard-1/model-00001-of-00002.safetensors",
      sentence: "part 1 of 2 of a checkpoint: tensor to_rgbs.0.conv.weight is not in the file",
      hasHint: true),
    Refusal(
      path: "wavg-rows-differ/net.pt",
      sentence: "tensor latent_avg: it is [6,16] with rows that differ", hasHint: true),
    Refusal(
      path: "weight-norm/net.pt",
      sentence: "tensor g_ema.convs.1.conv.weight: it is made by weight_norm", hasHint: true),
    Refusal(
      path: "weights-fp8/net.pt",
      sentence: "tensor g_ema.conv1.conv.weight: its elements are of type torch.float8_e4m3fn",
      hasHint: true),
    Refusal(
      path: "weights-meta/net.pt",
      sentence: "tensor g_ema.input.input: it lies on torch's meta device", hasHint: true),
    Refusal(
      path: "weights-qint8/net.pt",
      sentence: "tensor g_ema.conv1.conv.weight: it is quantized by torch", hasHint: true),
  ]

  @Test(arguments: refusals)
  func saysWhatItIs(_ test: Refusal) throws {
    let error = #expect(throws: ObverseError.self) {
      let file = try CheckpointFile.open("\(Fixture.folder)/Wild/\(test.path)")
      _ = try Converter.convert(file, ConversionRequest(hashesSource: false))
    }
    #expect(error?.description.contains(test.sentence) == true, "\(error?.description ?? "")")
    #expect((error?.hint != nil) == test.hasHint)
    #expect(error?.exitCode == 65)
  }

  /// A given mean w wins over what the file says, whatever that is.
  @Test func aGivenMeanWins() throws {
    let file = try CheckpointFile.open("\(Fixture.folder)/Wild/wavg-rows-differ/net.pt")
    let given = (0..<16).map { Float($0) }
    let request = ConversionRequest(wAverage: given, hashesSource: false)
    let conversion = try Converter.convert(file, request)
    #expect(conversion.description.wAverage?.floats == given)
    #expect(conversion.report.wAverageSource == "given")
  }

  static let tensorFlow = [
    (folder: "skip", file: "network.pkl", every: 1),
    (folder: "conditional-1ch", file: "network.pkl", every: 1),
    (folder: "orig", file: "network.pkl", every: 1),
    (folder: "wide-256", file: "network.pkl.gz", every: 15),
    (folder: "narrow-1024", file: "network.pkl.gz", every: 61),
  ]

  /// Pickles in the form of NVlabs' TensorFlow code, drawn by NVlabs' own converter.
  @Test(arguments: tensorFlow)
  func drawsTensorFlowsPicture(folder: String, name: String, every: Int) throws {
    let folder = "\(Fixture.folder)/TensorFlow/\(folder)"
    let file = try CheckpointFile.open("\(folder)/\(name)")
    let conversion = try Converter.convert(file, ConversionRequest(hashesSource: false))
    #expect(conversion.report.key == "Gs" && conversion.report.generators == ["G", "Gs"])
    #expect(conversion.report.unused == [])
    try Self.agree(conversion.description, "\(folder)/image.npy", psi: 0.7, every: every)
  }
}
