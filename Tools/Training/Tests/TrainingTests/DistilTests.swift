import Checkpoint
import Core
import Foundation
import Testing

import Networks
import Torch

@testable import Training

@Suite(.serialized)
struct DistilTests {
  let folder: TemporaryFolder
  let data: String
  let teacher: String
  let student: String

  /// A folder with pictures, a teacher's state after a few steps, and its pruned generator.
  init() throws {
    Torch.threads = 1
    folder = try TemporaryFolder()
    data = try RunTests.pictures(in: folder)
    let run = try Run.start(
      RunTests.settings(data), in: folder.path + "/teacher", device: .cpu, report: { _ in })
    _ = try run.train { true }
    teacher = folder.path + "/teacher/state.safetensors"
    student = folder.path + "/student.safetensors"
    var settings = PruneSettings(perMille: 500)
    settings.score = .weight
    _ = try Pruner.prune(teacher, settings, to: student, device: .cpu)
  }

  func settings(_ change: (inout DistilSettings) -> Void = { _ in }) -> RunSettings {
    var settings = RunTests.settings(data)
    var distil = DistilSettings(teacher: teacher, student: student)
    change(&distil)
    settings.distil = distil
    return settings
  }

  func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  func trained(
    _ settings: RunSettings, _ name: String, steps: Int = .max
  ) throws -> Run {
    let run = try Run.start(
      settings, in: "\(folder.path)/\(name)", device: .cpu, report: { _ in })
    var count = 0
    _ = try run.train {
      count += 1
      return count == steps
    }
    return run
  }

