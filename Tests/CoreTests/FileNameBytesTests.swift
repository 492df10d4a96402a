import Core
import Glibc
import Support
import Testing

struct FileNameBytesTests {
  @Test(arguments: [
    "", "faces.obv", "a/b c/ä€😀.obv", "e\u{301}", "\u{f8ff}", "\u{10ff7f}", "\u{fffd}",
  ])
  func keepsTextAsItIs(name: String) {
    #expect(String(fileName: Array(name.utf8)).utf8.elementsEqual(name.utf8))
    #expect(name.fileNameBytes == Array(name.utf8))
    #expect(name.showingFileNameBytes.utf8.elementsEqual(name.utf8))
  }

  /// Latin-1, a cut character, overlong and surrogate encodings, and the scalars themselves that
  /// stand for bytes.
  static let odd: [[UInt8]] = [
    [0x66, 0xE9, 0x65], [0xE2, 0x82], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xFF, 0xFE, 0x80],
    Array("a\u{10ff80}b\u{10ffff}".utf8), [0xF4, 0x8F, 0xBE], [0xF4, 0x8F, 0xBF, 0xA9, 0xE9],
  ]

  @Test(arguments: odd)
  func givesBackBytesThatAreNoText(bytes: [UInt8]) {
    #expect(String(fileName: bytes).fileNameBytes == bytes)
  }

  @Test func givesBackAnyBytes() {
    var random = RandomState(seed: 7)
    var names = Set<String>()
    for _ in 0..<2000 {
      let word = random.nextWord()
      // Bytes that often begin or continue a character.
      let bytes = (0..<Int(word % 12)).map { _ -> UInt8 in
        let word = random.nextWord()
        return [0xF4, 0x8F, 0xBE, 0xBF, 0xE9, 0x80, 0x41, UInt8(word >> 24) | 1][Int(word % 8)]
      }
      let name = String(fileName: bytes)
      #expect(name.fileNameBytes == bytes)
      names.insert(name)
    }
    #expect(names.count > 1000, "different bytes are different names")
  }

  @Test func showsBytesForPeople() {
    let name = String(fileName: [0x66, 0xE9, 0x65])
    #expect(name.showingFileNameBytes == #"f\xE9e"#)
    #expect("\(ObverseError.missing(path: name))" == #"'f\xE9e': no such file"#)
  }

  @Test func opensWhatTheBytesName() throws {
    let folder = try TemporaryFolder()
    let name = String(fileName: Array("\(folder.path)/f".utf8) + [0xE9, 0xFF])
    try [1 as UInt8, 2, 3].withUnsafeBytes { try AtomicFile.write($0.bytes, to: name) }
    #expect(try Bytes(mapping: name).count == 3)
    let raw: [CChar] = Array("\(folder.path)/f".utf8).map { CChar(bitPattern: $0) } + [-23, -1, 0]
    #expect(access(raw, F_OK) == 0)
  }
}
