import Checkpoint
import Core

/// A generator in a checkpoint: where it is, and whose names its tensors have.
struct FoundGenerator {
  enum Vocabulary { case rosinality, nvlabs }

  /// What stands in front of its tensors' names, with the dot at the end.
  let prefix: String
  let vocabulary: Vocabulary
  var spelling: Spelling
  /// It as people name it: `G_ema`, `Gs`, without the words of wrappers;
  /// empty for a bare one.
  let key: String

  init(prefix: String, vocabulary: Vocabulary, spelling: Spelling, name: String? = nil) {
    self.prefix = prefix
    self.vocabulary = vocabulary
    self.spelling = spelling
    let own = TensorOrigins.unwrapped(prefix.dropLast())
    key = name ?? (TensorOrigins.wrappers.contains(own[...]) ? "" : own)
  }

  /// Its name for a sentence.
  var words: String { key.isEmpty ? "a bare one" : key }

  /// Words by which people call the moving average of a generator.
  private static let averages: Set<String> = [
    "ema", "gema", "running", "shadow", "averaged", "average", "avg", "gs", "smooth", "smoothed",
    "swa", "polyak", "mean", "moving", "ma", "smoothing", "target",
  ]

  /// Whether a word of its key says that it is the moving average: `generator_ema`, `g_running`,
  /// `Gs`, `gen_shadow`, `netG_ema`.
  var isAveraged: Bool { key.words.contains { Self.averages.contains($0) } }

  /// Which of several is taken where nobody asks: the lowest.
  var rank: Int {
    let last = key.split(separator: ".").last?.lowercased() ?? ""
    if last == "g_ema" { return 0 }
    if isAveraged { return 1 }
    if key.isEmpty { return 2 }
    return last == "g" ? 3 : 4
  }
}

extension String {
  /// Words in small letters, parted by signs and where a capital follows a small letter.
  fileprivate var words: [String] {
    var words: [String] = []
    var word = ""
    var wasSmall = false
    for scalar in unicodeScalars {
      let isLetter = scalar.properties.isAlphabetic
      let isCapital = scalar.properties.isUppercase
      if !isLetter || isCapital && wasSmall {
        if !word.isEmpty { words.append(word.lowercased()) }
        word = ""
      }
      if isLetter { word.unicodeScalars.append(scalar) }
      wasSmall = isLetter && !isCapital
    }
    if !word.isEmpty { words.append(word.lowercased()) }
    return words
  }
}

/// Finds the generator that was asked for among all that a checkpoint holds.
struct GeneratorFinder {
  let file: CheckpointFile

  /// Why one of several generators is taken.
  enum Reason: String {
    case askedFor = "it was asked for"
    case average = "its name says that it is the average"
    case bare = "the others are wrapped"
    case first = "no name says which one is the average"
  }

  /// The generator that is taken, and all that were found.
  struct Finding {
    let generator: FoundGenerator
    /// Keys of all generators in file order.
    let found: [String]
    /// Why this one.
    let reason: Reason
  }

  private typealias Anchor = (
    name: String, vocabulary: FoundGenerator.Vocabulary, spelling: Spelling
  )

  /// Tensors that no generator lacks, the surest first.
  ///
  /// The second row serves a file whose constant is missing, so that the error can name it.
  private static let anchors: [[Anchor]] = [
    [
      ("synthesis.b4.const", .nvlabs, .plain), ("input.input", .rosinality, .plain),
      ("constant_input.input", .rosinality, .mmgeneration),
      ("synthesis.4x4.Const.const", .nvlabs, .tensorFlow),
      ("constant_input.weight", .rosinality, .basicSR),
    ],
    [
      ("synthesis.b4.conv1.weight", .nvlabs, .plain), ("conv1.conv.weight", .rosinality, .plain),
      ("mapping.fc0.weight", .nvlabs, .plain),
      ("synthesis.4x4.Conv.weight", .nvlabs, .tensorFlow),
    ],
  ]

