import Checkpoint
import Core
import ImageFile
import Obverse
import Options
import Page

/// The form that images take outside.
package enum ImageFormat: String, Sendable, CaseIterable {
  case png, jpeg, ppm, rgb, f32, npy

  /// The format of a file name's suffix.
  package init?(suffix: String) {
    switch suffix {
    case "jpg", "jpeg": self = .jpeg
    case "ppm", "pgm", "pnm": self = .ppm
    default: self.init(rawValue: suffix)
    }
  }

  /// The suffix of a file of ours.
  func suffix(channels: Int) -> String {
    switch self {
    case .jpeg: "jpg"
    case .ppm: channels == 1 ? "pgm" : "ppm"
    default: rawValue
    }
  }

  /// Whether the samples are floats, not clamped to bytes.
  var isFloat: Bool { self == .f32 || self == .npy }

  /// Whether one file can hold several images.
  var holdsMany: Bool { self != .png && self != .jpeg }
}

/// The options that every command with images has, read by `ImageOutput`.
extension CommonOptions {
  static let outdir = Option("outdir", "DIR", "folder, made if absent", preset: "out")
  static let quality = Option("quality", "N", "of jpeg, 1 to 100", preset: "95", rare: true)
  static let noMetadata = Option("no-metadata", nil, "leave out the text chunks", rare: true)
  static let noClobber = Option("no-clobber", nil, "skip files that are there", rare: true)
}

/// Where images go, and in what form.
struct ImageOutput: Sendable {
  let destination: Destination
  let folder: String
  let format: ImageFormat
  let quality: Int
  let hasMetadata: Bool
  let keepsFiles: Bool

  /// `sheet` is the word that asks for one image of all, if there is one.
  init(
    _ parsed: ParsedOptions, subjects: Subjects, sheet: String?
  ) throws(ObverseError) {
    let output = parsed.text("output")
    folder = parsed.text("outdir") ?? "out"
    quality = try parsed.integer("quality", in: 1...100) ?? 95
    hasMetadata = !parsed.has("no-metadata")
    keepsFiles = parsed.has("no-clobber")
    guard !folder.isEmpty, output?.isEmpty != true else {
      throw .usage("an output needs a name", hint: nil)
    }
    format = try Self.format(parsed, output)
    if parsed.has("quality"), format != .jpeg {
      throw .usage("--quality is for jpeg, the output is \(format.rawValue)", hint: nil)
    }
    if let sheet, format.isFloat {
      throw .usage("\(sheet) draws bytes, not \(format.rawValue)", hint: "--format png")
    }
    guard let output else {
      destination = .folder
      return
    }
    guard !output.hasSuffix("/") else {
      throw .usage("'\(output)' is a folder, not a file", hint: "--outdir \(output)")
    }
    destination = try Destination(output)
    if case .pattern = destination {
      guard let sheet else { return }
      throw .usage("\(sheet) makes one image, '\(output)' names many", hint: "-o grid.png")
    }
    // Standard input may give any number of seeds; files of latents are counted when they are read.
    let count = sheet != nil ? 1 : subjects.count
    if case .standardInput = subjects, format == .npy, sheet == nil {
      throw .usage(
        "npy says in front how many images follow, which --seeds - cannot know",
        hint: "--format f32")
    }
    if let count { try check(count: count) }
    if case .standardInput = subjects, sheet == nil { try check(count: 2) }
  }

  /// Refuses several images where one file cannot hold them.
  func check(count: Int) throws(ObverseError) {
    guard destination.isOneFile, count > 1, !format.holdsMany else { return }
    let name = destination.isStandardOutput ? "standard output" : "one file"
    throw .usage(
      "several images in \(name) need ppm, rgb, f32 or npy, not \(format.rawValue)",
      hint: destination.isStandardOutput ? "--format ppm -o -" : "-o face-%04d.\(format.rawValue)")
  }

