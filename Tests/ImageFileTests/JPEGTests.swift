import Core
import ImageFile
import Testing

struct JPEGTests {
  @Test(arguments: [1, 3], PNGTests.sizes)
  func pixelsComeBackNearly(channels: Int, size: (Int, Int)) throws {
    let image = Pixels.sample(size.0, size.1, channels: channels, noise: 1)
    let found = try JPEG.decode(Bytes(JPEG.encode(image, quality: 100)))
    #expect((found.width, found.height, found.channels) == (size.0, size.1, channels))
    // A slope survives but where it wraps from 200 to 0 and chroma, at half size, bleeds.
    let difference = zip(found.bytes, image.bytes).map { abs(Int($0) - Int($1)) }
    let limit = channels == 1 ? 3 : 40
    #expect(difference.reduce(0, +) <= limit * image.bytes.count, "\(difference.max() ?? 0)")
    if channels == 1 { #expect(difference.allSatisfy { $0 <= 3 }) }
  }

  @Test func noBytesAreNoWantOfMemory() {
    #expect(throws: ObverseError.malformed(what: "JPEG", why: "it has no bytes")) {
      try JPEG.decode(Bytes([]))
    }
  }

  @Test func lowerQualityIsSmaller() throws {
    let image = Pixels.sample(64, 64, channels: 3)
    let sizes = try [10, 50, 95, 100].map { try JPEG.encode(image, quality: $0).count }
    #expect(sizes == sizes.sorted() && Set(sizes).count == 4)
  }

  @Test func noisyImagesOutgrowTheFirstBuffer() throws {
    let image = Pixels.sample(300, 300, channels: 3, noise: 56)
    let file = try JPEG.encode(image, quality: 100)
    #expect(file.count > 300 * 300 / 4 + 4096)
    #expect(try JPEG.decode(Bytes(file)).width == 300)
  }

  @Test func equalInputGivesEqualBytes() throws {
    let image = Pixels.sample(130, 70, channels: 3)
    #expect(try JPEG.encode(image) == JPEG.encode(image))
  }

  @Test func xmpStandsBehindItsName() throws {
    let file = try JPEG.encode(.sample(8, 8, channels: 3), xmp: XMP.synthetic)
    let needle = Array("http://ns.adobe.com/xap/1.0/\0<?xpacket".utf8)
    #expect(file.indices.contains { file[$0...].starts(with: needle) })
    #expect(try JPEG.decode(Bytes(file)).width == 8)
  }

  @Test(arguments: [2, 4])
  func alphaIsRefused(channels: Int) {
    #expect(
      throws: ObverseError.request(
        "JPEG holds no alpha, the image has \(channels) channels", hint: nil)
    ) { try JPEG.encode(.sample(2, 2, channels: channels)) }
  }

  @Test func everyTruncationIsRefused() throws {
    let file = try JPEG.encode(.sample(17, 9, channels: 3))
    for count in 0..<file.count - 2 {  // without its end marker a JPEG still holds every pixel
      #expect(throws: ObverseError.self, "\(count) bytes") {
        try JPEG.decode(Bytes(Array(file[..<count])))
      }
    }
  }

  @Test func mutationsAreReadOrRefused() throws {
    let files = [
      try JPEG.encode(.sample(9, 7, channels: 3)),
      try JPEG.encode(.sample(40, 30, channels: 1), quality: 30),
    ]
    var random = Noise(85)
    var refused = 0
    for number in 0..<2000 {
      var file = mutated(files[number % files.count], &random)
      if number % 3 == 0, let at = file.firstIndex(of: 0xc0) { file[at] = 0xc2 }  // progressive
      let outcome = Outcome { () throws(ObverseError) in _ = try JPEG.decode(Bytes(file)) }
      if case .refused = outcome { refused += 1 }
    }
    #expect(refused > 500 && refused < 2000, "\(refused)")
  }

  @Test func aFileTooShortForItsSizeIsRefusedEarly() throws {
    var file = try JPEG.encode(.sample(8, 8, channels: 1))
    let frame = try #require(file.indices.first { file[$0...].starts(with: [0xff, 0xc0]) })
    file.replaceSubrange(frame + 5..<frame + 9, with: [0x40, 0, 0x40, 0])
    #expect(
      throws: ObverseError.truncated(
        what: "JPEG of 16384x16384", needs: 2048 * 2048 / 8, fileHas: UInt64(file.count))
    ) { try JPEG.decode(Bytes(file)) }
    file.replaceSubrange(frame + 5..<frame + 7, with: [0x40, 1])
    #expect(throws: ObverseError.tooLarge(what: "JPEG side", found: 16385, limit: 16384)) {
      try JPEG.decode(Bytes(file))
    }
  }
}
