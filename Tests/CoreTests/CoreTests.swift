import Core
import Glibc
import Support
import Testing

struct SHA256Tests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func agreesWithTheStandard(text: String, digest: String) {
    #expect(Bytes(Array(text.utf8)).withSpan { SHA256.hex($0) } == digest)
  }

  @Test func piecesGiveTheWholesDigest() {
    let message = Bytes((0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    let whole = message.withSpan { SHA256.hex($0) }
    for step in [1, 3, 63, 64, 65, 200] {
      var hash = SHA256()
      for at in stride(from: 0, to: 1000, by: step) {
        message.slice(at: at, count: min(step, 1000 - at))?.withSpan { hash.update($0) }
      }
      #expect(hash.finish() == whole, "step \(step)")
    }
  }
}

struct HalfTests {
  /// Every bit pattern widens as the compiler's own Float16 does, and comes back.
  @Test func widensAndRoundsAsTheHardware() {
    for bits in UInt16.min...UInt16.max {
      let wide = Half.float(fromFloat16: bits)
      let expected = Float(Float16(bitPattern: bits))
      #expect(wide.bitPattern == expected.bitPattern || wide.isNaN && expected.isNaN)
      if !wide.isNaN { #expect(Half.float16(from: wide) == bits) }
    }
  }

  @Test func roundsToNearestEven() {
    var state: UInt32 = 1
    for _ in 0..<200_000 {
      state = state &* 1_664_525 &+ 1_013_904_223
      // Exponents around binary16's own range.
      let value = Float(bitPattern: (state & 0x807f_ffff) | (UInt32(90 + (state >> 8) % 60) << 23))
      #expect(Half.float16(from: value) == Float16(value).bitPattern, "\(value)")
    }
  }
}

struct FileTextTests {
  private let letter = "e"

  @Test func readsAsManyMarksAsAnyLanguageNeeds() throws {
    let marks = String(repeating: "\u{301}\u{327}", count: 15)
    let text = letter + marks + letter + marks
    #expect(try String(fileText: Array(text.utf8)) == text)
    #expect(Bytes(Array(text.utf8)).text?.utf8.count == text.utf8.count)
    let tooMany = Array((letter + marks + "\u{301}").utf8)
    #expect(throws: TextFault.stacked) { try String(fileText: tooMany) }
    #expect(Bytes(tooMany).text == nil)
    #expect(throws: TextFault.notUTF8) { try String(fileText: [0x61, 0xff]) }
  }

  /// Every script's own text passes, with the marks that it has.
  @Test(arguments: ["Ångström", "สวัสดี", "नमस्ते", "שָׁלוֹם", "ཨོཾ་མ་ཎི", "👩‍👩‍👧‍👦", "각"])
  func readsEveryScript(text: String) throws {
    #expect(try String(fileText: Array(text.decomposed.utf8)) == text)
  }

  @Test func comparesNamesByBytes() {
    let (composed, decomposed) = ("\u{e9}", "e\u{301}")
    #expect(composed == decomposed)
    #expect(FileName(composed) != FileName(decomposed))
    #expect(Set([FileName(composed), FileName(decomposed), FileName("\u{e9}")]).count == 2)
  }

  @Test func escapesWhatNobodySees() {
    for (scalar, shown) in [
      ("\u{1b}", "\\u{1B}"), ("\u{9b}", "\\u{009B}"), ("\u{202e}", "\\u{202E}"),
      ("\u{2028}", "\\u{2028}"), ("\u{e000}", "\\u{E000}"), ("\n", "\\n"),
    ] {
      #expect("a\(scalar)b".printable == "a\(shown)b")
      #expect(ObverseError.missingTensor("a\(scalar)b").description.contains("a\(shown)b"))
    }
    #expect("é中".printable == "é中")
  }

  /// By Unicode's categories, as far as this Swift knows the characters; what they do not mean yet
  /// is shown, but for what never will mean anything.
  @Test func knowsInvisibleCharactersByTheirCategory() {
    for scalar in (UInt32(0)...0x10ffff).lazy.compactMap(Unicode.Scalar.init) {
      let isInvisible =
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse: true
        case .unassigned: scalar.properties.isNoncharacterCodePoint || scalar.isInvisible
        default: false
        }
      guard scalar.isInvisible == isInvisible else {
        Issue.record("\(String(scalar.value, radix: 16)): \(scalar.properties.generalCategory)")
        return
      }
      if isInvisible, scalar.value < 0xe000 {
        #expect(String(scalar).printable == scalar.escaped(asASCII: true))
      }
    }
    #expect("\u{378}".printable == "\u{378}")
  }

  @Test func cutsBetweenCharacters() {
    #expect("abc".cut(to: 3) == "abc")
    #expect("abcd".cut(to: 3) == "abc… and 1 more bytes")
    #expect("aéé".cut(to: 2) == "a… and 4 more bytes")
    #expect("é".cut(to: 1) == "… and 2 more bytes")
  }
}

extension String {
  /// As much of it as one can take apart without tables: what a decomposing file system stores.
  fileprivate var decomposed: String {
    self == "각" ? "\u{1100}\u{1161}\u{11a8}" : self == "Ångström" ? "A\u{30a}ngstro\u{308}m" : self
  }
}

struct AtomicFileTests {
  /// 255 bytes are the longest name of Linux' file systems.
  @Test func writesTheLongestNameAndRefusesLongerOnesAtOnce() throws {
    let folder = try TemporaryFolder()
    for name in [String(repeating: "n", count: 255), String(repeating: "é", count: 127)] {
      let path = "\(folder.path)/\(name)"
      try [1, 2, 3].withUnsafeBytes { try AtomicFile.write($0.bytes, to: path) }
      #expect(access(path, F_OK) == 0)
    }
    let path = "\(folder.path)/" + String(repeating: "n", count: 256)
    #expect(throws: ObverseError.cannotCreate(path: path, why: "file name too long")) {
      try AtomicFile.check(path)
    }
  }

  @Test func anUncommittedFileLeavesNothing() throws {
    let folder = try TemporaryFolder()
    do {
      var file = try AtomicFile("\(folder.path)/a")
      try [1, 2, 3].withUnsafeBytes { try file.write($0.bytes) }
    }
    #expect(access("\(folder.path)/a", F_OK) != 0)
    #expect(rmdir(folder.path) == 0, "the temporary file is gone too")
  }

  @Test func refusesAFolder() {
    #expect(throws: ObverseError.cannotCreate(path: "/tmp", why: "it is a directory")) {
      _ = try AtomicFile("/tmp")
    }
  }
}

struct ObverseErrorTests {
  @Test func namesCannotBreakTheLine() {
    let name = "a\nobverse: error: b\u{1b}[2J\u{202e}\u{2028}ü"
    #expect(
      ObverseError.missingTensor(name).description
        == #"tensor a\nobverse: error: b\u{1B}[2J\u{202E}\u{2028}ü is not in the file"#)
  }

  @Test func longNamesLoseTheirMiddle() {
    let error = ObverseError.missingTensor(String(repeating: "ü", count: 60_000)).inFile("a.pt")
    #expect(error.description.utf8.count < 1000)
    #expect(error.description.hasPrefix("'a.pt': tensor üü"))
    #expect(error.description.hasSuffix("ü is not in the file"))
  }
}