  /// Refuses image bytes on a terminal.
  func refuseTerminal(_ console: Console) throws(ObverseError) {
    guard destination.isStandardOutput, console.output.isTerminal else { return }
    throw .usage("image bytes would go to this terminal", hint: "leave out -o -, or add > file")
  }

  /// The file of one image.
  func path(_ subject: Subject, channels: Int) -> String {
    switch destination {
    case .folder: Path.join(folder, "\(subject.stem).\(format.suffix(channels: channels))")
    case .pattern(let pattern): pattern.name(subject.number)
    case .file(let path): path
    case .standardOutput: "-"
    }
  }

  /// The file of a contact sheet.
  func sheetPath(channels: Int) -> String {
    switch destination {
    case .file(let path): path
    case .standardOutput: "-"
    case .folder, .pattern: Path.join(folder, "grid.\(format.suffix(channels: channels))")
    }
  }

  /// The file of an image's w: beside the image where each has a file of its own.
  func wPath(_ subject: Subject) -> String {
    guard case .pattern(let pattern) = destination else {
      return Path.join(folder, "\(subject.stem).npz")
    }
    let path = pattern.name(subject.number)
    return Path.join(Path.folder(path), Path.stem(path) + ".npz")
  }

  private static func format(
    _ parsed: ParsedOptions, _ output: String?
  ) throws(ObverseError) -> ImageFormat {
    if let given = parsed.text("format"), let format = ImageFormat(suffix: given) { return format }
    if let given: ImageFormat = try parsed.choice("format") { return given }
    guard let output, output != "-", let suffix = Path.suffix(output) else { return .png }
    guard let format = ImageFormat(suffix: suffix) else {
      throw .usage(
        "'\(output)': no image format has the suffix '\(suffix)'", hint: "add --format png")
    }
    return format
  }
}

/// Where pictures go: into files of their own, or one after the other into one.
enum Destination: Sendable {
  /// `seed0085.png` and so on in a folder.
  case folder
  /// A file for each number.
  case pattern(Pattern)
  /// One file for everything.
  case file(String)
  case standardOutput

  /// What `-o` names: `-`, a pattern with a number, or a file.
  init(_ path: String) throws(ObverseError) {
    let pattern = try Pattern(path)
    self =
      path == "-" ? .standardOutput : pattern.hasNumber ? .pattern(pattern) : .file(pattern.name(0))
  }

  var isStandardOutput: Bool {
    if case .standardOutput = self { true } else { false }
  }

  /// The one file of everything, where that has a name.
  var file: String? {
    if case .file(let path) = self { path } else { nil }
  }

  /// Whether all pictures share one file or standard output.
  var isOneFile: Bool {
    switch self {
    case .file, .standardOutput: true
    case .folder, .pattern: false
    }
  }
}

/// A file name with one number in it, as printf writes it: `face-%04d.png`.
package struct Pattern: Sendable, Equatable {
  private let before: String
  private let after: String
  private let digits: Int
  /// Whether there is a number at all.
  package let hasNumber: Bool

  /// Reads a pattern: at most one `%d`, `%Nd` or `%0Nd`, and `%%` for a percent sign.
  package init(_ text: String) throws(ObverseError) {
    var parts = [""]
    var digits = 0
    var rest = text[...]
    while let character = rest.popFirst() {
      guard character == "%" else {
        parts[parts.count - 1].append(character)
        continue
      }
      if rest.first == "%" {
        rest.removeFirst()
        parts[parts.count - 1].append("%")
        continue
      }
      let width = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(width.count)
      let number = width.isEmpty ? 0 : Int(width)
      guard rest.popFirst() == "d", let number, number <= 20 else {
        throw .usage(
          "'\(text)' is no pattern: only %d, %04d and %% are known",
          hint: "-o face-%04d.png")
      }
      guard parts.count == 1 else {
        throw .usage("'\(text)' has more than one number", hint: "-o face-%04d.png")
      }
      digits = number
      parts.append("")
    }
    before = parts[0]
    after = parts.count > 1 ? parts[1] : ""
    self.digits = digits
    hasNumber = parts.count > 1
  }

  /// The name for one number.
  package func name(_ number: Int) -> String {
    hasNumber ? before + Format.padded(number, digits) + after : before
  }
}

