import Converter
import Core
import Networks
import Torch

extension Trainer {
  /// The networks that a run begins with, by its kind.
  struct Start {
    let generator: Generator
    let opponents: Opponents
    var methods: [any Method] = []
    /// Networks that the generator was already trained to please.
    var inherited: [String] = []
    /// Multiply-adds, by the paper's count, of the generator that a student was pruned from.
    var teacherMACs: Int?
    /// What a model file says of where the generator began.
    var origin = NamedModel.Origin()

    /// - Throws: What reading teacher, student and kernels says.
    init(_ settings: RunSettings, on device: Device) throws(ObverseError) {
      if let distil = settings.distil {
        try self.init(distil, settings, on: device)
      } else if let path = settings.from {
        try self.init(path, settings, on: device)
      } else {
        self.init(new: settings, on: device)
      }
    }

    /// Networks that have seen nothing.
    private init(new settings: RunSettings, on device: Device) {
      generator = Generator(settings.generator, device: device)
      opponents = [("D", Discriminator(settings.discriminator, device: device), true)]
    }

    /// A pruned generator, its teacher and what its method adds.
    private init(
      _ distil: DistilSettings, _ settings: RunSettings, on device: Device
    ) throws(ObverseError) {
      origin = try GeneratorFile(distil.student).origin
      let parts = try Distillation(distil, in: settings, on: device)
      (generator, opponents) = (parts.student, parts.discriminators)
      (methods, inherited) = (parts.methods, parts.inherited)
      teacherMACs = parts.teacherMACs
    }

    /// A checkpoint's networks; a new discriminator where it has none.
    private init(
      _ path: String, _ settings: RunSettings, on device: Device
    ) throws(ObverseError) {
      let file = try GeneratorFile(path)
      origin = file.origin
      generator = try file.generator(of: settings.size, on: device)
      let theirs =
        file.hasDiscriminator
        ? try file.discriminator(of: settings.size, groupSize: settings.groupSize, on: device) : nil
      opponents = [("D", theirs ?? Discriminator(settings.discriminator, device: device), true)]
      inherited = file.trainedAgainst
      // A teacher can begin from a student; it stays as narrow.
      teacherMACs = file.metadata(PruneReport.teacherKey).flatMap(Int.init)
    }

    /// Parameters that move: the generator's, and those that methods lay beside it.
    var trained: [Registry.Entry] {
      let projections = methods.flatMap(\.learners).filter { $0.adam == nil }
      return generator.registry.parameters
        + projections.flatMap { $0.network.registry.parameters }
    }
  }

  /// What a start by regression has: pictures of known w, who compares them, and what moves.
  struct PairedParts {
    let pairs: Pairs?
    let eye: EfficientNetLite0?
    let trained: [Registry.Entry]

    /// Gives the generator the mapping behind the w, and lets what stays do without gradients.
    /// - Throws: `request` for pictures without w, and what reading says.
    init(
      _ start: PairedStart, _ settings: RunSettings, data: ImageData, _ generator: Generator,
      on device: Device
    ) throws(ObverseError) {
      if let mapping = start.mapping { try generator.mapping.load(folded: mapping) }
      let wAverage = generator.mapping.wAverage.floats
      pairs = try start.w.map { path throws(ObverseError) in
        try Pairs(start, path: path, wAverage: wAverage, listed: data.listedCount)
      }
      guard pairs != nil || data.wDim == generator.shape.wDim else {
        throw .request(
          "'\(settings.data)' has no w of \(generator.shape.wDim) numbers beside its pictures",
          hint: "obverse-train pictures draws pictures with their w")
      }
      eye = try start.features.map { path throws(ObverseError) in
        try EfficientNetLite0(path, on: device)
      }
      trained = generator.registry.parameters.filter {
        !$0.name.hasPrefix("mapping.") && settings.tuning?.moves($0.name) ?? true
      }
      // What stays while single layers are tuned needs no gradient, and no memory for one.
      let moving = Set(trained.map(\.name))
      for (name, tensor) in generator.registry.parameters
      where settings.tuning != nil && !moving.contains(name) {
        tensor.setRequiresGradient(false)
      }
    }
  }
}
