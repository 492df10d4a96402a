import Checkpoint
import Converter
import Core
import Glibc
import ImageFile
import ModelFile
import Obverse

/// A rule that an input made the code break without ending the process.
struct Violation: Error {
  let what: String
}

/// Gives an input to its reader and to everything that comes after a reader.
struct Trial {
  enum Outcome: Int, CaseIterable {
    /// Converted and drawn, where it is a network.
    case read
    /// Opened, and no network that can be converted.
    case opened
    case refused
  }

  private let input: Input
  /// Where readers that take names find the input.
  private let folder: String
  private let number: Int
  private var isOpen = false

  /// Longest sentence that a terminal should be made to show.
  private static let longestSentence = 10_000

  /// Whether this input is read from its file; the others are read from memory, which is quicker.
  static func asksForFile(_ input: Input, number: Int) -> Bool {
    input.isFolder
      || ![.png, .jpeg, .obv].contains(input.reader) && number % 8 == 0
  }

  static func run(_ input: Input, number: Int, in folder: String) throws(Violation) -> (
    Outcome, ObverseError?
  ) {
    var trial = Trial(input: input, folder: folder, number: number)
    do throws(ObverseError) {
      try trial.run()
      return (.read, nil)
    } catch {
      try check(error)
      return (trial.isOpen ? .opened : .refused, error)
    }
  }

  private init(input: Input, folder: String, number: Int) {
    self.input = input
    self.folder = folder
    self.number = number
  }

  private static func check(_ error: ObverseError) throws(Violation) {
    guard error.exitCode == 65 || error.exitCode == 66 else {
      throw Violation(what: "exit code \(error.exitCode): \(error)")
    }
    for text in [error.description, error.hint].compactMap({ $0 }) {
      guard !text.isEmpty else { throw Violation(what: "an error without words: \(error.word)") }
      guard text.utf8.count <= longestSentence else {
        throw Violation(what: "a sentence of \(text.utf8.count) bytes: \(text.prefix(200))…")
      }
      let bad = text.unicodeScalars.first { scalar in
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .format, .surrogate: true
        default: false
        }
      }
      if let bad {
        throw Violation(
          what: "a sentence with U+\(String(bad.value, radix: 16)): \(text.debugDescription)")
      }
    }
  }

  private mutating func run() throws(ObverseError) {
    switch input.reader {
    case .png:
      let bytes = Bytes(input.files[0].bytes)
      // Texts do not need the pixels to be sound, nor the other way round.
      _ = try? PNG.text(bytes)
      _ = try PNG.decode(bytes)
    case .jpeg: _ = try JPEG.decode(Bytes(input.files[0].bytes))
    case .obv: try model(try ModelFile.read(Bytes(input.files[0].bytes)))
    default: try checkpoint()
    }
  }

  private mutating func checkpoint() throws(ObverseError) {
    let file: CheckpointFile
    if input.isFolder {
      file = try CheckpointFile.open(folder)
    } else if Self.asksForFile(input, number: number) {
      // As users have it: from a mapped file.
      file = try CheckpointFile.open("\(folder)/input")
    } else {
      // In memory of its very size, where the sanitizer sees one byte too many.
      file = try inFile { () throws(ObverseError) in
        try CheckpointFile.read(Bytes(input.files[0].bytes), path: "\(folder)/input")
      }
    }
    if number % 16 == 0, !input.isFolder {
      _ = try? CheckpointFile.pickleListing("\(folder)/input", limit: 10_000)
    }
    isOpen = true
    for (_, tensor) in file.tensors { _ = tensor.sha256 }
    for (_, tensor) in file.tensors.prefix(4) { _ = tensor.floats }
    let conversion = try Converter.convert(file, request)
    try model(try reread(conversion.description))
  }

  private var request: ConversionRequest {
    ConversionRequest(
      wAverageSamples: 1, type: number % 3 == 0 ? .float16 : .float32,
      hashesSource: number % 8 == 0)
  }

  /// What was converted must be a model by the model file's own rules.
  private func reread(_ model: ModelDescription) throws(ObverseError) -> ModelDescription {
    let bytes = try ModelFile.encode(model)
    do throws(ObverseError) {
      return try ModelFile.read(Bytes(bytes))
    } catch {
      throw .bug("a model that was just written is refused: \(error)")
    }
  }

  /// Hashes, converts and draws a model that was accepted.
  private func model(_ description: ModelDescription) throws(ObverseError) {
    _ = description.hashedWeights
    if number % 4 == 0 {
      _ = try reread(try Converter.convert(description, request).description)
    }
    // The kernels trust their plan, so a model that passes must also draw.
    guard description.resolution <= 64, number % 2 == 0 else { return }
    let generator = try Generator(try Model(description), threads: 1)
    let image = try generator.face(seed: 85, label: description.cDim > 0 ? 0 : nil)
    let side = description.resolution
    guard image.pixels.count == side * side * description.imageChannels else {
      throw .bug("a picture of \(image.pixels.count) bytes")
    }
  }

  private func inFile<R>(_ body: () throws(ObverseError) -> R) throws(ObverseError) -> R {
    do { return try body() } catch { throw error.inFile("\(folder)/input") }
  }
}
