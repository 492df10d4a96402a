import CSystem

/// Everything that a user, a file or the machine can cause to go wrong.
///
/// A case carries facts. The sentence, the stable word, the exit code and the hint are each derived
/// from it here and nowhere else.
public enum ObverseError: Error, Equatable, Sendable {
  /// No file has this name.
  case missing(path: String)
  /// The file is there and cannot be read.
  case unreadable(path: String, why: String)
  /// The file has no bytes.
  case empty(path: String)
  /// The file is of another kind than `.obv`.
  case notModel(found: ForeignFile)
  /// The file's format number is newer than this program.
  case newerFormat(found: Int, newest: Int)
  /// Something reaches past the end of its file.
  case truncated(what: String, needs: UInt64, fileHas: UInt64)
  /// A file breaks the rules of its format.
  case malformed(what: String, why: String)
  /// A file is well-formed and holds what we do not read; `hint` is a next step, if there is one.
  case unsupported(what: String, why: String, hint: String?)
  /// A value that must be a tensor would be made by code that is not run.
  case refused(what: String, name: String)
  /// A file asks for more than a reader allows.
  case tooLarge(what: String, found: UInt64, limit: UInt64)
  /// A checkpoint holds no generator.
  case noGenerator(found: [String])
  /// A checkpoint lacks a tensor.
  case missingTensor(String)
  /// A tensor does not fit its layer; `why` says what asks for the shape.
  case shape(tensor: String, expected: [Int], found: [Int], why: String)
  /// An option or value is wrong.
  case usage(String, hint: String?)
  /// A request that this model cannot fulfil.
  case request(String, hint: String?)
  /// A comparison went beyond a limit that the user set.
  case limitPassed(String)
  /// An output cannot be made.
  case cannotCreate(path: String, why: String)
  /// Reading or writing failed half-way.
  case inputOutput(path: String, why: String)
  /// Memory or threads cannot be had.
  case resources(String)
  /// The user asked to stop.
  case cancelled
  /// The reader of standard output went away.
  case closedPipe
  /// Our own mistake.
  case bug(String)
  /// An error that happened while reading `path`.
  indirect case inFile(path: String, ObverseError)

  /// The same error, saying in which file.
  public func inFile(_ path: String) -> ObverseError {
    switch self {
    case .missing, .unreadable, .empty, .inFile, .cannotCreate, .inputOutput, .cancelled,
      .closedPipe, .bug, .usage, .resources, .limitPassed:
      self
    default: .inFile(path: path, self)
    }
  }

  /// The error of a failed `open`.
  public static func opening(_ path: String, _ code: Int32) -> ObverseError {
    if error_is_missing(code) != 0 { return .missing(path: path) }
    if error_is_memory(code) != 0 { return .resources("there is no memory to read '\(path)'") }
    return .unreadable(path: path, why: reason(code))
  }

  /// The system's words for an error number, in lower case.
  public static func reason(_ code: Int32) -> String {
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    var words = Array(unsafe String(cString: text).utf8)
    // By hand: Unicode's tables of capitals would be a part of the C library for this letter alone.
    if let first = words.first, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) {
      words[0] = first + 32
    }
    return String(decoding: words, as: UTF8.self)
  }
}

extension ObverseError: CustomStringConvertible {
  /// One sentence, in lower case, without a full stop.
  ///
  /// Names come from files that nobody vouches for: what would break the line or move a terminal's
  /// cursor is written as an escape, and what is too long to be read loses its middle.
  public var description: String { sentence.onOneLine }

