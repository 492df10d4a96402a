import Core

/// A zip archive: the list of its members, and their bytes on request.
///
/// The central directory alone says what there is, since writers that stream leave the sizes out of
/// the local headers. Opening checks all that can be checked without touching the members' data;
/// reading a stored member borrows its bytes from the file.
public struct ZipArchive: Sendable {
  /// One file in the archive, as the central directory declares it.
  public struct Member: Sendable {
    public let name: String
    /// 0 is stored, 8 is deflated.
    public let method: Int
    public let compressedSize: Int
    public let size: Int
    public let crc32: UInt32
    public let isEncrypted: Bool
    /// Where the local header begins, prefix data included.
    let header: Int
    /// Where the next member or the directory begins: no byte of this one may lie there.
    let limit: Int
  }

  /// More than any checkpoint needs: the largest that we know holds some thousands.
  public static let mostMembers = 100_000

  /// In the order of the central directory.
  public let members: [Member]
  private let bytes: Bytes
  private let index: [FileName: Int]

  /// Size of the file.
  var byteCount: Int { bytes.count }

  /// Reads the central directory.
  /// - Throws: `malformed`, `truncated`, `tooLarge` or `unsupported`.
  public init(_ bytes: Bytes) throws(ObverseError) {
    let directory = try ZipDirectory(bytes)
    let members = try directory.members()
    var index: [FileName: Int] = [:]
    index.reserveCapacity(members.count)
    for (position, member) in members.enumerated() {
      guard index.updateValue(position, forKey: FileName(member.name)) == nil else {
        throw .malformed(what: "zip member '\(member.name)'", why: "the archive has two of it")
      }
    }
    self.bytes = bytes
    self.members = members
    self.index = index
  }

  /// The member of this name.
  public func member(named name: String) -> Member? {
    index[FileName(name)].map { members[$0] }
  }

  /// A member's bytes: a slice of the file where it is stored, a new buffer where it is deflated.
  ///
  /// - Throws: `malformed`, also for a wrong CRC-32; `truncated`; `unsupported` for encrypted members
  ///   and other methods.
  public func read(_ member: Member) throws(ObverseError) -> Bytes {
    let found = try open(member)
    try found.checksum?.verify()
    return found.bytes
  }

  /// A member's bytes with the checksum that is still to be compared: that of a stored one.
  ///
  /// A CRC-32 of 0 says nothing: torch writes it where its user has turned checksums off
  /// (`torch.serialization.set_crc32_options(False)`).
  /// - Throws: As `read`.
  func open(_ member: Member) throws(ObverseError) -> StorageBytes {
    let what = "zip member '\(member.name)'"
    guard !member.isEncrypted else {
      throw .unsupported(what: what, why: "it is encrypted", hint: nil)
    }
    guard member.method == 0 || member.method == 8 else {
      throw .unsupported(
        what: what, why: "it is compressed with \(Self.name(ofMethod: member.method))",
        hint: "repack the archive with 'zip -0' or Python's zipfile")
    }
    let data = try data(of: member, what)
    guard member.method == 8 else {
      guard member.crc32 != 0 else { return StorageBytes(bytes: data) }
      return StorageBytes(
        bytes: data, checksum: StorageChecksum(data, crc32: member.crc32, what: what))
    }
    let inflated = try Zlib.inflate(data, count: member.size, what: what)
    try StorageChecksum(inflated, crc32: member.crc32, what: what).verify()
    return StorageBytes(bytes: inflated)
  }

  /// The member's bytes as they lie in the file.
  private func data(of member: Member, _ what: String) throws(ObverseError) -> Bytes {
    guard bytes.has("PK\u{3}\u{4}", at: member.header),
      let nameLength = bytes.load(UInt16.self, at: member.header + 26),
      let extraLength = bytes.load(UInt16.self, at: member.header + 28),
      let name = bytes.slice(at: member.header + 30, count: Int(nameLength))
    else { throw .malformed(what: what, why: "there is no local header where it should begin") }
    guard name.text == member.name else {
      throw .malformed(what: what, why: "its local header has another name")
    }
    // The extra field pads the data of PyTorch's files to 64 bytes; the directory does not have it.
    let start = member.header + 30 + Int(nameLength) + Int(extraLength)
    guard start <= member.limit, member.compressedSize <= member.limit - start,
      let data = bytes.slice(at: start, count: member.compressedSize)
    else {
      throw .malformed(
        what: what, why: "its \(member.compressedSize) bytes reach into what follows it")
    }
    return data
  }

  /// What the format's appendix calls a compression method.
  private static func name(ofMethod method: Int) -> String {
    switch method {
    case 1: "shrink"
    case 2...5: "reduce"
    case 6: "implode"
    case 9: "deflate64"
    case 12: "bzip2"
    case 14: "LZMA"
    case 93: "zstd"
    case 95: "xz"
    case 99: "AES encryption"
    default: "method \(method)"
    }
  }
}
