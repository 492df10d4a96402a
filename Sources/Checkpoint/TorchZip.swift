import Core

/// torch's container since version 1.6: a zip with a pickle and one member for each storage.
///
/// A TorchScript program is such a zip with code beside it, which is not looked at: what it was saved
/// with are its module's attributes, in the same pickle and the same members.
struct TorchZip {
  let object: PickleResult
  /// Whether it is a TorchScript program.
  let isScript: Bool
  /// Tensors among the constants of a program's code: where a frozen one has its weights.
  let constantCount: Int
  private let archive: ZipArchive
  /// The folder of all members, such as `archive/`.
  private let root: String

  /// The pickle's member, where the archive is torch's.
  static func pickle(of archive: ZipArchive) -> ZipArchive.Member? {
    archive.members.first { $0.name == "data.pkl" || $0.name.hasSuffix("/data.pkl") }
  }

  /// Reads the archive's pickle.
  /// - Throws: `malformed`, `truncated`, `unsupported`, `tooLarge`.
  init(
    _ archive: ZipArchive, pickle: ZipArchive.Member, names: PickleNames
  ) throws(ObverseError) {
    root = String(pickle.name.dropLast("data.pkl".count))
    let folder = root + "constants/"
    isScript = archive.member(named: root + "constants.pkl") != nil
    constantCount = archive.members.count { $0.name.hasPrefix(folder) }
    if let order = archive.member(named: root + "byteorder"), order.size < 64,
      let text = try archive.read(order).text, text != "little"
    {
      throw .unsupported(what: "torch zip", why: "its numbers are \(text)-endian", hint: nil)
    }
    self.archive = archive
    object = try PickleMachine.run(
      archive.read(pickle), names: names, fileBytes: archive.byteCount)
  }

  /// The bytes of a storage, borrowed from the file; nil where the archive has no such member.
  /// - Throws: As `ZipArchive.read`.
  func bytes(_ key: String) throws(ObverseError) -> StorageBytes? {
    guard let member = archive.member(named: root + "data/" + key) else { return nil }
    return try archive.open(member)
  }
}
