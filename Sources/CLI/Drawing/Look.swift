import Obverse
import Options

/// The words of `--noise-mode`.
enum NoiseKind: String, Sendable, CaseIterable {
  case const, random, none
}

/// The options that `GivenLook` reads, where no image stands beside them.
extension CommonOptions {
  static let trunc = Option(
    "trunc", "PSI", "1 leaves w untouched, 0 is the average face", preset: "1",
    detail: "w' = w_avg + PSI (w - w_avg); any finite number.")
  static let truncCutoff = Option(
    "trunc-cutoff", "N", "truncate the first N style layers only", preset: "all", rare: true)
  static let noiseMode = Option(
    "noise-mode", "MODE", "const, random or none", preset: "const",
    detail: "const adds the planes stored with the model, random seeded normals.",
    takes: .choices(NoiseKind.self))
  static let noiseSeed = Option(
    "noise-seed", "N", "seed of random noise", preset: "the image's seed", rare: true)
  static let label = Option("class", "N", "label for a conditional model", rare: true)
}

/// What the words say of the look; nil where they are silent.
struct GivenLook: Sendable {
  var psi: Float?
  var cutoff: Int?
  var noise: NoiseKind?
  var noiseSeed: UInt32?
  var label: Int?
  var precision: Precision?
  /// Whether every class is drawn, as `--class all` of `generate` asks.
  var hasAllClasses = false
  /// The image that says the rest.
  var image: String?

  /// Reads the options; `--class all` where `allClasses` says that the command has it.
  init(_ parsed: ParsedOptions, allClasses: Bool = false) throws(ObverseError) {
    hasAllClasses = allClasses && parsed.text("class") == "all"
    psi = try parsed.number("trunc")
    cutoff = try parsed.integer("trunc-cutoff", in: 0...1_000_000)
    noise = try parsed.choice("noise-mode")
    noiseSeed = try parsed.integer("noise-seed", in: 0...Int(UInt32.max)).map { UInt32($0) }
    label = hasAllClasses ? nil : try parsed.integer("class", in: 0...Int(Int32.max))
    precision = try parsed.choice("precision")
    image = parsed.text("params-from")
  }
}

/// How an image is drawn from its subject.
struct Look: Sendable, Equatable {
  var psi: Float = 1
  /// nil truncates all layers.
  var cutoff: Int?
  var noise = NoiseKind.const
  /// nil takes the image's seed.
  var noiseSeed: UInt32?
  var label: Int?
  /// In which numbers the model draws.
  var precision = Precision.float32
  /// Whether each subject is drawn with every label.
  var hasAllClasses = false

  /// The settings of `given`, of the image's record where it is silent, else the defaults.
  init(_ given: GivenLook, record: ImageRecord?) {
    psi = given.psi ?? record?.psi ?? 1
    cutoff = given.cutoff ?? record?.cutoff
    noise = given.noise ?? record?.noise ?? .const
    noiseSeed = given.noiseSeed ?? record?.noiseSeed
    precision = given.precision ?? record?.precision ?? .float32
    hasAllClasses = given.hasAllClasses
    label = hasAllClasses ? nil : given.label ?? record?.label
  }

  /// Checks the look against a model, in the words of the options.
  ///
  /// `mapsLatents` says whether w is made here, so that a label is needed and used.
  func check(_ model: Model, mapsLatents: Bool) throws(ObverseError) {
    if hasAllClasses {
      guard model.classes > 0 else {
        throw .request("--class all: this model is unconditional", hint: nil)
      }
    } else if let label {
      guard model.classes > 0 else {
        throw .request("--class \(label): this model is unconditional", hint: nil)
      }
      guard label < model.classes else {
        throw .request(
          "--class \(label): this model has the classes 0 to \(model.classes - 1)", hint: nil)
      }
    } else if model.classes > 0, mapsLatents {
      throw .request(
        "this model draws \(model.classes) classes, and none was asked for",
        hint: "add --class N, with N from 0 to \(model.classes - 1)")
    }
    if psi != 1, !model.hasWAverage, mapsLatents {
      throw .request(
        "--trunc \(psi): this model has no w average",
        hint: "convert it again with --w-avg-samples 4096")
    }
    if noise == .random, !model.allowsRandomNoise {
      throw .request("--noise-mode random: this model's noise is part of its weights", hint: nil)
    }
  }

  /// The noise of one image.
  func noiseMode(_ subject: Subject) -> NoiseMode {
    switch noise {
    case .const: .const
    case .none: .none
    case .random: .random(seed: noiseSeed ?? UInt32(truncatingIfNeeded: subject.number))
    }
  }

  /// The ws that a subject is drawn from, `[wsCount * wDim]`.
  func ws(_ subject: Subject, _ generator: Generator) throws(ObverseError) -> [Float] {
    try ws(try key(subject, generator), of: subject, generator)
  }

  /// What is interpolated between subjects: w before truncation, `[wDim]`, or all the ws of what was
  /// projected, `[wsCount * wDim]`.
  func key(_ subject: Subject, _ generator: Generator) throws(ObverseError) -> [Float] {
    switch subject.origin {
    case .projected(let ws): ws
    case .seed(let seed):
      try generator.map(z: generator.latent(seed: seed), label: subject.label ?? label)
    case .latent(let latent): try generator.map(z: latent, label: subject.label ?? label)
    }
  }

  /// The keys of several subjects, which are mapped together.
  ///
  /// - Throws: `resources`; what `map` throws.
  func keys(
    _ subjects: some Collection<Subject>, _ generator: Generator
  ) throws(ObverseError) -> [[Float]] {
    // Of each its latent and its w, in an array of their own.
    let each = (generator.model.zDim + generator.model.wDim) * MemoryLayout<Float>.size + 256
    try Memory.expectRoom(for: subjects.count * each)
    var latents: [[Float]] = []
    var labels: [Int?] = []
    for subject in subjects {
      switch subject.origin {
      case .projected: continue
      case .seed(let seed): latents.append(generator.latent(seed: seed))
      case .latent(let latent): latents.append(latent)
      }
      labels.append(subject.label ?? label)
    }
    var mapped = try generator.map(latents, labels: labels).makeIterator()
    var keys: [[Float]] = []
    for subject in subjects {
      if case .projected(let ws) = subject.origin {
        keys.append(ws)
      } else if let w = mapped.next() {
        keys.append(w)
      }
    }
    return keys
  }

  /// The ws of a subject's key, or of one between keys: truncated, unless they were projected.
  func ws(
    _ key: [Float], of subject: Subject, _ generator: Generator
  ) throws(ObverseError) -> [Float] {
    if case .projected = subject.origin { return key }
    return try generator.ws(from: key, psi: psi, cutoff: cutoff)
  }

  /// What metadata and JSON say of the look.
  func members(_ subject: Subject?) -> [(String, JSON)] {
    var members: [(String, JSON)] = []
    if let subject, case .projected = subject.origin {
      // Truncation and label have no part in it.
    } else {
      members.append(("trunc", .float(psi)))
      if let cutoff { members.append(("cutoff", .integer(cutoff))) }
      if let label = subject?.label ?? label { members.append(("class", .integer(label))) }
    }
    members.append(("noise", .text(noise.rawValue)))
    if noise == .random {
      if let seed = noiseSeed {
        members.append(("noise_seed", .integer(Int(seed))))
      } else if let subject {
        members.append(("noise_seed", .integer(subject.number)))
      }
    }
    if precision != .float32 { members.append(("precision", .text(precision.rawValue))) }
    return members
  }
}
