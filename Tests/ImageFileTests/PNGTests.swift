import Core
import Glibc
import ImageFile
import Testing

struct PNGTests {
  static let sizes = [(1, 1), (1, 9), (7, 1), (13, 5), (64, 33), (257, 3)]

  @Test(arguments: 1...4, sizes)
  func pixelsComeBack(channels: Int, size: (Int, Int)) throws {
    let image = Pixels.sample(size.0, size.1, channels: channels)
    for filter: PNG.Filter in [.none, .sub, .up, .average, .paeth, .adaptive] {
      let file = try PNG.encode(image, filter: filter)
      #expect(try PNG.decode(Bytes(file)) == image, "\(filter)")
    }
    for level in [0, 1, 6, 9] {
      for strategy: PNG.Strategy in [.standard, .filtered, .huffmanOnly, .runLength] {
        let file = try PNG.encode(image, level: level, strategy: strategy)
        #expect(try PNG.decode(Bytes(file)) == image, "level \(level), \(strategy)")
      }
    }
  }

  @Test func textsComeBackInOrder() throws {
    let json = #"{"seed":85,"trunc":0.7,"by":"Zoë"}"#
    let file = try PNG.encode(
      .sample(3, 2, channels: 3),
      text: [("Software", "obverse 0.1.0"), ("obverse", json), ("empty", "")], xmp: XMP.synthetic)
    let found = try PNG.text(Bytes(file))
    #expect(found.map(\.key) == ["Software", "obverse", "empty", PNG.xmpKey])
    #expect(found.map(\.value) == ["obverse 0.1.0", json, "", XMP.synthetic])
    #expect(XMP.synthetic.contains("trainedAlgorithmicMedia"))
    #expect(try PNG.decode(Bytes(file)) == .sample(3, 2, channels: 3))
  }

