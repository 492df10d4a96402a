import Checkpoint
import Core

/// Little-endian bytes of an integer.
func le<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> T($0 * 8)) }
}

/// The bytes of a text.
func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

/// The bytes that hexadecimal digits stand for.
func hex(_ digits: String) -> [UInt8] {
  let digits = Array(digits)
  return stride(from: 0, to: digits.count, by: 2).map {
    UInt8(String(digits[$0...($0 + 1)]), radix: 16) ?? 0
  }
}

/// What a failed call threw; nil where it did not throw.
func errorOf<R>(_ body: () throws(ObverseError) -> R) -> ObverseError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error
  }
}

/// Builds zip archives, well-formed or with any of the numbers wrong.
struct ZipBuilder {
  struct Member {
    var name: String
    /// As it lies in the file.
    var data: [UInt8]
    var method: UInt16 = 0
    var flags: UInt16 = 0
    var crc: UInt32 = 0
    /// All nil: true.
    var size: UInt64?
    var compressedSize: UInt64?
    var offset: UInt64?
    var localName: String?
    /// The local header's extra field only.
    var localExtra: [UInt8] = []
    /// Sizes follow the data, the local header has none.
    var hasDescriptor = false
    /// Sizes and offset stand in the extra field 0x0001.
    var isWide = false
  }

  var members: [Member] = []
  var prefix: [UInt8] = []
  var comment: [UInt8] = []
  var hasWideEnd = false
  var count: UInt64?
  var directorySize: UInt64?
  var directoryOffset: UInt64?
  var disk: UInt16 = 0

  var bytes: [UInt8] {
    var body: [UInt8] = []
    var directory: [UInt8] = []
    for member in members {
      let size = member.size ?? UInt64(member.data.count)
      let compressed = member.compressedSize ?? UInt64(member.data.count)
      let offset = member.offset ?? UInt64(body.count)
      let local = member.hasDescriptor ? 0 : UInt32(truncatingIfNeeded: compressed)
      body += utf8("PK\u{3}\u{4}") + le(UInt16(20)) + le(member.flags) + le(member.method)
      body += le(UInt32(0)) + le(member.hasDescriptor ? 0 : member.crc) + le(local) + le(local)
      let localName = utf8(member.localName ?? member.name)
      body += le(UInt16(localName.count)) + le(UInt16(member.localExtra.count))
      body += localName + member.localExtra + member.data
      if member.hasDescriptor {
        body += utf8("PK\u{7}\u{8}") + le(member.crc) + le(UInt32(compressed)) + le(UInt32(size))
      }
      var extra: [UInt8] = []
      if member.isWide {
        // Another field first: the right one has to be looked for.
        extra = le(UInt16(0x5455)) + le(UInt16(1)) + [0]
        extra += le(UInt16(1)) + le(UInt16(24)) + le(size) + le(compressed) + le(offset)
      }
      func narrow(_ value: UInt64) -> [UInt8] {
        le(member.isWide ? .max : UInt32(truncatingIfNeeded: value))
      }
      let name = utf8(member.name)
      directory += utf8("PK\u{1}\u{2}") + le(UInt16(20)) + le(UInt16(20)) + le(member.flags)
      directory += le(member.method) + le(UInt32(0)) + le(member.crc)
      directory += narrow(compressed) + narrow(size)
      directory += le(UInt16(name.count)) + le(UInt16(extra.count)) + le(UInt16(0))
      directory += le(UInt16(0)) + le(UInt16(0)) + le(UInt32(0)) + narrow(offset) + name + extra
    }
    let count = count ?? UInt64(members.count)
    let directorySize = directorySize ?? UInt64(directory.count)
    let directoryOffset = directoryOffset ?? UInt64(body.count)
    var file = prefix + body + directory
    if hasWideEnd {
      let end = UInt64(file.count - prefix.count)
      file += utf8("PK\u{6}\u{6}") + le(UInt64(44)) + le(UInt16(45)) + le(UInt16(45))
      file += le(UInt32(disk)) + le(UInt32(disk)) + le(count) + le(count)
      file += le(directorySize) + le(directoryOffset)
      file += utf8("PK\u{6}\u{7}") + le(UInt32(0)) + le(end) + le(UInt32(1))
    }
    func narrow<T: FixedWidthInteger>(_ value: UInt64, _: T.Type) -> [UInt8] {
      le(hasWideEnd ? .max : T(truncatingIfNeeded: value))
    }
    file += utf8("PK\u{5}\u{6}") + le(disk) + le(disk)
    file += narrow(count, UInt16.self) + narrow(count, UInt16.self)
    file += narrow(directorySize, UInt32.self) + narrow(directoryOffset, UInt32.self)
    file += le(UInt16(comment.count)) + comment
    return file
  }

  var archive: ZipArchive {
    get throws(ObverseError) { try ZipArchive(Bytes(bytes)) }
  }
}
