import Checkpoint
import Converter
import Core
import ImageFile
import ModelFile
import Support

/// The files that are damaged: small ones of every kind, and those of Tests/Fixtures.
struct Corpus {
  private(set) var seeds: [Reader: [Seed]] = [:]
  private(set) var large: [Seed] = []

  init(readers: [Reader]) throws(ObverseError) {
    addTorch()
    addPickles()
    addNumPy()
    addOpenVINO()
    try addPictures()
    try addModels()
    addFixtures()
    seeds = seeds.filter { readers.contains($0.key) }
    large = large.filter { readers.contains($0.reader) }
  }

  private mutating func add(_ name: String, _ reader: Reader, _ form: Seed.Form) {
    seeds[reader, default: []].append(Seed(name, reader, form))
  }

  private mutating func addTorch() {
    let net = SyntheticNetwork.rosinality(widths: [3, 2, 2, 2], w: 3)
    let tensors = net.tensors + [("latent_avg", [3], [0.5, 0.25, -1])]
    for version in 2...5 {
      add(
        "torch-zip-\(version)", .torchZip, .archive(Container.torchZip(tensors, protocol: version)))
    }
    add("torch-script", .torchZip, .archive(Container.torchScript(tensors)))
    func variant(_ name: String, _ change: (inout ZipBuilder) -> Void) {
      var builder = Container.torchZip(tensors)
      change(&builder)
      add("torch-zip-\(name)", .torchZip, .archive(builder))
    }
    variant("deflated") { builder in
      for index in builder.members.indices { builder.members[index].method = 8 }
    }
    variant("zip64") { builder in
      builder.hasWideEnd = true
      for index in builder.members.indices { builder.members[index].isWide = true }
    }
    variant("descriptors") { builder in
      for index in builder.members.indices {
        builder.members[index].hasDescriptor = true
        builder.members[index].flags = 8
      }
    }
    variant("prefixed") { builder in
      builder.prefix = utf8("#!/bin/sh\n")
      builder.comment = utf8("a comment")
    }
    variant("padded") { builder in
      for index in builder.members.indices {
        builder.members[index].localExtra =
          [0x46, 0x42, 12, 0] + [UInt8](repeating: 0x5a, count: 12)
      }
    }
    add("torch-legacy", .torchLegacy, .file(Container.torchLegacy(tensors)))
    add("safetensors-r", .safetensors, .file(Container.safetensors(net.tensors)))
    let nvlabs = SyntheticNetwork.nvlabs("", widths: [3, 2], z: 4, w: 3)
    add("safetensors-n", .safetensors, .file(Container.safetensors(nvlabs.tensors)))
  }

  private mutating func addPickles() {
    let skip = SyntheticNetwork.nvlabs(widths: [3, 2], z: 4, w: 3, filters: true)
    for version in 0...5 {
      add("nvlabs-\(version)", .pickle, .file(Container.nvlabs(skip, protocol: version)))
    }
    let resnet = SyntheticNetwork.nvlabs(
      widths: [3, 2], z: 4, w: 3, classes: 2, architecture: "resnet")
    add("nvlabs-resnet", .pickle, .file(Container.nvlabs(resnet, protocol: 3, clamp: .none)))
  }

  private mutating func addNumPy() {
    let values = Synthetic.values([2, 3], salt: 1)
    add("npy", .npy, .file(NumPy.npy(shape: [2, 3], floats: values)))
    add("npy-flat", .npy, .file(NumPy.npy(shape: [6], floats: values)))
    add("npz", .npz, .file(NumPy.npz([("z", [1, 6], values), ("w", [6], values)])))
    let net = SyntheticNetwork.rosinality("", widths: [3, 2, 2, 2], w: 3)
    var archive = Container.zip(
      net.tensors.map { ("\($0.name).npy", NumPy.npy(shape: $0.shape, floats: $0.values)) })
    add("npz-network", .npz, .archive(archive))
    for index in archive.members.indices { archive.members[index].method = 8 }
    add("npz-deflated", .npz, .archive(archive))
  }

  private mutating func addOpenVINO() {
    let files = Container.mobileStyleGAN
    add("openvino-folder", .openVINO, .folder(files))
    var wheel = Container.zip(files.map { ("random_face/data/\($0.name)", $0.bytes) })
    add("openvino-wheel", .openVINO, .archive(wheel))
    for index in wheel.members.indices { wheel.members[index].method = 8 }
    add("openvino-deflated", .openVINO, .archive(wheel))
  }

