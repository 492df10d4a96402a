import Core
import Glibc

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