/// An image as the engine leaves it: bytes, or planes of floats, in memory that is used again.
struct DrawnImage: Sendable {
  private let isFloat: Bool
  /// Channels interleaved, rows from the top; empty where planes are drawn.
  private(set) var bytes: [UInt8] = []
  /// A plane for each channel, of -1 to 1; empty where bytes are drawn.
  private(set) var planes: [Float] = []

  /// - Throws: `resources`.
  init(_ model: Model, isFloat: Bool) throws(ObverseError) {
    self.isFloat = isFloat
    let samples = model.resolution * model.resolution * model.imageChannels
    try Memory.expectRoom(for: samples * (isFloat ? 4 : 1))
    if isFloat {
      planes = Array(repeating: 0, count: samples)
    } else {
      bytes = Array(repeating: 0, count: samples)
    }
  }

  /// Whether all bytes are equal, or no number is finite.
  var isBlank: Bool {
    isFloat ? !planes.contains(where: \.isFinite) : bytes.allSatisfy { $0 == bytes[0] }
  }

  mutating func draw(
    _ ws: [Float], _ noise: NoiseMode, _ generator: Generator
  ) throws(ObverseError) {
    if isFloat {
      try generator.synthesize(ws: ws, noise: noise, into: &planes)
    } else {
      try generator.synthesize(ws: ws, noise: noise, into: &bytes)
    }
  }

  /// The planes as they lie in files, behind what stands in front of them.
  fileprivate func littleEndian(behind header: [UInt8] = []) throws(ObverseError) -> [UInt8] {
    try Memory.expectRoom(for: header.count + 4 * planes.count)
    var file = header
    file.reserveCapacity(header.count + 4 * planes.count)
    unsafe planes.withUnsafeBytes { unsafe file.append(contentsOf: $0) }
    return file
  }
}

/// From drawn images to the bytes of files.
struct Encoding: Sendable {
  let format: ImageFormat
  let quality: Int
  let hasMetadata: Bool
  let side: Int
  let channels: Int

  init(_ output: ImageOutput, _ model: Model) throws(ObverseError) {
    format = output.format
    quality = output.quality
    hasMetadata = output.hasMetadata
    side = model.resolution
    channels = model.imageChannels
    if format == .jpeg || format == .ppm, channels == 2 || channels == 4 {
      throw .request(
        "\(format.rawValue) holds no alpha, and this model draws \(channels) channels",
        hint: "--format png")
    }
  }

  /// The file of a single image.
  func file(
    _ image: DrawnImage, chunks: [(key: String, value: String)]
  ) throws(ObverseError) -> [UInt8] {
    format.isFloat
      ? try image.littleEndian(behind: header(count: 1))
      : try file(
        Pixels(width: side, height: side, channels: channels, bytes: image.bytes), chunks: chunks)
  }

  /// The file of pixels, single image or sheet.
  func file(
    _ pixels: Pixels, chunks: [(key: String, value: String)]
  ) throws(ObverseError) -> [UInt8] {
    let xmp = hasMetadata ? XMP.synthetic : nil
    return switch format {
    case .png: try PNG.encode(pixels, text: hasMetadata ? chunks : [], xmp: xmp)
    case .jpeg: try JPEG.encode(pixels, quality: quality, xmp: xmp)
    case .ppm: try PPM.encode(pixels)
    case .rgb, .f32, .npy: pixels.bytes
    }
  }

  /// What stands in front of `count` images in one file.
  func header(count: Int) -> [UInt8] {
    format == .npy ? NumPy.npyHeader(shape: [count, channels, side, side]) : []
  }

  /// One image among several in one file.
  func piece(_ image: DrawnImage) throws(ObverseError) -> [UInt8] {
    format.isFloat ? try image.littleEndian() : try file(image, chunks: [])
  }
}
