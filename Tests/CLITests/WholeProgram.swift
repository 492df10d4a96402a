import Foundation
import Support

/// The built program, run as users run it.
struct WholeProgram {
  /// It lies beside the tests.
  static let path: String =
    URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appending(path: "obverse").path(percentEncoded: false)

  let code: Int32
  let output: Data
  let errors: String

  var lines: [String] {
    String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// Runs to the end.
  init(
    _ words: String..., folder: String? = nil, input: String? = nil,
    environment: [String: String] = [:]
  ) throws {
    try self.init(words: words, folder: folder, input: input, environment: environment)
  }

  init(
    words: [String], folder: String? = nil, input: String? = nil,
    environment: [String: String] = [:]
  ) throws {
    let process = Self.process(words, folder: folder, environment: environment)
    let scratch = try TemporaryFolder()
    // Files, since a pipe holds no more than 64 kB while nobody reads it.
    let outputPath = try scratch.write([], to: "output")
    let errorsPath = try scratch.write([], to: "errors")
    process.standardOutput = try FileHandle(forWritingTo: URL(filePath: outputPath))
    process.standardError = try FileHandle(forWritingTo: URL(filePath: errorsPath))
    let inputPath = try scratch.write(Array((input ?? "").utf8), to: "input")
    process.standardInput = try FileHandle(forReadingFrom: URL(filePath: inputPath))
    try process.run()
    process.waitUntilExit()
    code = process.terminationStatus
    output = try Data(contentsOf: URL(filePath: outputPath))
    errors = String(decoding: try Data(contentsOf: URL(filePath: errorsPath)), as: UTF8.self)
  }

  /// A process that is yet to run.
  static func process(
    _ words: [String], folder: String?, environment: [String: String] = [:]
  ) -> Process {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = words
    process.environment = environment
    // A sanitizer takes globals that are made once for leaks, unless its settings say otherwise.
    if let settings = ProcessInfo.processInfo.environment["ASAN_OPTIONS"] {
      process.environment?["ASAN_OPTIONS"] = settings
    }
    if let folder { process.currentDirectoryURL = URL(filePath: folder) }
    return process
  }

  /// The output as a JSON object.
  func object() throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: output) as? [String: Any] ?? [:]
  }
}

/// A folder with `net.obv`, converted from a fixture.
struct ModelFolder {
  let folder: TemporaryFolder
  let fixture: Fixture

  init(_ name: String) throws {
    folder = try TemporaryFolder()
    fixture = try Fixture.named(name)
    let run = try WholeProgram(
      "convert", fixture.checkpoint, "-o", "net.obv", "--w-avg-samples", "16",
      folder: folder.path)
    guard run.code == 0 else { throw Failure(description: run.errors) }
  }

  /// Generates in the folder.
  func generate(_ words: String..., input: String? = nil) throws -> WholeProgram {
    try run(["generate", "-m", "net.obv"] + words, input: input)
  }

  func run(_ words: [String], input: String? = nil) throws -> WholeProgram {
    try WholeProgram(words: words, folder: folder.path, input: input)
  }

  func data(_ name: String) throws -> Data {
    try Data(contentsOf: URL(filePath: folder.path + "/" + name))
  }

  /// Names of the files in a folder, hidden ones too.
  func files(_ name: String = "out") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path + "/" + name).sorted()
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }
}
