import Core
import Foundation
import Support
import Testing

struct MemoryTests {
  /// Kilobytes of the memory at `address` that are in this process, as the kernel says.
  private func resident(at address: UInt) throws -> Int? {
    let maps = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps")).readToEnd()
    let lines = String(decoding: maps ?? Data(), as: UTF8.self).split(separator: "\n")
    let start = lines.firstIndex { $0.hasPrefix(String(address, radix: 16) + "-") }
    return start.flatMap { start in
      lines[start...].first { $0.hasPrefix("Rss:") }.flatMap { Int($0.filter(\.isNumber)) }
    }
  }

  /// The pages of a mapped file are given back, and are the file's again when they are read.
  @Test func forgetsThePagesOfAFile() throws {
    let folder = try TemporaryFolder()
    let content = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
    let bytes = try Bytes(mapping: folder.write(content, to: "content"))
    #expect(bytes.array == content)
    let address = unsafe bytes.withUnsafeBytes { unsafe UInt(bitPattern: $0.baseAddress) }
    #expect(try resident(at: address) == 1024)
    bytes.owner.forgetPages()
    #expect(try resident(at: address) == 0)
    #expect(bytes.array == content)
  }

  /// Other memory has nobody to be read from again.
  @Test func keepsWhatIsOfNoFile() {
    let content = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 5) }
    let bytes = Bytes(content)
    bytes.owner.forgetPages()
    #expect(bytes.array == content)
  }
}