  /// A pruned file holds the teacher's discriminator, so that a run can begin from it with both.
  @Test func prunedFilesHoldTheOpponent() throws {
    let theirs = try GeneratorFile(teacher).discriminator(of: 16, groupSize: 4)
    let pruned = try GeneratorFile(student)
    #expect(pruned.hasDiscriminator)
    #expect(
      try pruned.discriminator(of: 16, groupSize: 4).fingerprint == theirs.fingerprint)
  }

  /// Folders of runs that were begun long ago are still resumed.
  @Test func settingsKeepTheirNames() throws {
    let text = String(decoding: try JSONEncoder().encode(settings().distil), as: UTF8.self)
    #expect(!text.contains("terms"))
    let others = settings { $0.terms = TermSettings() }.distil
    let file = try JSONEncoder().encode(others)
    #expect(String(decoding: file, as: UTF8.self).contains("\"baseline\":{"))
    #expect(try JSONDecoder().decode(DistilSettings?.self, from: file) == others)
  }

  /// Eight steps against four, a new program and four more; both discriminators learn.
  @Test func resumesToTheBit() throws {
    let whole = try trained(settings(), "whole")
    #expect(whole.trainer.opponents.map(\.name) == ["D", "D_T"])
    #expect(whole.trainer.generator.shape.widths == [8, 8, 8, 8, 4, 4])
    _ = try trained(settings(), "half", steps: 4)
    let rest = try Run.resume(folder.path + "/half", device: .cpu, report: { _ in })
    #expect(try rest.train())
    let state = try bytes(folder.path + "/whole/state.safetensors")
    #expect(try bytes(folder.path + "/half/state.safetensors") == state)

    let log = try String(decoding: bytes(folder.path + "/half/log.jsonl"), as: UTF8.self)
    for name in ["nickel", "loss_d", "loss_d_t", "loss_g_t", "r1_t"] {
      #expect(log.contains("\"\(name)\""), "\(name)")
    }
    let before = try GeneratorFile(teacher).discriminator(of: 16, groupSize: 4)
    #expect(before.fingerprint != whole.trainer.opponents[1].network.fingerprint)
  }

  /// What is a switch must switch something: other weights after the same steps.
  @Test func everySwitchCounts() throws {
    let plain = try trained(settings(), "preset", steps: 3).trainer
    let changes: [(String, (inout DistilSettings) -> Void)] = [
      ("transform", { $0.nickelTransform = .plain }), ("weight", { $0.nickelWeight = 1 }),
      ("frozen", { $0.freezesTeacherDiscriminator = true }),
      ("start", { $0.discriminatorStart = .teacher }), ("method", { $0.method = .plain }),
    ]
    for (name, change) in changes {
      let other = try trained(settings(change), name, steps: 3).trainer
      #expect(other.generator.fingerprint != plain.generator.fingerprint, "\(name)")
    }
    let frozen = try trained(settings { $0.freezesTeacherDiscriminator = true }, "f", steps: 2)
    let theirs = try GeneratorFile(teacher).discriminator(of: 16, groupSize: 4)
    #expect(frozen.trainer.opponents[1].network.fingerprint == theirs.fingerprint)
    let alone = try trained(settings { $0.method = .plain }, "alone", steps: 2)
    #expect(alone.trainer.opponents.map(\.name) == ["D"])
  }

  /// Every other method: two steps and two more are four to the bit, and its terms are in the log.
  @Test(arguments: [
    (DistilSettings.MethodName.cagc, ["pixel"]), (.styleKD, ["pixel", "relation"]),
    (.itgc, ["pixel", "information", "energy"]),
    (.gcc, ["content", "gram", "gates", "loss_g_t", "loss_d_t"]), (.ganSlimming, ["sparsity"]),
  ])
  func othersResumeToTheBit(method: DistilSettings.MethodName, terms: [String]) throws {
    var settings = settings {
      $0.method = method
      $0.terms = TermSettings()
    }
    settings.kimg = 0.016
    let whole = try trained(settings, "whole").trainer
    _ = try trained(settings, "half", steps: 2)
    let rest = try Run.resume(folder.path + "/half", device: .cpu, report: { _ in })
    #expect(try rest.train())
    let state = try bytes(folder.path + "/whole/state.safetensors")
    #expect(try bytes(folder.path + "/half/state.safetensors") == state)
    let log = try String(decoding: bytes(folder.path + "/half/log.jsonl"), as: UTF8.self)
    for term in terms { #expect(log.contains("\"\(term)\""), "\(term)") }

    #expect(whole.opponents.map(\.name) == ["D"])
    let plain = try trained(
      self.settings { $0.method = .plain }, "plain", steps: 4
    ).trainer
    #expect(whole.generator.fingerprint != plain.generator.fingerprint)
    // Whatever learns has moved.
    let begun = try Trainer(
      settings, data: ImageData(data, size: 16, part: nil), device: .cpu)
    for (before, after) in zip(begun.networks, whole.networks) {
      #expect(before.network.fingerprint != after.network.fingerprint, "\(before.prefix)")
    }
    try whole.saveLightly(in: folder.path + "/half")
    try FileManager.default.removeItem(atPath: folder.path + "/half/state.safetensors")
    #expect(try Run.resume(folder.path + "/half", device: .cpu, report: { _ in }).trainer.step == 4)
  }

  /// With rounded factors every method takes the steps it takes without, nearly.
  @Test(arguments: DistilSettings.MethodName.allCases)
  func roundedFactorsChangeLittle(method: DistilSettings.MethodName) throws {
    func scores(_ rounds: Bool) throws -> [Float] {
      let settings = settings {
        $0.method = method
        $0.terms = method == .plain || method == .nickelDiME ? nil : TermSettings()
      }
      let trainer = try Trainer(
        settings, data: ImageData(data, size: 16, part: nil), device: .cpu)
      trainer.usesBFloat16 = rounds
      _ = try trainer.takeStep()
      // The running mean of w has moved, in full precision.
      let before = trainer.generator.mapping.wAverage.floats
      let losses = try trainer.takeStep()
      let after = trainer.generator.mapping.wAverage.floats
      #expect(before != after && (before + after).allSatisfy(\.isFinite))
      return losses.values.filter { $0.name.hasPrefix("score") }.flatMap { $0.value.floats }
    }
    let (exact, rounded) = (try scores(false), try scores(true))
    #expect(exact != rounded)
    for (a, b) in zip(exact, rounded) { #expect(abs(a - b) < 0.05 * max(1, abs(a))) }
  }

  /// Pixels beside NICKEL & DiME are a term like CAGC's; without a weight there is none.
  @Test func pixelsJoinNickelDiME() throws {
    func losses(_ weight: Double?) throws -> [(name: String, value: Tensor)] {
      let settings = settings {
        $0.terms = weight.map { weight in
          var terms = TermSettings()
          terms.pixelWeight = weight
          return terms
        }
      }
      return try Trainer(
        settings, data: ImageData(data, size: 16, part: nil), device: .cpu
      ).takeStep().values
    }
    let pixels = try losses(3).filter { $0.name == "pixel" }
    #expect(pixels.count == 1 && pixels[0].value.item > 0)
    #expect(try !losses(nil).contains { $0.name == "pixel" })
    #expect(try !losses(0).contains { $0.name == "pixel" })
  }

  /// A dense student becomes sparse; a discriminator of its own has gates with GCC alone.
  @Test func methodsHaveTheirNetworks() throws {
    func styles(_ sparsityWeight: Double) throws -> Double {
      let settings = settings {
        $0.student = teacher
        $0.method = .ganSlimming
        $0.terms = TermSettings()
        $0.terms?.sparsityWeight = sparsityWeight
      }
      let dense = try trained(settings, "dense\(sparsityWeight)", steps: 6).trainer.generator
      Torch.seed(4)
      return GANSlimming.sparsity(dense, dense.broadcast(dense.mapping(.normal([32, 16])))).item
    }
    // Six steps of at most 0.002 in each weight: some per cent.
    #expect(try styles(1) < 0.98 * styles(1e-5))
    let gated = try trained(settings { $0.method = .gcc }, "gated", steps: 1).trainer
    #expect(gated.opponents[0].network.gates?.parameters.map(\.count) == [16, 16])
    let ungated = try trained(settings { $0.method = .cagc }, "ungated", steps: 1).trainer
    #expect(ungated.opponents[0].network.gates == nil)
  }

  /// Settings that would quietly be another method's.
  @Test func emptyMethodsAreRefused() throws {
    let changes: [(DistilSettings.MethodName, (inout TermSettings) -> Void)] = [
      (.cagc, { $0.pixelWeight = 0 }), (.itgc, { $0.informationWeight = 0 }),
      (.styleKD, { $0.relationWeight = 0 }), (.ganSlimming, { $0.sparsityWeight = 0 }),
      (.gcc, { ($0.contentWeight, $0.gramWeight) = (0, 0) }), (.cagc, { $0.vgg = "x" }),
      (.itgc, { $0.lpips = "x" }),
    ]
    for (method, change) in changes {
      var terms = TermSettings()
      var distil = DistilSettings(teacher: "", student: "")
      (distil.method, distil.terms) = (method, terms)
      try distil.check()
      change(&terms)
      distil.terms = terms
      #expect(throws: ObverseError.self, "\(method)") { try distil.check() }
    }
    #expect(throws: ObverseError.self) {
      try trained(
        settings {
          $0.method = .cagc
          $0.kernels = [.init(kind: .dinoResNet50, path: student, weight: 1)]
        }, "kernels")
    }
    var without = settings { $0.method = .cagc }.distil ?? DistilSettings(teacher: "", student: "")
    #expect(without.omission?.contains("LPIPS") == true)
    without.method = .gcc
    #expect(without.omission == nil)
    without.method = .cagc
    var files = TermSettings()
    (files.vgg, files.lpips, files.parser) = ("v", "l", "p")
    without.terms = files
    #expect(without.omission == nil)
  }

  /// VGG16 and StyleKD's maps begin at 16x16; CAGC's pixels do not.
  @Test func smallImagesAreRefused() throws {
    let small = Generator(GeneratorShape(zDim: 4, wDim: 4, mappingLayers: 1, widths: [4, 4, 4, 4]))
    func methods(
      _ method: DistilSettings.MethodName, vgg: String? = nil
    ) throws(ObverseError) -> [any Method] {
      var settings = DistilSettings(teacher: "", student: "")
      settings.method = method
      settings.terms = TermSettings()
      settings.terms?.vgg = vgg
      let scene = Scene(
        settings: settings, run: RunSettings(data: "", size: 8), teacher: small, student: small,
        discriminator: Discriminator(DiscriminatorShape(widths: [4, 4], groupSize: 1)),
        device: .cpu)
      return try method.registered.parts(scene).1
    }
    #expect(try methods(.cagc).count == 1)
    for (method, vgg) in [(DistilSettings.MethodName.styleKD, nil), (.cagc, "vgg"), (.itgc, "vgg")]
    {
      do throws(ObverseError) {
        _ = try methods(method, vgg: vgg)
        Issue.record("\(method)")
      } catch {
        #expect(error.description.contains("16x16"))
      }
    }
  }

  /// The networks come back rounded to 16 bits, in parts that no carrier refuses.
  @Test func lightStatesTravel() throws {
    let run = try trained(settings(), "run", steps: 3)
    let moved = folder.path + "/moved"
    try FileManager.default.createDirectory(atPath: moved, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: folder.path + "/run/settings.json", toPath: moved + "/settings.json")
    try run.trainer.saveLightly(in: moved)
    #expect(LightState.parts(in: moved)?.count == 1)
    let again = try Run.resume(moved, device: .cpu, report: { _ in }).trainer
    #expect(again.step == 3 && again.images == 12)
    for (a, b) in zip(run.trainer.generator.tensors, again.generator.tensors) {
      // 11 bits of mantissa; what is below 2^-14 loses some of them.
      for (x, y) in zip(a.tensor.floats, b.tensor.floats) {
        #expect(abs(x - y) <= max(abs(x) * 0x1p-11, 0x1p-25))
      }
    }
    // A run's folder stands for its state, light or whole.
    for (path, trainer) in [(moved, again), (folder.path + "/run", run.trainer)] {
      #expect(try GeneratorFile(path).generator().fingerprint == trainer.average.fingerprint)
      #expect(
        try GeneratorFile(path).discriminator(of: 16, groupSize: 4).fingerprint
          == trainer.opponents[0].network.fingerprint)
    }
    let entries = run.trainer.generator.tensors
    try LightState.save(
      entries, metadata: [:], images: 13, in: moved, mostBytes: 2000)
    let parts = try #require(LightState.parts(in: moved))
    #expect(parts.count > 3 && parts.allSatisfy { $0.contains("light-13-") })
    // A part that is missing makes no state.
    try FileManager.default.removeItem(atPath: parts[1])
    #expect(LightState.parts(in: moved) == nil)
  }

  @Test func momentsAreThoseOfTheImages() throws {
    let path = folder.path + "/moments.safetensors"
    let generator = try GeneratorFile(teacher).generator()
    for entry in generator.registry.parameters where entry.name.hasSuffix("noise_strength") {
      entry.tensor.assign(.zeros([]))
    }
    Torch.seed(9)
    let eye = SmallEye(.normal([7, 3, 3, 3]))
    var settings = MomentMaker.Settings()
    (settings.count, settings.batch, settings.seed) = (10, 4, 3)
    try MomentMaker.write(generator, [eye], settings, to: path)
    Torch.seed(3)
    var features: [Tensor] = []
    for n in [4, 4, 2] {
      // The order of draws is that of the maker: z, then the noise of every layer.
      features.append(Torch.withoutGradients { eye(generator(.normal([n, 16]), noise: .random)) })
    }
    let all = Tensor.concatenated(features, axis: 0)
    let pair = try Moments(path, of: generator.fingerprint).pair(for: eye, on: .cpu)
    #expect(largestDifference(pair.first, all.mean(over: [0])) < 1e-6)
    #expect(largestDifference(pair.second, all.squared.mean(over: [0])) < 1e-5)
  }

  /// A loss on raw moments would not notice what these refusals do.
  @Test func foreignMomentsAreRefused() throws {
    let path = folder.path + "/moments.safetensors"
    let eye = SmallEye(.normal([7, 3, 3, 3]))
    func write(_ change: (inout [String: String]) -> Void, width: Int = 7) throws {
      var metadata = ["teacher": "mine", "dino.sha256": "", "dino.preparation": "none"]
      change(&metadata)
      try SafetensorsWriter.write(
        [("global_dino_first", .zeros([width])), ("global_dino_second", .zeros([width]))],
        metadata: metadata, to: path)
    }
    func read() throws(ObverseError) { _ = try Moments(path, of: "mine").pair(for: eye, on: .cpu) }
    try write { _ in }
    try read()
    for change: (inout [String: String]) -> Void in [
      { $0["teacher"] = "another" }, { $0["dino.sha256"] = "0" },
      { $0["dino.preparation"] = "bilinear" }, { $0["dino.sha256"] = nil },
      { $0["teacher"] = nil },
    ] {
      try write(change)
      #expect(throws: ObverseError.self) { try read() }
    }
    try write({ _ in }, width: 8)
    #expect(throws: ObverseError.self) { try read() }
  }

  /// The rate goes from the pruned file into snapshots, and on where another run begins from one.
  @Test func snapshotsKnowTheirRate() throws {
    let (full, pruned) = (try GeneratorFile(teacher).shape(), try GeneratorFile(student).shape())
    let rate = PruneReport(teacher: full, student: pruned).rate(.fit)
    #expect(rate > 50)
    #expect(try GeneratorFile(student).facts().compressionRate == rate)
    _ = try trained(settings { $0.method = .plain }, "plain")
    let snapshot = folder.path + "/plain/snapshot-000000.safetensors"
    let facts = try GeneratorFile(snapshot).facts()
    #expect(facts.compressionRate == rate && facts.method == "plain" && facts.kimg != nil)
    var settings = RunTests.settings(data)
    settings.from = snapshot
    _ = try trained(settings, "again")
    let again = folder.path + "/again/snapshot-000000.safetensors"
    #expect(try GeneratorFile(again).facts().compressionRate == rate)
    #expect(try GeneratorFile(teacher).facts().compressionRate == 0)
  }

  @Test func sizesThatDoNotFitAreRefused() throws {
    var settings = settings()
    settings.size = 32
    #expect(throws: ObverseError.self) { try trained(settings, "size") }
    #expect(throws: ObverseError.self) {
      // A snapshot has no discriminator.
      try trained(self.settings { $0.teacher = student }, "lonely")
    }
    #expect(throws: ObverseError.self) {
      try trained(
        self.settings { $0.kernels = [.init(kind: .judge, path: student, weight: 1)] }, "judged")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/size/settings.json"))
  }
}