  private mutating func addPictures() throws(ObverseError) {
    for channels in 1...4 {
      let bytes = (0..<(24 * 20 * channels)).map { UInt8(truncatingIfNeeded: $0 * $0 / 7) }
      let pixels = Pixels(width: 24, height: 20, channels: channels, bytes: bytes)
      let file = try PNG.encode(
        pixels, text: [("seed", "85"), ("Title", "Gesicht ü")], xmp: XMP.synthetic,
        filter: .adaptive)
      add("png-\(channels)", .png, .file(file))
      guard channels % 2 == 1 else { continue }
      add(
        "jpeg-\(channels)", .jpeg, .file(try JPEG.encode(pixels, quality: 80, xmp: XMP.synthetic)))
    }
  }

  private mutating func addModels() throws(ObverseError) {
    let request = ConversionRequest(wAverageSamples: 1, hashesSource: false)
    var half = request
    half.type = .float16
    half.license = "CC0"
    half.note = "a note"
    var bytes = request
    bytes.type = .int8
    let networks: [(String, CheckpointFile)] = [
      ("skip", SyntheticNetwork.nvlabs(widths: [3, 2], z: 4, w: 3).file),
      (
        "resnet",
        SyntheticNetwork.nvlabs(widths: [3, 2], z: 4, w: 3, classes: 2, architecture: "resnet").file
      ),
      ("orig", SyntheticNetwork.nvlabs(widths: [3, 2, 9], z: 4, w: 3, architecture: "orig").file),
      ("rosinality", SyntheticNetwork.rosinality(widths: [3, 2, 2, 17], w: 3).file),
      ("noiseless", SyntheticNetwork.rosinality(widths: [3, 2, 2, 2], w: 3, noises: false).file),
      ("mobile", SyntheticGraph.file()),
    ]
    for (name, file) in networks {
      for request in [request, half, bytes] {
        let model = try Converter.convert(file, request).description
        add(
          "obv-\(name)-\(request.type.rawValue)", .obv, .file(try ModelFile.encode(model)))
      }
    }
  }

  /// The fixtures, and the models that come of them; small ones are damaged as often as what is made here.
  private mutating func addFixtures() {
    for path in Files.below(Fixture.folder) {
      let name = String(path.dropFirst(Fixture.folder.count + 1))
      guard let bytes = try? Bytes(mapping: path).array, !bytes.isEmpty else { continue }
      if name.hasSuffix(".png") { add(name, .png, .file(bytes)) }
      guard let file = try? CheckpointFile.open(path) else { continue }
      switch file.container {
      case .torchZip, .torchScript: addFixture(name, .torchZip, bytes)
      case .torchLegacy: addFixture(name, .torchLegacy, bytes)
      case .pickle: addFixture(name, .pickle, bytes)
      case .safetensors: addFixture(name, .safetensors, bytes)
      case .npz: addFixture(name, .npz, bytes)
      case .torchFolder:
        guard name.hasSuffix("data.pkl") else { continue }
        add(name, .torchFolder, .folder(Files.unpacked(String(path.dropLast("/data.pkl".count)))))
      case .npy, .openVINO: continue
      }
      let request = ConversionRequest(wAverageSamples: 1, hashesSource: false)
      if let model = try? Converter.convert(file, request).description,
        let obv = try? ModelFile.encode(model), obv.count > Self.smallBytes
      {
        large.append(Seed("\(name).obv", .obv, .file(obv), isLarge: true))
      }
    }
  }

  /// Writes every small file to a folder, for a guided fuzzer to begin with.
  func write(to folder: String) {
    for (reader, seeds) in seeds {
      for seed in seeds {
        let bytes: [UInt8]
        switch seed.form {
        case .file(let file): bytes = file
        case .archive(let builder): bytes = Seed.bytes(of: builder)
        case .folder: continue
        }
        let name = String(seed.name.map { $0 == "/" ? "_" : $0 })
        Files.write(bytes, to: "\(folder)/\(reader.rawValue)-\(name)")
      }
    }
  }

  private static let smallBytes = 80_000

  private mutating func addFixture(_ name: String, _ reader: Reader, _ bytes: [UInt8]) {
    let isArchive = bytes.starts(with: utf8("PK"))
    if bytes.count > Self.smallBytes {
      large.append(Seed(name, reader, .file(bytes), isLarge: true))
    } else if isArchive, let builder = try? ZipBuilder(unpacking: bytes) {
      add(name, reader, .archive(builder))
    } else {
      add(name, reader, .file(bytes))
    }
  }
}

extension ZipBuilder {
  /// The members of an archive, to be put together anew.
  init(unpacking bytes: [UInt8]) throws(ObverseError) {
    let archive = try ZipArchive(Bytes(bytes))
    for member in archive.members {
      var copy = Member(name: member.name, data: try archive.read(member).array)
      copy.method = UInt16(member.method)
      members.append(copy)
    }
  }
}
