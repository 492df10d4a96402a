// Files that nobody vouches for end as a description or as an error, never as a crash.

import Core
import Foundation
import ModelFile
import Support
import Testing

struct HostileTests {
  private static let victims = [
    TinyModel(widths: [1, 1], classes: 1, mappingLayers: 1, zDim: 1, wDim: 1),
    TinyModel(family: .mobileStyleGAN, widths: [4, 1], mappingLayers: 1, zDim: 1, wDim: 1),
  ]

  /// Reads, and when that succeeds touches all that a caller may touch.
  private func survives(_ bytes: Bytes) -> Bool {
    do throws(ObverseError) {
      let model = try ModelFile.read(bytes)
      _ = model.shape.macs()
      model.forEachWeights { (_, weights) in _ = weights.floats.count }
      return true
    } catch {
      // Not #expect, which costs more than the reading.
      if error.exitCode != 65 { Issue.record("\(error)") }
      return false
    }
  }

  @Test(arguments: victims)
  func everyByteChanged(_ model: TinyModel) throws {
    let file = try ModelFile.encode(model.description)
    // Weights come last, and any value of theirs is taken.
    let head = try #require(try firstWeights(file))
    var accepted = 0
    var tried = 0
    for at in 0..<file.count {
      let old = file[at]
      let values =
        at < head ? [0, 2, 0x80, 0xff, old &+ 1, old &- 1] : [~old]
      for value in values where value != old {
        var broken = file
        broken[at] = value
        tried += 1
        if survives(Bytes(broken)) { accepted += 1 }
      }
    }
    #expect(accepted > file.count - head)  // weights, texts and gains may change
    #expect(accepted < tried)
  }

  @Test(arguments: victims)
  func everyLength(_ model: TinyModel) throws {
    let file = try ModelFile.encode(model.description)
    let whole = Bytes(file)
    for count in 0..<file.count {
      let part = try #require(whole.slice(at: 0, count: count))
      if survives(part) { Issue.record("\(count) of \(file.count) bytes were enough") }
    }
    #expect(survives(Bytes(file + [0])))
  }

  @Test(arguments: victims)
  func randomWords(_ model: TinyModel) throws {
    let file = try ModelFile.encode(model.description)
    let head = try #require(try firstWeights(file))
    var random = Numbers(state: 4)
    for _ in 0..<2000 {
      var broken = file
      for _ in 0...(random.next() % 3) {
        let at = Int(random.next() % UInt64(head / 4)) * 4
        let word =
          switch random.next() % 4 {
          case 0: UInt32(truncatingIfNeeded: random.next())
          case 1: UInt32(random.next() % UInt64(file.count))
          case 2: UInt32.max - UInt32(random.next() % 16)
          default: UInt32(1 << (random.next() % 32))
          }
        for i in 0..<4 { broken[at + i] = UInt8(word >> (8 * i) & 255) }
      }
      _ = survives(Bytes(broken))
    }
  }

  /// The first byte behind all tables.
  private func firstWeights(_ file: [UInt8]) throws -> Int? {
    let bytes = Bytes(file)
    let base = bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    return try ModelFile.read(bytes).tensors.first?.weights.bytes.withUnsafeBytes {
      Int(UInt(bitPattern: $0.baseAddress) - base)
    }
  }
}

struct ReaderErrorTests {
  private let file: [UInt8]

  init() throws {
    file = try ModelFile.encode(TinyModel().description)
  }

  private func word(_ at: Int) -> Int {
    Int(Bytes(file).load(UInt32.self, at: at) ?? 0)
  }

  /// The position of a field of the root table.
  private func field(_ slot: Int) -> Int {
    let root = word(0)
    let vtable = root - word(root)
    return root + Int(Bytes(file).load(UInt16.self, at: vtable + 4 + 2 * slot) ?? 0)
  }

