import Core

/// Writes zip archives piece by piece: every member stored, every time stamp 1980-01-01.
///
/// ZIP64 is not written, so an archive stays below 4 GiB and has at most `mostMembers`.
package struct ZipWriter {
  private var directory: [UInt8] = []
  private var members = 0
  private var count = 0

  package static let mostMembers = 0xfffe

  package init() {}

  /// A whole archive.
  static func stored(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    var writer = ZipWriter()
    var archive: [UInt8] = []
    for (name, bytes) in members { archive += writer.member(name, bytes) }
    return archive + writer.end()
  }

  /// Whether a member of so many bytes still fits.
  package func hasRoom(for bytes: Int) -> Bool {
    members < Self.mostMembers && count + directory.count + bytes < 0xffff_0000
  }

  /// What comes next in the file for a member that fits.
  package mutating func member(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
    let name = Array(name.utf8)
    precondition(hasRoom(for: bytes.count) && name.count <= 0xffff)
    var fields: [UInt8] = []  // those that local header and directory share
    Self.append(UInt16(20), to: &fields)  // version 2.0 reads it
    Self.append(UInt16(1 << 11), to: &fields)  // the name is UTF-8
    Self.append(UInt16(0), to: &fields)  // stored
    Self.append(UInt16(0), to: &fields)  // midnight
    Self.append(UInt16(1 << 5 | 1), to: &fields)  // first month, first day, 1980
    Self.append(Zlib.crc32(Bytes(bytes)), to: &fields)
    Self.append(UInt32(bytes.count), to: &fields)
    Self.append(UInt32(bytes.count), to: &fields)
    Self.append(UInt16(name.count), to: &fields)
    Self.append(UInt16(0), to: &fields)  // no extra field

    directory += Array("PK\u{1}\u{2}".utf8)
    Self.append(UInt16(3 << 8 | 20), to: &directory)  // Unix, for the permissions below
    directory += fields
    Self.append(UInt16(0), to: &directory)  // no comment
    Self.append(UInt16(0), to: &directory)  // first disk
    Self.append(UInt16(0), to: &directory)  // not text
    Self.append(UInt32(0o100_644) << 16, to: &directory)
    Self.append(UInt32(count), to: &directory)
    directory += name

    let piece = Array("PK\u{3}\u{4}".utf8) + fields + name + bytes
    members += 1
    count += piece.count
    return piece
  }

  /// The directory, which ends the file.
  package consuming func end() -> [UInt8] {
    var end = directory
    end += Array("PK\u{5}\u{6}".utf8)
    Self.append(UInt32(0), to: &end)  // one disk
    Self.append(UInt16(members), to: &end)
    Self.append(UInt16(members), to: &end)
    Self.append(UInt32(directory.count), to: &end)
    Self.append(UInt32(count), to: &end)
    Self.append(UInt16(0), to: &end)  // no comment
    return end
  }

  private static func append<T: FixedWidthInteger>(_ value: T, to target: inout [UInt8]) {
    for shift in stride(from: 0, to: T.bitWidth, by: 8) {
      target.append(UInt8(truncatingIfNeeded: value >> T(shift)))
    }
  }
}
