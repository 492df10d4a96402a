import Core

/// The checksum that a zip archive holds for a member, compared when the member is first used.
///
/// Opening a checkpoint does not read its tensors: most of a training file is never asked for.
final class StorageChecksum: Sendable {
  private let bytes: Bytes
  private let crc32: UInt32
  /// The member in words.
  private let what: String

  init(_ bytes: Bytes, crc32: UInt32, what: String) {
    self.bytes = bytes
    self.crc32 = crc32
    self.what = what
  }

  /// - Throws: `malformed` where the bytes are not those that were written.
  func verify() throws(ObverseError) {
    guard Zlib.crc32(bytes) == crc32 else {
      throw .malformed(
        what: what, why: "its checksum (CRC-32) is wrong: the file is damaged; copy it again")
    }
  }
}

/// The bytes of a storage as its container gives them.
struct StorageBytes {
  let bytes: Bytes
  var checksum: StorageChecksum?
}
