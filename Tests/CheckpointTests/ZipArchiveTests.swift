import Checkpoint
import Core
import Testing

private typealias Member = ZipBuilder.Member

/// `hello hello hello hello\n` as Python's zlib deflates it.
private let hello = Member(
  name: "hello", data: hex("cb48cdc9c957c84027b900"), method: 8, crc: 0xb59_8800, size: 24)

struct ZipArchiveTests {
  @Test func readsStoredAndDeflatedMembers() throws {
    let archive = try ZipBuilder(members: [Member(name: "a/b", data: [1, 2, 3]), hello]).archive
    #expect(archive.members.map(\.name) == ["a/b", "hello"])
    #expect(archive.members.map(\.method) == [0, 8])
    #expect(archive.members.map(\.size) == [3, 24])
    #expect(try archive.read(archive.members[0]).array == [1, 2, 3])
    #expect(try archive.read(archive.members[1]).text == "hello hello hello hello\n")
    #expect(archive.member(named: "hello")?.compressedSize == 11)
    #expect(archive.member(named: "a") == nil)
  }

  /// Sizes after the data, padding in the local header alone, ZIP64 records without need.
  @Test func readsWhatPyTorchWrites() throws {
    let padding = utf8("FB") + le(UInt16(5)) + utf8("ZZZZZ")
    let archive = try ZipBuilder(
      members: [
        Member(
          name: "archive/data.pkl", data: [0x80, 2], flags: 0x0808, localExtra: padding,
          hasDescriptor: true),
        Member(
          name: "archive/data/0", data: [9, 8, 7], flags: 0x0808, localExtra: padding,
          hasDescriptor: true),
      ], hasWideEnd: true
    ).archive
    let storage = try #require(archive.member(named: "archive/data/0"))
    #expect(try archive.read(storage).array == [9, 8, 7])
  }

  @Test(arguments: [false, true], [[], utf8("MZ some program")])
  func readsWideNumbersPrefixAndComment(wide: Bool, prefix: [UInt8]) throws {
    var builder = ZipBuilder(members: [Member(name: "a", data: [1]), hello])
    builder.members[0].isWide = wide
    builder.members[1].isWide = wide
    builder.hasWideEnd = wide
    builder.prefix = prefix
    builder.comment = utf8("a comment, PK\u{5}\u{6} in it")
    let archive = try builder.archive
    #expect(try archive.read(archive.members[0]).array == [1])
    #expect(try archive.read(archive.members[1]).count == 24)
  }

  @Test func readsAnEmptyArchive() throws {
    #expect(try ZipBuilder().archive.members.isEmpty)
  }

  /// A file that is cut or damaged anywhere gives an error or other bytes, and never a crash.
  @Test func survivesCutsAndDamage() {
    var builder = ZipBuilder(members: [Member(name: "a", data: [1, 2, 3]), hello])
    builder.members[1].isWide = true
    builder.hasWideEnd = true
    let whole = builder.bytes
    for length in 0..<whole.count {
      #expect(throws: ObverseError.self) { try ZipArchive(Bytes(Array(whole[..<length]))) }
    }
    for at in whole.indices {
      for value: UInt8 in [0, 1, 0x7f, 0x80, 0xff] {
        var damaged = whole
        damaged[at] = value
        guard let archive = try? ZipArchive(Bytes(damaged)) else { continue }
        for member in archive.members { _ = try? archive.read(member) }
      }
    }
  }
}

struct HostileZipTests {
  private func opening(_ builder: ZipBuilder) -> ObverseError? {
    errorOf { () throws(ObverseError) in try builder.archive }
  }

  private func reading(_ member: Member) -> ObverseError? {
    errorOf { () throws(ObverseError) in
      let archive = try ZipBuilder(members: [member]).archive
      return try archive.read(archive.members[0])
    }
  }

  private func malformed(_ why: String, _ what: String = "zip member 'a'") -> ObverseError {
    .malformed(what: what, why: why)
  }

  private let a = Member(name: "a", data: [1, 2, 3, 4])

