import Core
import Foundation
import Torch

extension Run {
  /// Adds a line to `origin.jsonl`: what program runs here from now on, on what.
  ///
  /// - Parameter device: Where it runs.
  /// - Throws: `cannotCreate`, `inputOutput`.
  public func noteOrigin(device: Device) throws(ObverseError) {
    let facts = [
      ("commit", Self.commit), ("version", Version.number), ("torch", Torch.version),
      ("device", device.rawValue), ("threads", "\(Torch.threads)"),
      ("step", "\(trainer.step)"), ("date", Date().ISO8601Format()),
    ]
    let line = "{" + facts.map { "\"\($0.0)\":\"\($0.1)\"" }.joined(separator: ",") + "}\n"
    let path = "\(folder)/origin.jsonl"
    let old = (try? Bytes(mapping: path))?.array ?? []
    let bytes = old + Array(line.utf8)
    let span = bytes.span
    try AtomicFile.write(span.bytes, to: path)
  }

  /// The commit of the program: what lies in `commit` beside it, else what git says of its folder.
  private static var commit: String {
    let program = URL(filePath: CommandLine.arguments.first ?? "").resolvingSymlinksInPath()
    let folder = program.deletingLastPathComponent()
    if let text = try? String(contentsOf: folder.appending(path: "commit"), encoding: .utf8) {
      return text.filter { $0.isHexDigit || $0 == "-" || $0.isLetter }
    }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["git", "-C", folder.path, "describe", "--always", "--dirty"]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return "unknown" }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = String(decoding: data, as: UTF8.self).filter { !$0.isWhitespace && $0 != "\"" }
    return text.isEmpty ? "unknown" : text
  }
}
