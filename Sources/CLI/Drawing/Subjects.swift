import Checkpoint
import Obverse
import Options
import Page

/// What one image is drawn from.
struct Subject: Sendable {
  enum Source: Sendable {
    case seed(UInt32)
    /// `[zDim]`.
    case latent([Float])
    /// `[wsCount * wDim]`.
    case projected([Float])
  }

  let source: Source
  /// The seed, or the place in the file.
  let number: Int
  /// A class of its own; nil for that of the look.
  var label: Int?

  /// The file's name without suffix, as NVlabs' scripts call it.
  var stem: String {
    switch source {
    case .seed: "seed" + Format.padded(number, 4)
    case .latent: "latent" + Format.padded(number, 2)
    case .projected: "proj" + Format.padded(number, 2)
    }
  }

  /// The key under which metadata and JSON say `number`.
  var key: String {
    switch source {
    case .seed: "seed"
    case .latent: "latent"
    case .projected: "projected_w"
    }
  }
}

/// Which images are asked for.
enum Subjects: Sendable {
  case seeds([UInt32])
  case standardInput
  case random(Int)
  case latents(path: String)
  case projected(path: String)
  /// The seed stands in the image that `--params-from` names.
  case image(path: String)

  init(_ parsed: ParsedOptions) throws(ObverseError) {
    let ways = ["seeds", "random", "latents", "projected-w"].filter { parsed.has($0) }
    guard ways.count < 2 else {
      throw .usage("--\(ways[0]) and --\(ways[1]) exclude each other", hint: nil)
    }
    if let list = parsed.text("seeds") {
      self = list == "-" ? .standardInput : .seeds(try SeedList.parse(list))
    } else if let count = try parsed.integer("random", in: 1...SeedList.limit) {
      self = .random(count)
    } else if let path = parsed.text("latents") {
      self = .latents(path: path)
    } else if let path = parsed.text("projected-w") {
      self = .projected(path: path)
    } else if let path = parsed.text("params-from") {
      self = .image(path: path)
    } else {
      throw .usage(
        "nothing to draw: one of --seeds, --random, --latents, --projected-w, --params-from is"
          + " needed", hint: "obverse generate --seeds 0-7")
    }
  }

  /// What they are called in a sentence.
  var nouns: String {
    switch self {
    case .seeds, .standardInput, .random, .image: "seeds"
    case .latents: "latents"
    case .projected: "projected w"
    }
  }

  /// Whether the seeds come one after the other, nobody knows how many.
  var isStandardInput: Bool {
    if case .standardInput = self { true } else { false }
  }

  /// Whether the images' w is mapped from z.
  var mapsLatents: Bool {
    if case .projected = self { false } else { true }
  }

  /// How many images there will be, where the words alone say so.
  var count: Int? {
    switch self {
    case .seeds(let seeds): seeds.count
    case .random(let count): count
    case .image: 1
    case .standardInput, .latents, .projected: nil
    }
  }

  /// The subjects for one model; nil for standard input, which is read as the run goes.
  ///
  /// `imageSeed` is what the image of `--params-from` says.
  func list(for model: Model, imageSeed: UInt32?) throws(ObverseError) -> [Subject]? {
    switch self {
    case .standardInput: return nil
    case .seeds(let seeds): return seeds.map(Self.subject)
    case .random(let count):
      return (0..<count).map { _ in Self.subject(UInt32.random(in: 0...UInt32.max)) }
    case .image(let path):
      guard let imageSeed else {
        throw ObverseError.unsupported(
          what: "the image", why: "it was not drawn from a seed", hint: nil
        ).inFile(path)
      }
      return [Self.subject(imageSeed)]
    case .latents(let path):
      let rows = try Self.rows(path, name: "z", shapes: [[model.zDim]])
      return rows.enumerated().map { Subject(source: .latent($1), number: $0) }
    case .projected(let path):
      // `[wsCount, wDim]` is one face with a w of its own for each style layer, as encoders save it:
      // as many faces of one w each are `[n, 1, wDim]`.
      let layers = [model.wsCount, model.wDim]
      let rows = try Self.rows(
        path, name: "w", shapes: [layers, [1, model.wDim], [model.wDim]],
        single: [layers, [model.wDim]])
      return rows.enumerated().map { i, row in
        // One w for all layers, or one for each.
        let ws =
          row.count == model.wDim ? Array(repeatElement(row, count: model.wsCount).joined()) : row
        return Subject(source: .projected(ws), number: i)
      }
    }
  }

  static func subject(_ seed: UInt32) -> Subject {
    Subject(source: .seed(seed), number: Int(seed))
  }

  /// The rows of a NumPy file's tensor: `[n] + shape` for one of `shapes`, one where its own shape is
  /// one of `single`.
  private static func rows(
    _ path: String, name: String, shapes: [[Int]], single: [[Int]] = []
  ) throws(ObverseError) -> [[Float]] {
    let tensor = try NumPyInput.tensor(path, name: name)
    let shape = single.contains(tensor.shape) ? [1] + tensor.shape : tensor.shape
    guard let first = shape.first, shapes.contains(Array(shape.dropFirst())),
      tensor.type.isFloat, (1...SeedList.limit).contains(first)
    else {
      let wanted = shapes.map { "[n" + $0.map { ",\($0)" }.joined() + "]" }
      throw ObverseError.malformed(
        what: "array \(name)",
        why: "it is \(tensor.type.rawValue) \(tensor.shape.brackets), the model needs floats of "
          + wanted.joined(separator: " or ")
      ).inFile(path)
    }
    let numbers = tensor.floats
    guard numbers.allSatisfy(\.isFinite) else {
      throw ObverseError.malformed(what: "array \(name)", why: "it holds infinities or NaN")
        .inFile(path)
    }
    let width = numbers.count / first
    return (0..<first).map { Array(numbers[$0 * width..<($0 + 1) * width]) }
  }
}

/// Arrays that users hand in: of NumPy, or of torch as encoders and projectors save them.
enum NumPyInput {
  /// What people call the arrays that are asked for as `w`, `z` and `w_avg`.
  private static let synonyms = [
    "w": ["ws", "w_plus", "wplus", "w_pivot", "latent", "latents", "projected_w", "codes"],
    "z": ["latent", "latents"], "w_avg": ["latent_avg", "mean_latent", "dlatent_avg"],
  ]

  /// The array `name`, or one that people call so, or the only array of a file.
  ///
  /// The last word of a tensor's name counts: projectors keep `latent` beside `noise` under the name
  /// of the picture.
  static func tensor(_ path: String, name: String) throws(ObverseError) -> StoredTensor {
    let file = try CheckpointFile.open(path)
    for name in [name] + (synonyms[name] ?? []) {
      let found = file.tensors.filter {
        $0.name.utf8.split(separator: UInt8(ascii: ".")).last?.elementsEqual(name.utf8) == true
      }
      guard found.count < 2 else {
        throw ObverseError.malformed(
          what: "array \(name)", why: "the file has \(found.count) of it, and one is needed"
        ).inFile(path)
      }
      if let found = found.first { return found.tensor }
    }
    guard file.tensors.count == 1 else {
      throw ObverseError.missingTensor(name).inFile(path)
    }
    return file.tensors[0].tensor
  }
}
