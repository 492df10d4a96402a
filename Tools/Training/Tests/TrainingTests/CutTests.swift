import Checkpoint
import Converter
import Core
import Foundation
import Testing

import Networks
import Torch

@testable import Training

/// The road of a compressed MobileStyleGAN at 32 px, from a toy source to a distilled student.
@Suite(.serialized)
struct CutTests {
  static let sourceShape = GeneratorShape(
    family: .mobileStyleGAN, zDim: 6, wDim: 8, mappingLayers: 2,
    widths: [8, 8, 8, 16, 12, 16, 8, 8])
  let folder: TemporaryFolder
  let source: String
  let set: String

  /// A source of 64 px and 24 of its pictures at 32 px.
  init() throws {
    Torch.threads = 1
    folder = try TemporaryFolder()
    source = folder.path + "/source.obv"
    set = folder.path + "/pictures"
    try Self.modest(Self.sourceShape, seed: 5).model.write(to: source)
    try Self.draw(source, sizes: [32], into: set)
  }

  /// A generator whose pictures of the first seeds stay within ±1, so that bytes hold them, and whose
  /// people do not differ by orders of magnitude, as random styles make them.
  static func modest(_ shape: GeneratorShape, seed: UInt64) -> Generator {
    let generator = ModelTests.lively(shape, seed: seed)
    for (name, tensor) in generator.registry.parameters where name.hasSuffix("affine.weight") {
      tensor.assign(tensor.detached * 0.3)
    }
    fit(generator)
    return generator
  }

  static func fit(_ generator: Generator) {
    let images = pictures(generator, 0..<28)
    let scale = 0.9 / images.magnitude.floats.reduce(0) { max($0, Double($1)) }
    for (name, tensor) in generator.registry.parameters
    where name.hasSuffix("toimage.weight") || name.hasSuffix("toimage.bias") {
      tensor.assign(tensor.detached * scale)
    }
  }

  /// What a generator draws of some seeds.
  static func pictures(_ generator: Generator, _ seeds: Range<Int>) -> Tensor {
    let z = Sheet.latents(seeds.upperBound, zDim: generator.shape.zDim, on: .cpu)
    return Torch.withoutGradients { generator(z.slice(axis: 0, seeds)) }
  }

  static func draw(_ model: String, sizes: [Int], into set: String) throws {
    try PictureMaker(
      model: model, sizes: sizes, source: .seeds(from: 0, psi: 1), count: 24, folder: set,
      threads: 1
    ).draw(progress: { _ in }, stop: { false })
  }

  func settings(from start: String) -> RunSettings {
    var settings = RunSettings(data: set, size: 32)
    settings.batch = 4
    settings.groupSize = 2
    settings.kimg = 0.024
    settings.tickKimg = 0.004
    settings.snapshotTicks = 3
    settings.r1Interval = 2
    settings.emaKimg = 0.01
    settings.emaRampUp = nil
    settings.bandWidths = [6, 5, 4]
    settings.heldOut = 4
    settings.mirror = false
    settings.from = start
    var pairs = PairedStart(kimg: 0.012, adversarial: 0.1)
    pairs.matching = 0.5
    settings.pairs = pairs
    return settings
  }

  func bytes(_ name: String) throws -> Data {
    try Data(contentsOf: URL(filePath: folder.path + "/" + name))
  }

