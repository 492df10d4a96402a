import Core

/// Writes small zip archives: every member stored, every time stamp 1980-01-01.
enum ZipWriter {
  /// A whole archive.
  ///
  /// ZIP64 is not written, so all of it must stay below 4 GiB and 65,535 members.
  static func stored(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    var archive: [UInt8] = []
    var directory: [UInt8] = []
    func append<T: FixedWidthInteger>(_ value: T, to target: inout [UInt8]) {
      for shift in stride(from: 0, to: T.bitWidth, by: 8) {
        target.append(UInt8(truncatingIfNeeded: value >> T(shift)))
      }
    }
    precondition(members.count < 0xffff)
    for (name, bytes) in members {
      let name = Array(name.utf8)
      precondition(archive.count + bytes.count < 0xffff_0000 && name.count <= 0xffff)
      var fields: [UInt8] = []  // those that local header and directory share
      append(UInt16(20), to: &fields)  // version 2.0 reads it
      append(UInt16(1 << 11), to: &fields)  // the name is UTF-8
      append(UInt16(0), to: &fields)  // stored
      append(UInt16(0), to: &fields)  // midnight
      append(UInt16(1 << 5 | 1), to: &fields)  // first month, first day, 1980
      append(Zlib.crc32(Bytes(bytes)), to: &fields)
      append(UInt32(bytes.count), to: &fields)
      append(UInt32(bytes.count), to: &fields)
      append(UInt16(name.count), to: &fields)
      append(UInt16(0), to: &fields)  // no extra field

      directory += Array("PK\u{1}\u{2}".utf8)
      append(UInt16(3 << 8 | 20), to: &directory)  // Unix, for the permissions below
      directory += fields
      append(UInt16(0), to: &directory)  // no comment
      append(UInt16(0), to: &directory)  // first disk
      append(UInt16(0), to: &directory)  // not text
      append(UInt32(0o100_644) << 16, to: &directory)
      append(UInt32(archive.count), to: &directory)
      directory += name

      archive += Array("PK\u{3}\u{4}".utf8)
      archive += fields
      archive += name
      archive += bytes
    }
    let start = archive.count
    archive += directory
    archive += Array("PK\u{5}\u{6}".utf8)
    append(UInt32(0), to: &archive)  // one disk
    append(UInt16(members.count), to: &archive)
    append(UInt16(members.count), to: &archive)
    append(UInt32(directory.count), to: &archive)
    append(UInt32(start), to: &archive)
    append(UInt16(0), to: &archive)  // no comment
    return archive
  }
}
