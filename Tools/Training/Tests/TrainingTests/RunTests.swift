import Checkpoint
import Core
import Foundation
import ImageFile
import Testing

import Networks
import Torch

@testable import Training

/// A folder that is removed with the value.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/obverse-train-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite(.serialized)
struct RunTests {
  /// Bright discs on dark ground at 32 px, which are averaged to 16.
  static func writeImages(_ count: Int, to folder: String) throws {
    var random = RandomState(seed: 3)
    for i in 0..<count {
      let (x0, y0) = (8 + 16 * random.nextDouble(), 8 + 16 * random.nextDouble())
      var bytes: [UInt8] = []
      for y in 0..<32 {
        for x in 0..<32 {
          let (dx, dy) = (Double(x) - x0, Double(y) - y0)
          bytes += dx * dx + dy * dy < 50 ? [250, 200, 40] : [20, 30, UInt8(i * 8 % 256)]
        }
      }
      let png = try PNG.encode(Pixels(width: 32, height: 32, channels: 3, bytes: bytes))
      try Data(png).write(to: URL(filePath: "\(folder)/\(i).png"))
    }
  }

  /// A folder of twelve pictures within another.
  static func pictures(in folder: TemporaryFolder) throws -> String {
    let data = folder.path + "/data"
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
    try writeImages(12, to: data)
    return data
  }

  static func settings(_ data: String) -> RunSettings {
    var settings = RunSettings(data: data, size: 16)
    settings.takeBatch(4)
    settings.base = 128
    settings.widest = 16
    (settings.zDim, settings.wDim, settings.mappingLayers) = (16, 16, 2)
    settings.pathInterval = 2
    settings.r1Interval = 3
    settings.tickKimg = 0.008
    settings.kimg = 0.032
    settings.seed = 5
    return settings
  }

  func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  /// With discriminators that see every picture changed: the same state to the bit after a break, the
  /// same with rounded factors but for roundings, and another one without changes.
  @Test func augmentationResumesToTheBit() throws {
    Torch.threads = 1
    let folder = try TemporaryFolder()
    let data = try Self.pictures(in: folder)
    func run(_ name: String, probability: Float, steps last: Int, rounds: Bool = false) throws
      -> Run
    {
      var settings = Self.settings(data)
      settings.augmentTarget = 0.6
      let run = try Run.start(
        settings, in: "\(folder.path)/\(name)", device: .cpu, report: { _ in })
      run.trainer.usesBFloat16 = rounds
      run.trainer.augmentation?.state.assign(.values([probability, 0, 0], [3]))
      var steps = 0
      _ = try run.train {
        steps += 1
        return steps == last
      }
      return run
    }
    _ = try run("whole", probability: 1, steps: 8)
    _ = try run("half", probability: 1, steps: 3)
    let rest = try Run.resume(folder.path + "/half", device: .cpu, report: { _ in })
    #expect(try rest.train())
    let state = try bytes(folder.path + "/whole/state.safetensors")
    #expect(try bytes(folder.path + "/half/state.safetensors") == state)
    _ = try run("unchanged", probability: 0, steps: 8)
    #expect(try bytes(folder.path + "/unchanged/state.safetensors") != state)
    let rounded = try run("rounded", probability: 1, steps: 8, rounds: true)
    #expect(rounded.trainer.generator.parameters.allSatisfy { $0.floats.allSatisfy(\.isFinite) })
    let log = try String(decoding: bytes(folder.path + "/half/log.jsonl"), as: UTF8.self)
    #expect(log.contains("\"augment\":"))
  }

  /// Eight steps at once, and four, a new program, and four more: the same state to the bit.
  @Test func resumesToTheBit() throws {
    Torch.threads = 1
    let folder = try TemporaryFolder()
    let data = try Self.pictures(in: folder)
    try Data("no picture".utf8).write(to: URL(filePath: data + "/broken.png"))

    var lines: [String] = []
    let whole = try Run.start(
      Self.settings(data), in: folder.path + "/whole", device: .cpu, report: { lines.append($0) })
    #expect(try whole.train())
    #expect(lines.contains { $0.hasPrefix("left out 1: ") })
    #expect(whole.trainer.step == 8)

    try Run.resumed(Self.settings(data), in: folder.path + "/half", after: 4)
    let state = try bytes(folder.path + "/whole/state.safetensors")
    #expect(try bytes(folder.path + "/half/state.safetensors") == state)
    #expect(
      try bytes(folder.path + "/half/sheet-000000.png")
        == bytes(folder.path + "/whole/sheet-000000.png"))