  /// Pictures that a cut's own kind of layer has drawn are fitted to what bytes leave of them.
  @Test(arguments: [false, true])
  func theLastLayerIsFound(hasStyles: Bool) throws {
    var shape = Self.sourceShape
    shape.widths = Array(shape.widths.prefix(6))
    let teacher = Self.modest(shape, seed: 6)
    for (name, tensor) in teacher.registry.parameters
    where !hasStyles && name.hasSuffix("toimage.affine.weight") {
      tensor.assign(.zeros(tensor.shape))
    }
    Self.fit(teacher)
    let (path, set) = (folder.path + "/own.obv", folder.path + "/own")
    try teacher.model.write(to: path)
    try Self.draw(path, sizes: [32], into: set)
    let cut = try Cut.generator(Self.modest(Self.sourceShape, seed: 6), to: 32)
    for (mine, theirs) in zip(cut.registry.parameters, teacher.registry.parameters)
    where !mine.name.hasPrefix(HeadFit.layer) { mine.tensor.assign(theirs.tensor) }
    for (mine, theirs) in zip(cut.registry.buffers, teacher.registry.buffers) {
      mine.tensor.assign(theirs.tensor)
    }
    let data = try ImageData(set, size: 32)
    let fit = try HeadFit(cut, data, count: 24, places: 256, seed: 1).fit(
      steps: hasStyles ? 1000 : 0, seed: 1)
    // Of people that it has not seen.
    let (mine, theirs) = (Self.pictures(cut, 24..<28), Self.pictures(teacher, 24..<28))
    let centred = theirs - theirs.mean(over: [0, 2, 3], keepingAxes: true)
    let left = (mine - theirs).squared.mean.item / centred.squared.mean.item
    if hasStyles {
      #expect(fit.styled < 0.3 * fit.linear)
      #expect(left < 0.5 * fit.linear)
    } else {
      #expect(fit.linear < 0.002)
      #expect(left < 0.0005)
    }
  }

  @Test func cutsOfOtherSizesAreRefused() throws {
    let generator = try GeneratorFile(source).generator()
    for size in [8, 24, 64] {
      #expect(throws: ObverseError.self) { try Cut.generator(generator, to: size) }
    }
    let other = Generator(GeneratorShape(zDim: 4, wDim: 4, widths: [4, 4, 4, 4, 4, 4, 4, 4]))
    #expect(throws: ObverseError.self) { try Cut.generator(other, to: 16) }
  }

