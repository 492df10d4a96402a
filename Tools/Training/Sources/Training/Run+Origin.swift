import Core
import FoundationEssentials
import Glibc
import Torch

extension Run {
  /// Adds a line to `origin.jsonl`: what program runs here from now on, on what.
  ///
  /// - Parameter device: Where it runs.
  /// - Throws: `cannotCreate`, `inputOutput`.
  public func noteOrigin(device: Device) throws(ObverseError) {
    guard isFirst else { return }
    var facts = [
      ("commit", Self.commit), ("version", Version.number), ("torch", Torch.version),
      ("device", device.rawValue), ("threads", "\(Torch.threads)"), ("processor", Self.processor),
      ("step", "\(trainer.step)"), ("date", Date().ISO8601Format()),
    ]
    if let processes = trainer.processes { facts.append(("processes", "\(processes.count)")) }
    let line = "{" + facts.map { "\"\($0.0)\":\"\($0.1)\"" }.joined(separator: ",") + "}\n"
    let path = "\(folder)/origin.jsonl"
    let old = (try? Bytes(mapping: path))?.array ?? []
    let bytes = old + Array(line.utf8)
    let span = bytes.span
    try AtomicFile.write(span.bytes, to: path)
  }

  /// The commit of the program: what lies in `commit` beside it, else what git says of its folder.
  private static var commit: String {
    guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    else { return "unknown" }
    let folder = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
    if let text = try? String(contentsOfFile: "\(folder)/commit", encoding: .utf8) {
      return word(text)
    }
    let quoted = folder.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''")
    guard let pipe = popen("git -C '\(quoted)' describe --always --dirty 2> /dev/null", "r") else {
      return "unknown"
    }
    var buffer = [CChar](repeating: 0, count: 256)
    let isRead = fgets(&buffer, 255, pipe) != nil
    pclose(pipe)
    let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return isRead ? word(String(decoding: bytes, as: UTF8.self)) : "unknown"
  }

  /// The processor's name, in words that need no quoting.
  private static var processor: String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    let words = line?.split(separator: ":").last?.split(separator: " ").map { word(String($0)) }
    return words.map { $0.joined(separator: " ") } ?? "unknown"
  }

  /// A text that needs no quoting in JSON.
  private static func word(_ text: String) -> String {
    let kept = text.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }
    return kept.isEmpty ? "unknown" : kept
  }
}
