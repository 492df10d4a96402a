import Core
import Glibc
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

struct AtomicFileTests {
  @Test func anUncommittedFileLeavesNothing() throws {
    let folder = "/tmp/obverse-atomic-\(getpid())"
    mkdir(folder, 0o755)
    defer { rmdir(folder) }
    do {
      var file = try AtomicFile("\(folder)/a")
      try [1, 2, 3].withUnsafeBytes { try file.write($0.bytes) }
    }
    #expect(access("\(folder)/a", F_OK) != 0)
    #expect(rmdir(folder) == 0, "the temporary file is gone too")
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