  /// Latin-1 where that is all there is, and nothing that tells when or where the file was made.
  @Test func holdsTheseChunksOnly() throws {
    let file = try PNG.encode(
      .sample(3, 2, channels: 3), text: [("Software", "obverse"), ("name", "Zoë")], xmp: "<x/>")
    #expect(chunks(file).map(\.name) == ["IHDR", "tEXt", "iTXt", "iTXt", "IDAT", "IEND"])
    #expect(
      chunks(try PNG.encode(.sample(3, 2, channels: 3))).map(\.name) == ["IHDR", "IDAT", "IEND"])
  }

  @Test func textsAfterThePixelsAreFound() throws {
    let file = try PNG.encode(.sample(3, 2, channels: 3), text: [("Software", "obverse")])
    let parts = chunks(file)
    let moved =
      file[..<parts[0].range.upperBound]
      + file[parts[2].range] + file[parts[1].range] + file[parts[3].range]
    #expect(try PNG.text(Bytes(Array(moved))).map(\.value) == ["obverse"])
  }

  @Test func equalInputGivesEqualBytes() throws {
    let image = Pixels.sample(130, 70, channels: 3)
    let first = try PNG.encode(image, text: [("Software", "obverse")], xmp: XMP.synthetic)
    let second = try PNG.encode(image, text: [("Software", "obverse")], xmp: XMP.synthetic)
    #expect(first == second)
  }

  /// Kinds that other programs write and we never do; made by hand with Python's zlib.
  @Test(arguments: [
    (  // A palette of red and blue, blue half transparent, 1 bit a pixel.
      "89504e470d0a1a0a0000000d494844520000000200000002010300000048789f6700000006504c5445ff0000"
        + "0000ff6ca1fd8e0000000274524e53ff80080fb36a0000000c49444154789c637060680000014400c13a7a"
        + "1c560000000049454e44ae426082",
      Pixels(
        width: 2, height: 2, channels: 4,
        bytes: [255, 0, 0, 255, 0, 0, 255, 128, 0, 0, 255, 128, 255, 0, 0, 255])
    ),
    (  // 16 bits of gray: 0x1234, 0xffff.
      "89504e470d0a1a0a0000000d494844520000000200000001100000000081d9fc150000000d49444154789c63"
        + "1032f9ff1f0003e602452e4296750000000049454e44ae426082",
      Pixels(width: 2, height: 1, channels: 1, bytes: [0x12, 255])
    ),
    (  // Interlaced.
      "89504e470d0a1a0a0000000d49484452000000030000000308000000010444daf50000001749444154789c63"
        + "6060606260e36060646067606661050000eb0025fa77f8650000000049454e44ae426082",
      Pixels(width: 3, height: 3, channels: 1, bytes: [0, 1, 2, 3, 4, 5, 6, 7, 8])
    ),
  ])
  func readsOtherKinds(hex: String, expected: Pixels) throws {
    #expect(try PNG.decode(Bytes(bytes(hex))) == expected)
  }

  @Test func everyTruncationIsRefused() throws {
    let file = try PNG.encode(
      .sample(9, 7, channels: 3), text: [("Software", "obverse")], xmp: XMP.synthetic)
    for count in 0..<file.count {
      let part = Bytes(Array(file[..<count]))
      #expect(throws: ObverseError.self, "\(count) bytes") { try PNG.decode(part) }
      #expect(throws: ObverseError.self, "\(count) bytes") { try PNG.text(part) }
    }
  }

  @Test func mutationsAreReadOrRefused() throws {
    let files = [
      try PNG.encode(.sample(9, 7, channels: 3), text: [("Software", "obverse")], xmp: "<x/>"),
      try PNG.encode(.sample(31, 20, channels: 4), level: 6, filter: .adaptive),
      try PNG.encode(.sample(5, 5, channels: 1), text: [("obverse", "{}")], strategy: .standard),
    ]
    var random = Noise(85)
    var refused = 0
    for number in 0..<2000 {
      var file = mutated(files[number % files.count], &random)
      // Without right checksums most would be turned away at the first chunk.
      if number % 2 == 0 { file = withChecksums(file) }
      if case .refused = Outcome({ () throws(ObverseError) in _ = try PNG.decode(Bytes(file)) }) {
        refused += 1
      }
      _ = Outcome { () throws(ObverseError) in _ = try PNG.text(Bytes(file)) }
    }
    #expect(refused > 1000 && refused < 2000, "\(refused)")
  }

  @Test func aFileTooShortForItsSizeIsRefusedEarly() throws {
    var file = try PNG.encode(.sample(8, 8, channels: 4))
    file.replaceSubrange(16..<24, with: [0, 0, 0x40, 0, 0, 0, 0x40, 0])
    #expect(
      throws: ObverseError.truncated(
        what: "PNG of 16384x16384", needs: (16384 * 4 + 1) * 16384 / 1032,
        fileHas: UInt64(file.count))
    ) { try PNG.decode(Bytes(withChecksums(file))) }
    file.replaceSubrange(16..<20, with: [0, 0, 0x40, 1])
    #expect(throws: ObverseError.tooLarge(what: "PNG side", found: 16385, limit: 16384)) {
      try PNG.decode(Bytes(withChecksums(file)))
    }
  }

  @Test func aChunkThatSaysTooMuchTakesNoMemory() throws {
    var file = try PNG.encode(.sample(3, 3, channels: 1), text: [("key", "value")])
    // The text's length, behind the signature and the header of 25 bytes.
    #expect(file[33..<41].elementsEqual([0, 0, 0, 9] + Array("tEXt".utf8)))
    file.replaceSubrange(33..<37, with: [0x7f, 0xff, 0xff, 0xff])
    func peakKilobytes() -> Int {
      var usage = rusage()
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss
    }
    let before = peakKilobytes()
    #expect(throws: ObverseError.malformed(what: "PNG", why: "the file ends early")) {
      try PNG.text(Bytes(file))
    }
    #expect(peakKilobytes() - before < 1 << 20)
  }

  @Test func manyTextsAreCounted() throws {
    let many = (0..<200).map { (key: "k\($0)", value: "v") }
    let file = try PNG.encode(.sample(2, 2, channels: 1), text: many)
    #expect(try PNG.text(Bytes(file)).count <= 32)
    #expect(try PNG.decode(Bytes(file)) == .sample(2, 2, channels: 1))
  }
}

private struct Chunk {
  let name: String
  let range: Range<Int>
}

private func chunks(_ file: [UInt8]) -> [Chunk] {
  var found: [Chunk] = []
  var at = 8
  while at + 12 <= file.count {
    let count = file[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
    guard count <= file.count - at - 12 else { break }
    let name = String(decoding: file[at + 4..<at + 8], as: UTF8.self)
    found.append(Chunk(name: name, range: at..<at + 12 + count))
    at += 12 + count
  }
  return found
}

/// The same file with every chunk's checksum set right.
private func withChecksums(_ file: [UInt8]) -> [UInt8] {
  var result = file
  for chunk in chunks(file) {
    var sum: UInt32 = ~0
    for byte in file[chunk.range.dropFirst(4).dropLast(4)] {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xedb8_8320 : 0) }
    }
    for (offset, shift) in [24, 16, 8, 0].enumerated() {
      result[chunk.range.upperBound - 4 + offset] = UInt8(truncatingIfNeeded: ~sum >> UInt32(shift))
    }
  }
  return result
}

private func bytes(_ hex: String) -> [UInt8] {
  let digits = Array(hex.utf8).map { Int($0 < 58 ? $0 - 48 : $0 - 87) }
  return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
}
