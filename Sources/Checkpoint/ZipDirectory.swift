import Core

/// A zip's end records and central directory, read with every number checked.
///
/// Names and numbers are those of PKWARE's APPNOTE 6.3, sections 4.3.12 to 4.3.16 and 4.5.3.
struct ZipDirectory {
  private let bytes: Bytes
  /// Where the directory begins and ends in the file.
  private let start: Int
  private let end: Int
  private let count: Int
  /// Bytes before the archive proper: all stored offsets are too small by this.
  private let prefix: Int

  /// Finds the directory.
  init(_ bytes: Bytes) throws(ObverseError) {
    let end = try Self.findEnd(bytes)
    let tail = Record(bytes: bytes, base: end)
    var disk = UInt64(try tail.number(UInt16.self, 4))
    var count = UInt64(try tail.number(UInt16.self, 10))
    var size = UInt64(try tail.number(UInt32.self, 12))
    var offset = UInt64(try tail.number(UInt32.self, 16))
    var directoryEnd = end
    // ZIP64's records lie before the ordinary one. They count only where that one has overflowed.
    if end >= 20, bytes.has("PK\u{6}\u{7}", at: end - 20) {
      directoryEnd = try Self.findWideEnd(bytes, locator: end - 20)
      let wide = Record(bytes: bytes, base: directoryEnd)
      if disk == 0xffff { disk = UInt64(try wide.number(UInt32.self, 16)) }
      if count == 0xffff { count = try wide.number(UInt64.self, 32) }
      if size == 0xffff_ffff { size = try wide.number(UInt64.self, 40) }
      if offset == 0xffff_ffff { offset = try wide.number(UInt64.self, 48) }
    }
    guard disk == 0 else {
      throw .unsupported(
        what: "zip archive", why: "it is one part of an archive that was split", hint: nil)
    }
    guard count <= ZipArchive.mostMembers else {
      throw .tooLarge(
        what: "the zip archive's number of members", found: count,
        limit: UInt64(ZipArchive.mostMembers))
    }
    guard let size = Int(exactly: size), let offset = Int(exactly: offset), size <= directoryEnd
    else {
      throw .truncated(
        what: "the zip archive's directory", needs: size, fileHas: UInt64(directoryEnd))
    }
    let start = directoryEnd - size
    guard offset <= start else {
      throw .truncated(
        what: "the zip archive's directory",
        needs: UInt64(offset).addingReportingOverflow(UInt64(size)).partialValue,
        fileHas: UInt64(directoryEnd))
    }
    self.bytes = bytes
    self.start = start
    self.end = directoryEnd
    self.count = Int(count)
    prefix = start - offset
  }

  /// All entries, checked against each other and against the file.
  func members() throws(ObverseError) -> [ZipArchive.Member] {
    var entries: [Entry] = []
    entries.reserveCapacity(min(count, (end - start) / 46))
    var at = start
    for _ in 0..<count {
      let entry = try Entry(bytes, at: at, end: end, prefix: prefix)
      guard entry.header < start else {
        throw .malformed(what: entry.what, why: "it begins outside of the file")
      }
      entries.append(entry)
      at = entry.next
    }
    guard at == end else {
      throw .malformed(
        what: "zip archive", why: "\(end - at) bytes of its directory belong to no member")
    }
    try checkInflated(entries)
    return try withLimits(entries)
  }

  /// Refuses what would fill the memory: archives whose members are honest but a bomb all the same.
  private func checkInflated(_ entries: [Entry]) throws(ObverseError) {
    let allowed = 3 * bytes.count + 16 << 20
    var total = 0
    for entry in entries where entry.method == 8 {
      let (most, overflow) = entry.compressedSize.multipliedReportingOverflow(
        by: Zlib.largestRatio)
      guard overflow || entry.size <= most else {
        throw .malformed(
          what: entry.what,
          why: "\(entry.compressedSize) bytes cannot inflate to the \(entry.size) it declares")
      }
      total = total.addingReportingOverflow(entry.size).overflow ? .max : total + entry.size
    }
    guard total <= allowed else {
      throw .tooLarge(
        what: "the zip archive's inflated size", found: UInt64(total), limit: UInt64(allowed))
    }
  }

  /// Gives every entry the place where the next one begins, and refuses those that overlap.
  private func withLimits(_ entries: [Entry]) throws(ObverseError) -> [ZipArchive.Member] {
    var limits = [Int](repeating: start, count: entries.count)
    var limit = start
    for position in entries.indices.sorted(by: { entries[$0].header > entries[$1].header }) {
      let entry = entries[position]
      // The local header's extra field is not known here; reading the member checks with it.
      let least = 30 + entry.nameLength
      guard least <= limit - entry.header, entry.compressedSize <= limit - entry.header - least
      else {
        throw .malformed(
          what: entry.what,
          why: "its \(entry.compressedSize) bytes reach into what follows it")
      }
      limits[position] = limit
      limit = entry.header
    }
    return zip(entries, limits).map { entry, limit in
      ZipArchive.Member(
        name: entry.name, method: entry.method, compressedSize: entry.compressedSize,
        size: entry.size, crc32: entry.crc32, isEncrypted: entry.isEncrypted,
        header: entry.header, limit: limit)
    }
  }