  /// Cut, fit, run: half of it and the rest are the whole to the bit; only what may move moves, and
  /// the head first; the snapshot is a model file, the state a teacher with its discriminator.
  @Test func aCutIsTrained() throws {
    let cut = try Cut.generator(try GeneratorFile(source).generator(), to: 32)
    let data = try ImageData(set, size: 32)
    _ = try HeadFit(cut, data, count: 16, places: 64, seed: 0).fit(steps: 20, seed: 0)
    let start = folder.path + "/start.obv"
    try GeneratorFile(source).writeModel(of: cut, to: start)
    var settings = settings(from: start)
    var tuning = Tuning(layers: Cut.lastLayers(of: cut.shape, blocks: 1))
    tuning.headKimg = 0.008
    settings.tuning = tuning

    var moved: [Set<String>] = []
    let before = Dictionary(
      uniqueKeysWithValues: cut.registry.parameters.map { ($0.name, $0.tensor.floats) })
    let whole = try Run.start(
      settings, in: folder.path + "/whole", device: .cpu, report: { _ in })
    #expect(
      try whole.train {
        moved.append(
          Set(
            whole.trainer.generator.registry.parameters
              .filter { before[$0.name] != $0.tensor.floats }.map(\.name)))
        return false
      })
    #expect(moved.count == 6)
    #expect(moved[1].allSatisfy { $0.hasPrefix("synthesis.toimage.") } && !moved[1].isEmpty)
    #expect(
      moved[5].allSatisfy { $0.hasPrefix("synthesis.toimage.") || $0.hasPrefix("synthesis.b16.") })
    #expect(moved[5].contains("synthesis.b16.conv1.pointwise"))

    try Run.resumed(settings, in: folder.path + "/half", after: 4)
    #expect(try bytes("half/state.safetensors") == bytes("whole/state.safetensors"))

    let log = String(decoding: try bytes("whole/log.jsonl"), as: UTF8.self)
    let lines = log.split(separator: "\n")
    #expect(lines.map { $0.contains("matching") } == [false, false, false, true, true, true])
    #expect(lines.map { $0.contains("held_out_db") } == [false, false, true, false, false, true])

    let snapshot = try GeneratorFile(folder.path + "/whole/snapshot-000000.obv")
    let state = try GeneratorFile(folder.path + "/whole")
    #expect(try snapshot.generator().shape == cut.shape)
    #expect(state.hasDiscriminator && !snapshot.hasDiscriminator)
    let judge = try state.discriminator(of: 32, groupSize: 2)
    #expect(judge.shape.readsBands && judge.shape.widths == [6, 5, 4])
    #expect(snapshot.metadata("kimg") == "0.024" && snapshot.metadata("method") == "cut")
    #expect(try NamedModel(path: snapshot.path).origin.sourceKind == "obverse-train")
  }

  /// How far a student's pictures are from its teacher's.
  func distance(_ student: Generator, _ teacher: Generator) -> Double {
    Torch.seed(9)
    let z = Tensor.normal([16, teacher.shape.zDim])
    return Torch.withoutGradients {
      (student(z) - teacher(z)).magnitude.mean.item
    }
  }

  /// Widths by resolution, then fitted: layers of a ratio of 0 stay as wide, the fit comes nearer to
  /// the teacher, and where nothing was pruned it changes nothing that can be seen.
  @Test(arguments: [sourceShape, ModelTests.shapes[0]])
  func prunedByResolutionAndRefitted(shape: GeneratorShape) throws {
    let teacher = Self.modest(shape, seed: 8)
    let path = folder.path + "/teacher.obv"
    try teacher.model.write(to: path)
    var settings = PruneSettings(perMille: 0, score: .contribution)
    settings.perMilleBySide = [8: 500, 16: 500]
    let plain = folder.path + "/plain.obv"
    let report = try Pruner.prune(path, settings, to: plain, device: .cpu)
    #expect(
      report.student.widths
        == (shape.family == .mobileStyleGAN
          ? [8, 4, 4, 8, 6, 16, 8, 8] : [6, 5, 4, 2, 3, 2]))
    settings.refit = 64
    let fitted = folder.path + "/fitted.obv"
    let lines = try Pruner.prune(path, settings, to: fitted, device: .cpu).lines
    #expect(lines.count { $0.contains("unexplained") } == teacher.linearLayers?.count)
    let before = distance(try GeneratorFile(plain).generator(), teacher)
    let after = distance(try GeneratorFile(fitted).generator(), teacher)
    // Random layers are not redundant as trained ones are: a little nearer is what there is to get.
    #expect(after < 0.95 * before, "\(before) \(after)")

    // A layer that goes unpruned: the teacher explains itself.
    let copy = Generator(shape)
    copy.copy(teacher)
    let all = shape.widths.map { Array(0..<$0) }
    try Refit.refit(copy, to: teacher, kept: all, samples: 16, seed: 0) {
      #expect($0.unexplained < 1e-4, "\($0.name)")
    }
    #expect(distance(copy, teacher) < 0.01)
  }

  /// The widths that are found take at most the multiply-adds asked for, and most of them; the bottom
  /// is left whole where that is nearly free.
  @Test(arguments: [sourceShape, ModelTests.shapes[0]])
  func widthsAreFound(shape: GeneratorShape) throws {
    let path = folder.path + "/teacher.obv"
    try Self.modest(shape, seed: 8).model.write(to: path)
    let full = shape.network.macs(.fit)
    var narrowest = shape
    narrowest.widths = shape.widths.indices.map { shape.unitSize(ofWidth: $0) }
    let least = narrowest.network.macs(.fit)
    for share in [0.8, 0.3] {
      var settings = PruneSettings(perMille: 0, score: .contribution)
      let most = least + Int(share * Double(full - least))
      settings.mostMACs = most
      let student = try Pruner.prune(path, settings, to: folder.path + "/s.obv", device: .cpu)
        .student
      #expect(student.network.macs(.fit) <= most)
      #expect(Double(student.network.macs(.fit)) > 0.7 * Double(most))
      #expect(zip(student.widths, shape.widths).allSatisfy { $0 <= $1 })
    }
    var settings = PruneSettings(perMille: 0, score: .contribution)
    settings.mostMACs = least - 1
    #expect(throws: ObverseError.self) {
      try Pruner.prune(path, settings, to: folder.path + "/none.obv", device: .cpu)
    }
  }

  /// Without known pictures too a tensor moves by a share of its own size: by one rate for all, small
  /// ones are thrown off in a few steps.
  @Test func everyTensorMovesByItsOwnSize() throws {
    let start = folder.path + "/start.obv"
    try GeneratorFile(source).writeModel(
      of: try Cut.generator(try GeneratorFile(source).generator(), to: 32), to: start)
    var settings = settings(from: start)
    (settings.pairs, settings.heldOut) = (nil, nil)
    (settings.pathWeight, settings.rate) = (0, 0.01)
    let trainer = try Trainer(settings, data: try ImageData(set, size: 32), device: .cpu)
    let before = trainer.trained.map { $0.tensor.detached.floats }
    // A fresh discriminator has nothing to say in the first.
    for _ in 0..<2 { _ = try trainer.takeStep() }
    for ((name, tensor), old) in zip(trainer.trained, before) {
      let size = max((old.reduce(0) { $0 + $1 * $1 } / Float(old.count)).squareRoot(), 1e-3)
      let moved = zip(tensor.detached.floats, old).reduce(0) { max($0, abs($1.0 - $1.1)) }
      let most: Float = name.hasPrefix("mapping.") ? 0.0001 : 0.01
      // The second step of Adam is at most the rate times the root of 1 + beta2.
      #expect(moved > 0 && moved < 2.5 * most * size, "\(name): \(moved) of \(size)")
    }
  }

  /// A student of a cut plays against both discriminators and is compared with the pictures.
  ///
  /// Its discriminator learns projections of the teacher's features. Resumed to the bit.
  @Test func aStudentIsDistilledFromACut() throws {
    let cut = try Cut.generator(try GeneratorFile(source).generator(), to: 32)
    let start = folder.path + "/start.obv"
    try GeneratorFile(source).writeModel(of: cut, to: start)
    var teaching = settings(from: start)
    teaching.pairs?.kimg = 0.004
    teaching.kimg = 0.008
    teaching.tuning = Tuning(layers: Cut.lastLayers(of: cut.shape, blocks: 1))
    _ = try Run.start(
      teaching, in: folder.path + "/cut", device: .cpu, report: { _ in }
    ).train()
    var pruning = PruneSettings(perMille: 500, score: .contribution)
    pruning.refit = 8
    let student = folder.path + "/student.obv"
    _ = try Pruner.prune(folder.path + "/cut", pruning, to: student, device: .cpu)

    var settings = settings(from: start)
    settings.from = nil
    settings.bandWidths = nil
    settings.distil = DistilSettings(teacher: folder.path + "/cut", student: student)
    settings.tuning = Tuning(layers: ["synthesis."])
    let whole = try Run.start(
      settings, in: folder.path + "/whole", device: .cpu, report: { _ in })
    #expect(try whole.train())
    try Run.resumed(settings, in: folder.path + "/half", after: 4)
    #expect(try bytes("half/state.safetensors") == bytes("whole/state.safetensors"))
    let log = String(decoding: try bytes("whole/log.jsonl"), as: UTF8.self)
    let last = try #require(log.split(separator: "\n").last)
    for name in ["regression", "loss_g", "loss_g_t", "loss_d_t", "matching_t", "nickel"] {
      #expect(last.contains("\"\(name)\""), "\(name)")
    }
  }

  /// A checkpoint of rosinality's code is pruned, fitted, and trained towards its own pictures, for
  /// which there is no discriminator.
  @Test func aForeignTeacherIsDistilled() throws {
    let fixture = try Fixture("rosi32-legacy")
    let (teacher, model) = (fixture.path("checkpoint.pt"), folder.path + "/rosinality.obv")
    try NamedModel(path: teacher).write(to: model)
    let set = folder.path + "/rosinality"
    try Self.draw(model, sizes: [32], into: set)
    var pruning = PruneSettings(perMille: 500, score: .contribution)
    pruning.refit = 8
    let student = folder.path + "/student.obv"
    _ = try Pruner.prune(teacher, pruning, to: student, device: .cpu)
    var settings = settings(from: "")
    settings.data = set
    settings.from = nil
    settings.bandWidths = nil
    settings.distil = DistilSettings(teacher: teacher, student: student)
    settings.pairs?.adversarial = nil
    settings.pairs?.kimg = settings.kimg
    settings.tuning = Tuning(layers: ["synthesis."])
    let run = try Run.start(
      settings, in: folder.path + "/run", device: .cpu, report: { _ in })
    #expect(try run.train())
    let made = try GeneratorFile(folder.path + "/run/snapshot-000000.obv").generator()
    let before = try GeneratorFile(student).generator()
    #expect(made.shape == before.shape)
    #expect(made.fingerprint != before.fingerprint)
    let written = try GeneratorFile(folder.path + "/run/snapshot-000000.obv")
    #expect(written.metadata("method") == "regression")
  }
}