  private var sentence: String {
    switch self {
    case .missing(let path): "'\(path)': no such file"
    case .unreadable(let path, let why): "cannot read '\(path)': \(why)"
    case .empty(let path): "'\(path)': the file is empty"
    case .notModel(let found): "this is \(found.name), not an .obv file"
    case .newerFormat(let found, let newest):
      "format \(found) is newer than this program reads (1 to \(newest))"
    case .truncated(let what, let needs, let has):
      "\(what) needs \(needs) bytes, the file has \(has)"
    case .malformed(let what, let why): "\(what): \(why)"
    case .unsupported(let what, let why, _): "\(what): \(why)"
    case .refused(let what, let name):
      "\(what) is made by '\(name)', which builds no tensor; nothing was run"
    case .tooLarge(let what, let found, let limit):
      "\(what) is \(found), more than the \(limit) that are read"
    case .noGenerator(let found):
      found.isEmpty
        ? "no StyleGAN2 generator inside"
        : "no StyleGAN2 generator inside; it holds \(found.joined(separator: ", "))"
    case .missingTensor(let name): "tensor \(name) is not in the file"
    case .shape(let tensor, let expected, let found, let why):
      "tensor \(tensor) is \(found.brackets), \(why) \(expected.brackets)"
    case .usage(let text, _): text
    case .request(let text, _): text
    case .limitPassed(let text): text
    case .cannotCreate(let path, let why): "cannot create '\(path)': \(why)"
    case .inputOutput(let path, let why): "'\(path)': \(why)"
    case .resources(let what): what
    case .cancelled: "interrupted"
    case .closedPipe: "standard output was closed by its reader"
    case .bug(let what): "\(what); this is a bug of ours, please report it"
    case .inFile(let path, let error): "'\(path)': \(error)"
    }
  }

  /// A next step, to be printed after `hint: `.
  public var hint: String? {
    switch self {
    case .unsupported(_, _, let hint), .usage(_, let hint), .request(_, let hint): hint
    case .notModel(let found): found.hint
    case .inFile(let path, .notModel(let found)) where found.isCheckpoint:
      "obverse convert \(path) -o face.obv"
    case .inFile(_, let error): error.hint
    default: nil
    }
  }

  /// A stable word for machines.
  public var word: String {
    switch self {
    case .missing: "file-missing"
    case .unreadable: "file-unreadable"
    case .empty: "file-empty"
    case .notModel: "model-magic"
    case .newerFormat: "model-version"
    case .truncated: "truncated"
    case .malformed: "malformed"
    case .unsupported: "unsupported"
    case .refused: "refused"
    case .tooLarge: "too-large"
    case .noGenerator: "no-generator"
    case .missingTensor: "tensor-missing"
    case .shape: "tensor-shape"
    case .usage: "usage"
    case .request: "request"
    case .limitPassed: "limit-passed"
    case .cannotCreate: "cannot-create"
    case .inputOutput: "input-output"
    case .resources: "resources"
    case .cancelled: "cancelled"
    case .closedPipe: "closed-pipe"
    case .bug: "bug"
    case .inFile(_, let error): error.word
    }
  }

  /// The program's exit code, after sysexits(3) where that has one.
  public var exitCode: Int32 {
    switch self {
    case .limitPassed: 1
    case .usage, .request: 64
    case .empty, .notModel, .newerFormat, .truncated, .malformed, .unsupported, .refused,
      .tooLarge, .noGenerator, .missingTensor, .shape:
      65
    case .missing, .unreadable: 66
    case .bug: 70
    case .resources: 71
    case .cannotCreate: 73
    case .inputOutput: 74
    case .cancelled: 130
    case .closedPipe: 141
    case .inFile(_, let error): error.exitCode
    }
  }
}

extension String {
  /// Bytes of the longest sentence, and of its end where the middle is left out.
  private static let longest = 800
  private static let longestEnd = 200

  /// The text without control characters and of bounded length.
  fileprivate var onOneLine: String {
    guard utf8.count > Self.longest || !utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) else {
      return self
    }
    guard utf8.count <= Self.longest else {
      // Bytes, since one character can be of any length; a cut one becomes U+FFFD.
      let head = String(decoding: utf8.prefix(Self.longest - Self.longestEnd), as: UTF8.self)
      let tail = String(decoding: utf8.suffix(Self.longestEnd), as: UTF8.self)
      return "\(head.printable)…\(tail.printable)"
    }
    return printable
  }
}

extension [Int] {
  /// `[3,64,1,1]`, as checkpoints' authors write shapes.
  public var brackets: String {
    "[" + map(String.init).joined(separator: ",") + "]"
  }
}