  /// The end record: the last one whose comment ends with the file.
  private static func findEnd(_ bytes: Bytes) throws(ObverseError) -> Int {
    var at = bytes.count - 22
    let earliest = max(0, at - 0xffff)
    while at >= earliest {
      if bytes[at] == 0x50, bytes.has("PK\u{5}\u{6}", at: at),
        let comment = bytes.load(UInt16.self, at: at + 20), Int(comment) == bytes.count - 22 - at
      {
        return at
      }
      at -= 1
    }
    throw .malformed(what: "zip archive", why: "it has no end record; the file may be cut short")
  }

  /// ZIP64's end record, where its locator says, or just before it if data precede the archive.
  private static func findWideEnd(_ bytes: Bytes, locator: Int) throws(ObverseError) -> Int {
    let stored = bytes.load(UInt64.self, at: locator + 8).flatMap { Int(exactly: $0) }
    for at in [stored, locator - 56] {
      if let at, at >= 0, at <= locator - 56, bytes.has("PK\u{6}\u{6}", at: at) { return at }
    }
    throw .malformed(what: "zip archive", why: "its ZIP64 end record is missing")
  }

}

extension ZipDirectory {
  /// A record of fixed fields.
  private struct Record {
    let bytes: Bytes
    let base: Int

    func number<T: FixedWidthInteger & BitwiseCopyable>(
      _ type: T.Type, _ offset: Int
    ) throws(ObverseError) -> T {
      guard let value = bytes.load(type, at: base + offset) else {
        throw .truncated(
          what: "the zip archive's directory",
          needs: UInt64(clamping: base + offset + MemoryLayout<T>.size),
          fileHas: UInt64(bytes.count))
      }
      return value
    }
  }

  /// One file header of the directory.
  private struct Entry {
    let name: String
    let nameLength: Int
    let method: Int
    let isEncrypted: Bool
    let crc32: UInt32
    let compressedSize: Int
    let size: Int
    let header: Int
    /// Where the next entry begins.
    let next: Int

    var what: String { "zip member '\(name)'" }

    init(_ bytes: Bytes, at: Int, end: Int, prefix: Int) throws(ObverseError) {
      let fields = Record(bytes: bytes, base: at)
      guard at <= end - 46, bytes.has("PK\u{1}\u{2}", at: at) else {
        throw .malformed(what: "zip archive", why: "its directory lists fewer members than it says")
      }
      let flags = try fields.number(UInt16.self, 8)
      method = Int(try fields.number(UInt16.self, 10))
      crc32 = try fields.number(UInt32.self, 16)
      nameLength = Int(try fields.number(UInt16.self, 28))
      let extraLength = Int(try fields.number(UInt16.self, 30))
      let commentLength = Int(try fields.number(UInt16.self, 32))
      // Bits 0, 6 and 13: encrypted, strongly encrypted, header values masked.
      isEncrypted = flags & 0x2041 != 0
      let extraStart = at + 46 + nameLength
      next = extraStart + extraLength + commentLength
      guard next <= end, let text = bytes.slice(at: at + 46, count: nameLength) else {
        throw .malformed(what: "zip archive", why: "an entry reaches past the directory's end")
      }
      let name: String
      do {
        name = try text.readText()
      } catch {
        throw .malformed(what: "zip archive", why: "the name of a member \(error.why)")
      }
      self.name = name
      var wide = Wide(bytes, at: extraStart, count: extraLength, name: name)
      size = try wide.value(fields.number(UInt32.self, 24))
      compressedSize = try wide.value(fields.number(UInt32.self, 20))
      let (header, overflow) = try wide.value(fields.number(UInt32.self, 42))
        .addingReportingOverflow(prefix)
      guard !overflow else {
        throw .malformed(what: "zip member '\(name)'", why: "it begins outside of the file")
      }
      self.header = header
      guard method != 0 || size == compressedSize else {
        throw .malformed(
          what: "zip member '\(name)'",
          why: "it is stored, yet its sizes differ: \(compressedSize) and \(size)")
      }
    }
  }

  /// The extra field 0x0001, which holds in fixed order the numbers that overflow their own field.
  private struct Wide {
    private let bytes: Bytes
    private let name: String
    private var at: Int
    private var end: Int

    init(_ bytes: Bytes, at start: Int, count: Int, name: String) {
      self.bytes = bytes
      self.name = name
      at = start
      end = start
      var field = start
      while field + 4 <= start + count, let id = bytes.load(UInt16.self, at: field),
        let size = bytes.load(UInt16.self, at: field + 2)
      {
        if id == 1 {
          at = field + 4
          end = min(at + Int(size), start + count)
          return
        }
        field += 4 + Int(size)
      }
    }

    /// The next wide number where `narrow` says that there is one.
    mutating func value(_ narrow: UInt32) throws(ObverseError) -> Int {
      guard narrow == 0xffff_ffff else { return Int(narrow) }
      guard at + 8 <= end, let value = bytes.load(UInt64.self, at: at) else {
        throw .malformed(what: "zip member '\(name)'", why: "its ZIP64 sizes are missing")
      }
      at += 8
      guard let value = Int(exactly: value) else {
        throw .malformed(what: "zip member '\(name)'", why: "its size or place overflows")
      }
      return value
    }
  }
}