    // Another seed gives other weights: the comparison above can fail.
    var other = Self.settings(data)
    other.seed = 6
    let changed = try Run.start(
      other, in: folder.path + "/other", device: .cpu, report: { _ in })
    #expect(try changed.train())
    #expect(try bytes(folder.path + "/other/state.safetensors") != state)

    let log = try String(decoding: bytes(folder.path + "/half/log.jsonl"), as: UTF8.self)
    let records = try log.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(records.compactMap { $0["step"] as? Int } == [2, 4, 6, 8])
    for name in ["loss_g", "loss_d"] {
      #expect(records.allSatisfy { ($0[name] as? Double)?.isFinite == true }, "\(name)")
    }
    #expect(records.contains { $0["r1"] != nil } && records.contains { $0["path_penalty"] != nil })
  }

  /// Half of the run by regression from known w, the rest as ever or with the regression beside it;
  /// the mapping stays the given one.
  @Test(arguments: [nil, 0.1]) func pairedStartResumesToo(adversarial: Double?) throws {
    Torch.threads = 1
    let folder = try TemporaryFolder()
    let data = try Self.pictures(in: folder)
    var random = RandomState(seed: 9)
    let (w, average) = (random.normals(12 * 16), random.normals(16))
    func layer(_ i: Int) -> [(name: String, shape: [Int], floats: [Float])] {
      [
        ("fc\(i)_weight", [16, 16], random.normals(256).map { $0 / 4 }),
        ("fc\(i)_bias", [16], random.normals(16)),
      ]
    }
    let first = layer(0)
    let mapping = NumPy.npz(first + layer(1) + [("w_avg", [16], average)])
    try Data(mapping).write(to: URL(filePath: folder.path + "/mapping.npz"))
    try Data(NumPy.npy(shape: [12, 16], floats: w)).write(
      to: URL(filePath: folder.path + "/w.npy"))
    var settings = Self.settings(data)
    settings.pairs = PairedStart(
      w: folder.path + "/w.npy", mapping: folder.path + "/mapping.npz", kimg: 0.016, psi: 0.5,
      adversarial: adversarial)
    settings.pairs?.squared = adversarial == nil ? nil : true
    settings.pairs?.matching = adversarial

    let whole = try Run.start(
      settings, in: folder.path + "/whole", device: .cpu, report: { _ in })
    #expect(try whole.train())
    try Run.resumed(settings, in: folder.path + "/half", after: 3)
    #expect(
      try bytes(folder.path + "/half/state.safetensors")
        == bytes(folder.path + "/whole/state.safetensors"))
    let log = try String(decoding: bytes(folder.path + "/half/log.jsonl"), as: UTF8.self)
    let lines = log.split(separator: "\n")
    #expect(
      lines.map { $0.contains("regression") }
        == [true, true, true] + [adversarial != nil, adversarial != nil])
    #expect(lines.map { $0.contains("loss_d") } == [false, false, true, true, true])

    let file = try CheckpointFile.open(folder.path + "/whole/state.safetensors")
    let stored = try #require(file.tensors.first { $0.name == "G_ema.mapping.fc0.weight" })
    for (found, given) in zip(stored.tensor.floats, first[0].floats) {
      #expect(abs(found * 0.01 / 4 - given) < 1e-6)
    }
    let start = try #require(settings.pairs)
    let undone = try Pairs(
      start, path: try #require(start.w), wAverage: average, listed: 12)
    for (i, found) in undone.batch([3], on: .cpu).floats.enumerated() {
      #expect(abs(found - (2 * w[48 + i] - average[i])) < 1e-5)
    }
  }

  /// A teacher that begins with another's networks has their weights, and refuses other sizes.
  @Test func aTeacherBeginsWithAnother() throws {
    let folder = try TemporaryFolder()
    let data = try Self.pictures(in: folder)
    var settings = Self.settings(data)
    let first = try Run.start(settings, in: folder.path + "/first", device: .cpu, report: { _ in })
    #expect(try first.train())
    settings.from = folder.path + "/first"
    settings.seed = 5
    settings.base = 64
    let second = try Run.start(
      settings, in: folder.path + "/second", device: .cpu, report: { _ in })
    #expect(second.trainer.generator.fingerprint == first.trainer.average.fingerprint)
    #expect(
      second.trainer.opponents[0].network.fingerprint
        == first.trainer.opponents[0].network.fingerprint)
    settings.size = 32
    #expect(throws: ObverseError.self) {
      _ = try Trainer(settings, data: try ImageData(data, size: 16), device: .cpu)
    }
  }

  /// Each start leaves a line that says what program it was, and a stop leaves a picture of where it was.
  @Test func aRunSaysWhereItComesFrom() throws {
    let folder = try TemporaryFolder()
    let data = try Self.pictures(in: folder)
    let path = folder.path + "/run"
    let run = try Run.start(Self.settings(data), in: path, device: .cpu, report: { _ in })
    try run.noteOrigin(device: .cpu)
    _ = try run.train { true }
    let start = try bytes(path + "/sheet-000000.png")
    let again = try Run.resume(path, device: .cpu, report: { _ in })
    try again.noteOrigin(device: .cpu)
    #expect(try again.train())
    #expect(try bytes(path + "/sheet-000000.png") != start)
    let text = try String(decoding: bytes(path + "/origin.jsonl"), as: UTF8.self)
    let lines = try text.split(separator: "\n").map {
      try JSONDecoder().decode([String: String].self, from: Data($0.utf8))
    }
    #expect(lines.compactMap { $0["step"] } == ["0", "1"])
    #expect(lines.allSatisfy { $0["torch"] == Torch.version && $0["commit"]?.isEmpty == false })
  }

  /// What a user can get wrong about files of pictures, each in a sentence.
  @Test func badPicturesAreCountedOrRefused() throws {
    let folder = try TemporaryFolder()
    func refusal(size: Int = 16, part: Range<Int>? = nil) -> String {
      do {
        _ = try ImageData(folder.path, size: size, part: part)
        return ""
      } catch {
        return "\(error)"
      }
    }
    #expect(refusal().hasSuffix("it holds no PNG and no JPEG files"))
    try Self.writeImages(3, to: folder.path)
    let whole = try bytes(folder.path + "/0.png")
    try whole.prefix(60).write(to: URL(filePath: folder.path + "/cut.png"))
    try Data([0xff, 0xd8, 0xff, 0xe0, 0, 16]).write(to: URL(filePath: folder.path + "/cut.jpg"))
    let png = try PNG.encode(
      Pixels(width: 4, height: 2, channels: 3, bytes: [UInt8](repeating: 9, count: 24)))
    try Data(png).write(to: URL(filePath: folder.path + "/wide.png"))
    // Its header claims 16384x16384 grey pixels.
    let header: [UInt8] = [
      0x89, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 64, 0, 0, 0, 64, 0, 8, 0,
      0, 0, 0, 140, 163, 79, 88, 0, 0, 0, 0, 73, 68, 65, 84, 0x35, 0xaf, 0x06, 0x1e,
    ]
    // As long as a file of so many pixels is at least.
    try Data(header + [UInt8](repeating: 0, count: 300_000))
      .write(to: URL(filePath: folder.path + "/vast.png"))
    let data = try ImageData(folder.path, size: 16)
    #expect(data.count == 3 && data.listedCount == 7)
    #expect(data.refusals.map(\.count) == [1, 1, 1, 1])
    #expect(data.refusals.contains { $0.why.contains("more than 8192 pixels") })
    #expect(data.refusals.contains { $0.why.contains("4x2") })
    #expect(refusal(size: 64).contains("none of its 7 PNG and JPEG files can be used"))
    #expect(refusal(part: 7..<9).contains("pictures, and none is left after"))
  }

  /// A stored `settings.json` may hold any number; none may end the program.
  @Test func numbersOutOfRangeAreRefused() throws {
    let changes: [(String, (inout RunSettings) -> Void)] = [
      ("kimg", { $0.kimg = 1e30 }), ("batch", { $0.batch = 0 }), ("group", { $0.groupSize = 0 }),
      ("widest", { $0.widest = 1 << 40 }), ("zDim", { $0.zDim = -1 }),
      ("r1Interval", { $0.r1Interval = 0 }), ("bandWidths", { $0.bandWidths = [8, 1 << 40] }),
      ("take", { $0.take = -5 }), ("emaKimg", { $0.emaKimg = .infinity }),
      ("rate", { $0.rate = .nan }),
    ]
    try RunSettings(data: "", size: 16).check()
    for (name, change) in changes {
      var settings = RunSettings(data: "", size: 16)
      change(&settings)
      let error = #expect(throws: ObverseError.self) { try settings.check() }
      #expect("\(try #require(error))".contains("\(name) of "), "\(name)")
    }
  }

  @Test func refusesAFolderWithoutImages() throws {
    let folder = try TemporaryFolder()
    #expect(throws: ObverseError.self) {
      try Run.start(
        Self.settings(folder.path), in: folder.path + "/run", device: .cpu, report: { _ in })
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/run"))
  }

  /// What is written can be read again, and has the names that the root's converter asks for.
  @Test func exportReadsBack() throws {
    Torch.seed(1)
    let folder = try TemporaryFolder()
    let path = folder.path + "/g.safetensors"
    let shape = GeneratorShape(
      zDim: 8, wDim: 12, mappingLayers: 2, widths: [9, 7, 5, 4, 3, 2], architecture: .resnet,
      clamp: 256)
    let generator = Generator(shape)
    try SafetensorsWriter.write(
      generator.tensors, metadata: ["conv_clamp": "256.0", "note": "a \"quoted\"\nline"], to: path)
    let file = try CheckpointFile.open(path)
    #expect(file.attributes["__metadata__.note"] == .text("a \"quoted\"\nline"))
    let again = Generator(try GeneratorShape(file))
    #expect(again.shape == shape)
    try again.load(file)
    let z = Tensor.normal([2, 8])
    #expect(again(z).floats == generator(z).floats)
  }

  /// The program of the root, if `OBVERSE` names it: its picture of a seed against ours.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["OBVERSE"] != nil))
  func convertedDrawsTheSameImage() throws {
    Torch.seed(2)
    Torch.threads = 1
    let folder = try TemporaryFolder()
    let obverse = try #require(ProcessInfo.processInfo.environment["OBVERSE"])
    for architecture in Architecture.allCases {
      let generator = Generator(
        GeneratorShape(
          zDim: 32, wDim: 32, mappingLayers: 3, widths: [24, 24, 17, 16, 9, 7],
          architecture: architecture))
      // A fresh network has no noise, no biases and no mean.
      for entry in generator.registry.parameters
      where entry.name.hasSuffix("bias") || entry.name.hasSuffix("noise_strength") {
        let shape = entry.tensor.shape
        entry.tensor.assign(entry.tensor.detached + Tensor.normal(shape) * 0.2)
      }
      generator.mapping.wAverage.assign(.normal([32]) * 0.3)
      let base = folder.path + "/\(architecture.rawValue)"
      try SafetensorsWriter.write(generator.tensors, to: base + ".safetensors")
      try run(obverse, ["convert", base + ".safetensors", "-o", base + ".obv"])
      try run(
        obverse,
        ["generate", "-m", base + ".obv", "--seeds", "4", "--trunc", "0.7", "-o", base + ".png"])
      let png = try PNG.decode(try Bytes(mapping: base + ".png"))
      var random = RandomState(seed: 4)
      let image = Torch.withoutGradients {
        generator(.values(random.normals(32), [1, 32]), psi: 0.7)
      }
      let expected = Sheet.pixels(image, columns: 1)
      #expect(png.width == 16 && png.channels == 3)
      let difference = zip(png.bytes, expected.bytes).map { abs(Int($0) - Int($1)) }.max()
      #expect(try #require(difference) <= 1, "\(architecture)")
      #expect(Set(png.bytes).count > 50, "a picture, not a plane")
    }
  }

  private func run(_ program: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(arguments)")
  }
}