  /// Reads the file with one word replaced.
  private func expect(
    _ expected: ObverseError, at position: Int, _ value: Int,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var broken = file
    for i in 0..<4 { broken[position + i] = UInt8(value >> (8 * i) & 255) }
    #expect(throws: expected, sourceLocation: sourceLocation) {
      try ModelFile.read(Bytes(broken))
    }
  }

  @Test func newerFormatsAreRefusedByNumber() {
    expect(.newerFormat(found: 3, newest: 2), at: field(0), 3)
    expect(.malformed(what: "the model", why: "it has no format number"), at: field(0), 0)
  }

  @Test func offsetsAreChecked() {
    let size = UInt64(file.count)
    expect(
      .truncated(what: "the model", needs: 0xffff_fffc + 4, fileHas: size), at: 0, 0xffff_fffc)
    expect(
      .malformed(what: "the model", why: "it cannot be 2 bytes behind byte 0"), at: 0, 2)
    expect(
      .malformed(what: "the model", why: "it cannot be 0 bytes behind byte 0"), at: 0, 0)
    let root = word(0)
    expect(
      .malformed(what: "the model", why: "its vtable cannot be at byte -4"), at: root, root + 4)
    expect(
      .malformed(what: "the model", why: "its vtable cannot be at byte \(root - 7)"), at: root, 7)
    expect(
      .malformed(what: "w_avg", why: "it cannot be 3 bytes behind byte \(field(8))"),
      at: field(8), 3)
  }

  @Test func vtablesAreChecked() {
    let root = word(0)
    let vtable = root - word(root)
    let second = word(vtable) >> 16
    expect(
      .malformed(what: "the model", why: "its vtable cannot have 3 bytes"), at: vtable,
      second << 16 | 3)
    expect(
      .malformed(what: "the model", why: "its vtable cannot have 7 bytes"), at: vtable,
      second << 16 | 7)
    expect(
      .malformed(what: "the model", why: "it cannot have 3 bytes"), at: vtable,
      3 << 16 | word(vtable) & 0xffff)
    expect(
      .truncated(
        what: "the model", needs: UInt64(root + 0xffff), fileHas: UInt64(file.count)),
      at: vtable, 0xffff << 16 | word(vtable) & 0xffff)
    // The first field moved over the table's end, and off its alignment.
    let next = word(vtable + 4) >> 16
    for bad in [2, second - 2, second, 5] {
      expect(
        .malformed(what: "the model", why: "its format cannot be at byte \(bad) of the table"),
        at: vtable + 4, next << 16 | bad)
    }
  }

  @Test func vectorsAndTextsAreChecked() throws {
    let size = UInt64(file.count)
    let mapping = field(10) + word(field(10))
    expect(
      .truncated(
        what: "the model.mapping", needs: UInt64(mapping + 4) + 4 * 0xffff_ffff, fileHas: size),
      at: mapping, 0xffff_ffff)
    expect(
      .tooLarge(what: "the number of mapping of the model", found: 65, limit: 64), at: mapping, 65)
    let hash = field(15) + word(field(15))
    expect(
      .malformed(what: "the model", why: "its text weightsSHA256 does not end with a zero byte"),
      at: hash, 63)
    expect(
      .malformed(what: "the model", why: "its text weightsSHA256 is not UTF-8"), at: hash + 4,
      0xc0c0_c0c0)
  }

  @Test func tensorsAreChecked() throws {
    let mean = field(8) + word(field(8))
    let vtable = mean - word(mean)
    func slot(_ i: Int) -> Int {
      mean + Int(Bytes(file).load(UInt16.self, at: vtable + 4 + 2 * i) ?? 0)
    }
    for (type, shown) in [(2, 2), (9, 9)] {
      expect(
        .unsupported(what: "tensor w_avg", why: "element type \(shown) is not read", hint: nil),
        at: slot(0), word(slot(0)) & ~0xff | type)
    }
    expect(
      .malformed(what: "tensor w_avg", why: "8 bytes are not [2] of f16"), at: slot(0),
      word(slot(0)) & ~0xff | 1)
    let shape = slot(1) + word(slot(1))
    expect(
      .malformed(what: "tensor w_avg", why: "8 bytes are not [3] of f32"), at: shape + 4, 3)
    expect(.tooLarge(what: "the length of shape of w_avg", found: 5, limit: 4), at: shape, 5)
    let data = slot(2) + word(slot(2))
    expect(
      .truncated(
        what: "w_avg.data", needs: UInt64(data + 4 + 0x7fff_ffff), fileHas: UInt64(file.count)),
      at: data, 0x7fff_ffff)
    #expect(data % 64 == 60)
  }

  @Test func missingFieldsAreNamed() throws {
    let root = word(0)
    let vtable = root - word(root)
    let entry = vtable + 4 + 2 * 10
    expect(
      .malformed(what: "the number of mapping layers", why: "it is 0, it must be 1 to 64"),
      at: entry, word(entry) & ~0xffff)
    expect(
      .malformed(what: "the model", why: "it has no constInput"), at: entry + 2,
      word(entry + 2) & ~0xffff)
  }

  /// A file of few bytes must not stand for many.
  @Test func tensorsThatShareBytesAreRefused() throws {
    let model = TinyModel(widths: [1, 1, 1, 1, 1], mappingLayers: 1, zDim: 1, wDim: 1)
    var bytes = try ModelFile.encode(model.description)
    let whole = Bytes(bytes)
    let base = whole.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    var starts: [String: Int] = [:]
    let tensors = try ModelFile.read(whole).tensors
    for (name, weights) in tensors {
      starts[name] = weights.bytes.withUnsafeBytes { Int(UInt(bitPattern: $0.baseAddress) - base) }
    }
    // The last layer's noise and all that follows it point to tensors of the same length before.
    let head = try #require(starts["w_avg"]) - 4
    let last = try #require(tensors.firstIndex { $0.name == "b64.conv1.noise_const" })
    let cut = try #require(starts["b64.conv1.noise_const"])
    for (name, _) in tensors[last...] {
      let twin =
        name.hasSuffix("noise_const")
        ? "b64.conv0.noise_const" : name.replacingOccurrences(of: "b64", with: "b32")
      let start = try #require(starts[name])
      let found = stride(from: 8, to: head - 3, by: 4).first {
        $0 + Int(whole.load(UInt32.self, at: $0) ?? 0) + 4 == start
      }
      let field = try #require(found)
      let distance = try #require(starts[twin]) - 4 - field
      for i in 0..<4 { bytes[field + i] = UInt8(distance >> (8 * i) & 255) }
    }
    // With the bytes that nobody uses any more, and without them.
    for end in [bytes.count, cut] {
      let error = #expect(throws: ObverseError.self) {
        try ModelFile.read(Bytes(Array(bytes[..<end])))
      }
      guard case .malformed(_, let why)? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(why.hasPrefix("its bytes overlap those of b"))
    }
  }

  @Test(
    arguments: [
      ([0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9], "a PyTorch/NVlabs pickle"),
      ([0x80, 4, 0x95, 1, 2, 3, 4, 5, 6, 7], "a PyTorch/NVlabs pickle"),
      (
        Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 22) + [16, 0, 0, 0]
          + Array("archive/data.pkl".utf8), "a torch zip"
      ),
      (
        Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 22) + [5, 0, 0, 0]
          + Array("w.npy".utf8), "a NumPy npz file"
      ),
      (Array("PK\u{3}\u{4}".utf8), "a zip file"),
      ([4, 0, 0, 0, 0, 0, 0, 0] + Array("{\"a\"".utf8) + [0, 0], "a safetensors file"),
      ([0x89] + Array("PNG\r\n\u{1a}\n".utf8), "a PNG image"),
      (
        Array("version https://git-lfs.github.com/spec/v1\n".utf8),
        "a Git LFS pointer, not the file it stands for"
      ),
      (Array("<!DOCTYPE html><html>".utf8), "a web page (HTML)"),
      (Array("Grüße\n".utf8), "a text file"),
      (Array("1234OBV2 and more".utf8), "a model file of another generation (not OBV1)"),
      ([0, 1, 2, 3, 4, 5, 6, 7, 8], "a file of an unknown kind"),
      ([], "a file of an unknown kind"),
    ] as [([UInt8], String)])
  func otherFilesAreNamed(_ bytes: [UInt8], _ name: String) {
    let error = #expect(throws: ObverseError.self) { try ModelFile.read(Bytes(bytes)) }
    #expect(error?.description == "this is \(name), not an .obv file")
  }

  /// One long text under many names could fill memory and screen.
  @Test func textsThatShareBytesAreBounded() throws {
    var model = TinyModel(widths: [1, 1], mappingLayers: 1, zDim: 1, wDim: 1).description
    let count = 200
    model.provenance.facts = (0..<count).map { ("\($0)", String(repeating: "x", count: 200 - $0)) }
    var bytes = try ModelFile.encode(model)
    #expect(try ModelFile.read(Bytes(bytes)).provenance.facts.count == count)
    func word(_ at: Int) -> Int { Int(Bytes(bytes).load(UInt32.self, at: at) ?? 0) }
    // The vector of facts: its length, then the distance of each.
    let vector = try #require(
      stride(from: 8, to: bytes.count - 4 * count, by: 4).first { at in
        word(at) == count && (1..<count).allSatisfy { word(at + 4 * $0) > 4 * (count - $0) }
      })
    let first = vector + 4 + word(vector + 4)
    for i in 1..<count {
      let distance = first - vector - 4 - 4 * i
      for k in 0..<4 { bytes[vector + 4 + 4 * i + k] = UInt8(distance >> (8 * k) & 255) }
    }
    #expect(
      throws: ObverseError.malformed(
        what: "fact 148", why: "texts overlap: they need more than the file's \(bytes.count) bytes")
    ) { try ModelFile.read(Bytes(bytes)) }
  }

  @Test func findsWeightsThatAreNoNumbers() {
    var model = TinyModel(widths: [1, 1], mappingLayers: 1, zDim: 1, wDim: 1).description
    #expect(model.nonFinite.isEmpty)
    // Infinite, NaN, the largest number, a subnormal one.
    let halves: [UInt16] = [0x7c00, 0xfe01, 0x7bff, 0x0001]
    let floats: [Float] = [-.infinity, .nan, .greatestFiniteMagnitude, .leastNonzeroMagnitude]
    let shape = model.const.shape
    func repeated(_ bytes: [UInt8]) -> Bytes {
      Bytes(Array(repeatElement(bytes, count: 4).joined()))
    }
    #expect(shape.reduce(1, *) == 16)
    let half = repeated(halves.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] })
    model.const = Weights(type: .float16, shape: shape, bytes: half)
    #expect(model.nonFinite.map(\.name) == ["b4.const"] && model.nonFinite.map(\.count) == [8])
    let single = repeated(
      floats.flatMap { value in (0..<4).map { UInt8(value.bitPattern >> (8 * $0) & 255) } })
    model.const = Weights(type: .float32, shape: shape, bytes: single)
    #expect(model.nonFinite.map(\.count) == [8])
  }

  @Test func errorsOfAFileNameIt() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array("hello".utf8), to: "a.obv")
    let error = #expect(throws: ObverseError.self) { try ModelFile.read(path: path) }
    #expect(error == .inFile(path: path, .notModel(found: ForeignFile("a text file"))))
    #expect(error?.hint == nil)
    #expect(throws: ObverseError.missing(path: "/nowhere.obv")) {
      try ModelFile.read(path: "/nowhere.obv")
    }
  }
}