  @Test func refusesWrongCounts() {
    #expect(
      opening(ZipBuilder(members: [a], count: 2))
        == malformed("its directory lists fewer members than it says", "zip archive"))
    #expect(
      opening(ZipBuilder(members: [a, hello], count: 1))
        == malformed("51 bytes of its directory belong to no member", "zip archive"))
    #expect(
      opening(ZipBuilder(members: [a], hasWideEnd: true, count: .max))
        == .tooLarge(
          what: "the zip archive's number of members", found: .max, limit: 100_000))
  }

  @Test func refusesWrongDirectories() {
    #expect(
      opening(ZipBuilder(members: [a], hasWideEnd: true, directorySize: .max))
        == .truncated(what: "the zip archive's directory", needs: .max, fileHas: 82))
    #expect(
      opening(ZipBuilder(members: [a], directoryOffset: 36))
        == .truncated(what: "the zip archive's directory", needs: 83, fileHas: 82))
    #expect(
      opening(ZipBuilder(members: [a], disk: 1))
        == .unsupported(
          what: "zip archive", why: "it is one part of an archive that was split", hint: nil))
    #expect(
      errorOf { () throws(ObverseError) in try ZipArchive(Bytes(utf8("PK"))) }
        == malformed("it has no end record; the file may be cut short", "zip archive"))
  }

  @Test func refusesOverlaps() {
    // The second member's header lies inside of the first one's data.
    var inside = Member(name: "b", data: [])
    inside.offset = 33
    #expect(
      opening(ZipBuilder(members: [a, inside]))
        == malformed("its 4 bytes reach into what follows it"))
    // Both are the same: the quine trick of many names for one stream.
    inside.offset = 0
    #expect(
      opening(ZipBuilder(members: [a, inside]))
        == malformed("its 0 bytes reach into what follows it", "zip member 'b'"))
    // Only the local header says that the data lie elsewhere.
    var builder = ZipBuilder(members: [a, hello])
    builder.members[0].localExtra = [0, 0]
    var bytes = builder.bytes
    bytes[28] = 3
    #expect(
      errorOf { () throws(ObverseError) in
        let archive = try ZipArchive(Bytes(bytes))
        return try archive.read(archive.members[0])
      } == malformed("its 4 bytes reach into what follows it"))
  }

  @Test func refusesEntriesOutsideOfTheFile() {
    var member = a
    member.offset = 35
    #expect(opening(ZipBuilder(members: [member])) == malformed("it begins outside of the file"))
    member.isWide = true
    member.offset = UInt64(Int.max)
    #expect(opening(ZipBuilder(members: [member])) == malformed("it begins outside of the file"))
    member.offset = .max
    #expect(opening(ZipBuilder(members: [member])) == malformed("its size or place overflows"))
    member.offset = 0
    member.size = UInt64(Int.max)
    member.compressedSize = UInt64(Int.max)
    #expect(
      opening(ZipBuilder(members: [member]))
        == malformed("its \(Int.max) bytes reach into what follows it"))
    member.compressedSize = 3
    #expect(
      opening(ZipBuilder(members: [member]))
        == malformed("it is stored, yet its sizes differ: 3 and \(Int.max)"))
  }

  @Test func refusesDuplicatesAndOtherNames() {
    #expect(opening(ZipBuilder(members: [a, a])) == malformed("the archive has two of it"))
    var other = a
    other.localName = "b"
    #expect(reading(other) == malformed("its local header has another name"))
  }

  @Test func refusesBombs() {
    var bomb = hello
    bomb.size = 11 * 1032 + 1
    #expect(
      opening(ZipBuilder(members: [bomb]))
        == malformed("11 bytes cannot inflate to the 11353 it declares", "zip member 'hello'"))
    bomb.data = [UInt8](repeating: 0, count: 80_000)
    bomb.size = 80_000_000
    let bytes = ZipBuilder(members: [bomb]).bytes
    #expect(
      opening(ZipBuilder(members: [bomb]))
        == .tooLarge(
          what: "the zip archive's inflated size", found: 80_000_000,
          limit: UInt64(3 * bytes.count + 16 << 20)))
  }

  @Test func refusesStreamsThatLie() {
    let what = "zip member 'hello'"
    var member = hello
    member.size = 23
    #expect(
      reading(member)
        == malformed("it inflates to more than the 23 bytes that it declares", what))
    member.size = 0
    #expect(
      reading(member) == malformed("it inflates to more than the 0 bytes that it declares", what))
    member.size = 25
    #expect(reading(member) == malformed("it inflates to 1 bytes less than it declares", what))
    member = hello
    member.data.append(0)
    #expect(reading(member) == malformed("1 bytes follow its deflated data", what))
    member.data = Array(hello.data.dropLast(2))
    #expect(reading(member) == malformed("its deflated data end early", what))
    member.data = hello.data
    member.data[0] = 0xff
    #expect(reading(member) == malformed("its deflated data are damaged", what))
    member = hello
    member.crc ^= 1
    #expect(reading(member) == malformed(Self.damaged, what))
  }

  private static let damaged =
    "its checksum (CRC-32) is wrong: the file is damaged; copy it again"

  /// Of a stored member too; 0 says that its writer made none.
  @Test func comparesChecksumsOfStoredMembers() throws {
    var member = a
    member.crc ^= 1
    #expect(reading(member) == malformed(Self.damaged, "zip member 'a'"))
    member.crc = 0
    #expect(reading(member) == nil)
  }

  /// Against the definition, bit by bit, for lengths around those that are taken in one step.
  @Test(arguments: [0, 1, 15, 16, 17, 63, 64, 65, 79, 80, 127, 128, 129, 200, 1000, 4099])
  func checksumsAreThoseOfTheDefinition(count: Int) {
    var state: UInt32 = 1
    let data = (0..<count).map { _ -> UInt8 in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(truncatingIfNeeded: state >> 24)
    }
    var crc = UInt32.max
    for byte in data {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xedb8_8320 }
    }
    crc = ~crc
    #expect(reading(Member(name: "a", data: data, crc: crc)) == nil)
    if count > 0 { #expect(reading(Member(name: "a", data: data, crc: crc ^ 1)) != nil) }
  }

  @Test func refusesOtherMethodsByName() {
    var member = a
    member.flags = 1
    #expect(
      reading(member)
        == .unsupported(what: "zip member 'a'", why: "it is encrypted", hint: nil))
    member.flags = 0
    member.method = 14
    #expect(reading(member)?.description == "zip member 'a': it is compressed with LZMA")
    member.method = 77
    #expect(reading(member)?.description == "zip member 'a': it is compressed with method 77")
  }
}
