import Checkpoint

/// A generator in a checkpoint: where it is, and whose names its tensors have.
struct GeneratorPlace {
  enum Vocabulary { case rosinality, nvlabs }

  /// What stands in front of its tensors' names, with the dot at the end.
  let prefix: String
  let vocabulary: Vocabulary
  var spelling: Spelling
  /// The place as people name it: `G_ema`, `Gs`, without the words of wrappers;
  /// empty for a bare one.
  let key: String

  init(prefix: String, vocabulary: Vocabulary, spelling: Spelling, name: String? = nil) {
    self.prefix = prefix
    self.vocabulary = vocabulary
    self.spelling = spelling
    let own = TensorOrigins.unwrapped(prefix.dropLast())
    key = name ?? (TensorOrigins.wrappers.contains(own[...]) ? "" : own)
  }

  /// The place for a sentence.
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
