import Foundation

/// A program of this system that a test needs beside ours.
public struct Tool {
  public let code: Int32
  public let output: String
  public let errors: String

  /// Whether the program is installed.
  public static func exists(_ name: String) -> Bool {
    (try? run("bash", ["-c", "command -v \"$0\"", name]).code) == 0
  }

  /// Runs a program that the shell finds, to its end.
  public static func run(
    _ name: String, _ words: [String], folder: String? = nil,
    environment: [String: String]? = nil
  ) throws -> Tool {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [name] + words
    if let folder { process.currentDirectoryURL = URL(filePath: folder) }
    if let environment { process.environment = environment }
    let scratch = try TemporaryFolder()
    let (output, errors) = (
      try scratch.write([], to: "output"), try scratch.write([], to: "errors")
    )
    process.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
    process.standardError = try FileHandle(forWritingTo: URL(filePath: errors))
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    func text(_ path: String) throws -> String {
      String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }
    return Tool(code: process.terminationStatus, output: try text(output), errors: try text(errors))
  }
}
