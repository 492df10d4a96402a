import Checkpoint
import Core
import Glibc
import Obverse
import Options
import Page

/// What one image is drawn from.
struct Subject: Sendable {
  enum Origin: Sendable {
    case seed(UInt32)
    /// `[zDim]`.
    case latent([Float])
    /// `[wsCount * wDim]`.
    case projected([Float])
  }

  let origin: Origin
  /// The seed, or the index in the file.
  let number: Int
  /// A class of its own; nil for that of the look.
  var label: Int?

  /// The file's name without suffix, as NVlabs' scripts call it.
  var stem: String {
    switch origin {
    case .seed: "seed" + Format.padded(number, 4)
    case .latent: "latent" + Format.padded(number, 2)
    case .projected: "proj" + Format.padded(number, 2)
    }
  }

  /// The key under which metadata and JSON say `number`.
  var key: String {
    switch origin {
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
  /// - Throws: `resources`; what is wrong with the file of latents.
  func list(for model: Model, imageSeed: UInt32?) throws(ObverseError) -> [Subject]? {
    // This list, its key frames or the subjects of a sheet, and what that grew from.
    try Memory.expectRoom(for: 4 * (count ?? 0) * MemoryLayout<Subject>.stride)
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
      return rows.enumerated().map { Subject(origin: .latent($1), number: $0) }
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
        return Subject(origin: .projected(ws), number: i)
      }
    }
  }

  static func subject(_ seed: UInt32) -> Subject {
    Subject(origin: .seed(seed), number: Int(seed))
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
    // All numbers, then row by row, then for each style layer.
    let most = shapes.map { $0.reduce(1, *) }.max() ?? 0
    let each = most * MemoryLayout<Float>.size + 4 * MemoryLayout<Subject>.stride
    try tensor.expectRoomForFloats()
    try Memory.expectRoom(for: 2 * tensor.count * MemoryLayout<Float>.size + first * each)
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

/// The seeds of `--seeds`: `0,1,4-6`, order and repeats kept.
package enum SeedList {
  /// As many images as one run draws.
  package static let limit = 1_000_000

  /// Reads a list.
  ///
  /// - Throws: `usage` for what is no seed, beyond 32 bits, or more than `limit`.
  package static func parse(_ text: String) throws(ObverseError) -> [UInt32] {
    var seeds: [UInt32] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let item = trimmed(part)
      let ends = item.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
      guard ends.count == 2, !ends[0].isEmpty else {
        seeds.append(try seed(item))
        guard seeds.count <= limit else { throw tooMany(text) }
        continue
      }
      let (first, last) = (try seed(trimmed(ends[0])), try seed(trimmed(ends[1])))
      guard first <= last else {
        throw .usage("range '\(item)' runs backwards", hint: "--seeds \(last)-\(first)")
      }
      guard Int(last - first) < limit - seeds.count else { throw tooMany(text) }
      seeds.append(contentsOf: first...last)
    }
    return seeds
  }

  /// Reads one seed.
  package static func seed(_ text: Substring) throws(ObverseError) -> UInt32 {
    let isDigits = !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
    if isDigits, let seed = UInt32(text) { return seed }
    let isNegative =
      text.hasPrefix("-") && text.utf8.count > 1
      && text.utf8.dropFirst().allSatisfy { (48...57).contains($0) }
    guard isDigits || isNegative else {
      throw .usage("'\(text)' is not a seed", hint: "seeds are written like 0,1,4-6")
    }
    throw .usage("seed \(text) is outside of 0 to 4294967295", hint: nil)
  }

  /// Without the spaces around it.
  package static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
  }

  private static func tooMany(_ text: String) -> ObverseError {
    .usage("--seeds names more than the \(limit) seeds that one run draws", hint: nil)
  }
}

/// Seeds from standard input, one a line.
struct SeedInput {
  /// Longer lines hold no seed.
  private static let longestLine = 1024

  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var isAtEnd = false
  private var lineNumber = 0

  init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  /// The next seed, or nil at the end.
  ///
  /// Empty lines are passed over.
  ///
  /// - Throws: `usage`, naming the line; `cancelled` after Ctrl-C.
  mutating func next() throws(ObverseError) -> UInt32? {
    while let line = try nextLine() {
      let text = SeedList.trimmed(line[...])
      guard !text.isEmpty else { continue }
      do throws(ObverseError) {
        return try SeedList.seed(text)
      } catch {
        throw .usage("line \(lineNumber) of standard input: \(error)", hint: nil)
      }
    }
    return nil
  }

  private mutating func nextLine() throws(ObverseError) -> String? {
    while true {
      if let end = buffer.firstIndex(of: 10) {
        lineNumber += 1
        let line = String(decoding: buffer[..<end], as: UTF8.self)
        buffer.removeSubrange(...end)
        return line
      }
      guard buffer.count <= Self.longestLine else {
        throw .usage(
          "line \(lineNumber + 1) of standard input: longer than \(Self.longestLine) bytes",
          hint: nil)
      }
      if isAtEnd {
        guard !buffer.isEmpty else { return nil }
        buffer.append(10)
        continue
      }
      try fill()
    }
  }

  private mutating func fill() throws(ObverseError) {
    try Interrupt.wait(toRead: descriptor)
    var chunk = [UInt8](repeating: 0, count: 4096)
    let count = unsafe chunk.withUnsafeMutableBytes {
      unsafe read(descriptor, $0.baseAddress, $0.count)
    }
    if count < 0 {
      guard errno == EINTR else {
        throw .inputOutput(path: "standard input", why: ObverseError.reason(errno))
      }
      return
    }
    if count == 0 { isAtEnd = true }
    buffer += chunk[..<count]
  }
}