  /// The generator of this key, or where nobody asks for one the one that is the average by its name.
  ///
  /// - Parameter key: Such as `g_ema`, `G` or `state_dict.generator`; nil where nobody asks.
  /// - Returns: The generator, and why it was taken.
  /// - Throws: `noGenerator`; `refused` where code that was not run would have made it;
  ///   `unsupported` for families that are not read, and for a key that no generator has or several.
  func find(_ key: String?) throws(ObverseError) -> Finding {
    try file.refuseForeignFamilies()
    let generators = try generators()
    func finding(_ generator: FoundGenerator, _ reason: Reason) -> Finding {
      var generator = generator
      if PaddleGAN(file, generator.prefix, generator.vocabulary).isPaddle {
        generator.spelling = .paddle
      }
      return Finding(generator: generator, found: generators.map(\.words), reason: reason)
    }
    if let key { return finding(try asked(key, generators), .askedFor) }
    let best = generators.enumerated().min {
      ($0.element.rank, $0.element.key.utf8.count { $0 == 0x2e }, $0.offset)
        < ($1.element.rank, $1.element.key.utf8.count { $0 == 0x2e }, $1.offset)
    }?.element
    if best == nil || (best?.rank ?? 0) > 0 {
      for path in ["g_ema", "G_ema"] {
        if let maker = file.placeholders[path] { throw ObverseError.unmade(path, by: maker) }
      }
    }
    guard let best else {
      for path in ["g", "G", "", "generator", "state_dict"] {
        if let maker = file.placeholders[path] {
          throw ObverseError.unmade(path.isEmpty ? "its content" : path, by: maker)
        }
      }
      throw .noGenerator(found: contents)
    }
    return finding(best, best.rank < 2 ? .average : best.rank == 2 ? .bare : .first)
  }

  /// The generator that a key names: as it is written, else in any case, else without what wraps it.
  private func asked(
    _ key: String, _ generators: [FoundGenerator]
  ) throws(ObverseError) -> FoundGenerator {
    let small = key.lowercased()
    let ways: [(FoundGenerator) -> Bool] = [
      { $0.key == key || $0.prefix.dropLast() == key },
      { $0.key.lowercased() == small },
      { $0.key.hasSuffix(".\(key)") },
      { $0.key.lowercased().hasSuffix(".\(small)") },
    ]
    for way in ways {
      let fitting = generators.filter(way)
      if fitting.count > 1 {
        throw .unsupported(
          what: "generator '\(key)'",
          why: "it names several generators: \(ObverseError.listed(fitting.map(\.words)))",
          hint: nil)
      }
      if let generator = fitting.first { return generator }
    }
    for path in [key, small, small == "g" ? "G" : "G_ema"] {
      if let maker = file.placeholders[path] { throw ObverseError.unmade(path, by: maker) }
    }
    guard !generators.isEmpty else { throw .noGenerator(found: contents) }
    throw .unsupported(
      what: "generator '\(key)'",
      why: "no generator in the file is called so; it holds "
        + ObverseError.listed(generators.map(\.words), atMost: 12),
      hint: NextStep.takeTheAverage.rawValue)
  }

  /// More than any checkpoint holds; each is named in the report.
  private static let mostGenerators = 256

  /// Keys of all generators in file order; none where they are too many.
  var keys: [String] { ((try? generators()) ?? []).map(\.words) }

  /// All generators, in file order.
  private func generators() throws(ObverseError) -> [FoundGenerator] {
    // What is named and cannot be read counts too, so that the sentence is about it.
    let names = file.tensors.map(\.name) + file.placeholders.keys.sorted()
    let networks = networkNames
    for anchors in Self.anchors {
      var found: [FoundGenerator] = []
      var prefixes: Set<String> = []
      for name in names {
        for anchor in anchors {
          guard let prefix = TensorOrigins.prefix(of: name, before: anchor.name) else { continue }
          guard prefix.isEmpty || prefix.hasSuffix("."), prefixes.insert(prefix).inserted else {
            continue
          }
          guard found.count < Self.mostGenerators else {
            throw .tooLarge(
              what: "the number of generators in the file", found: UInt64(found.count + 1),
              limit: UInt64(Self.mostGenerators))
          }
          found.append(
            FoundGenerator(
              prefix: prefix, vocabulary: anchor.vocabulary, spelling: anchor.spelling,
              name: networks[String(prefix.dropLast())]))
        }
      }
      if !found.isEmpty { return found }
    }
    return []
  }

  /// What networks of TensorFlow are called that have only a number in the file: theirs is a tuple of
  /// G, D and Gs, as NVlabs' `misc.save_pkl((G, D, Gs), …)` writes it.
  private var networkNames: [String: String] {
    let order = ["0": "G", "1": "D", "2": "Gs"]
    guard order.keys.allSatisfy({ file.modules[$0] == CheckpointFile.tensorFlowNetwork }) else {
      return [:]
    }
    return order
  }

  /// What the file holds in place of a generator, by its outermost names.
  private var contents: [String] {
    var counts: [(name: String, count: Int)] = []
    var indices: [String: Int] = [:]
    for entry in file.tensors {
      let name = String(entry.name.prefix { $0 != "." })
      if let index = indices[name] {
        counts[index].count += 1
      } else {
        indices[name] = counts.count
        counts.append((name, 1))
      }
    }
    var found = counts.prefix(8).map {
      $0.count == 1 ? $0.name : "\($0.name) (\($0.count) tensors)"
    }
    if counts.count > 8 { found.append("\(counts.count - 8) more") }
    return found
  }
}
