import Core
import Glibc

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

/// A torch zip that was unpacked, as some systems do with a download: `data.pkl` and `data/`.
struct TorchFolder {
  /// The folder with `data.pkl` in it.
  let folder: String

  /// The folder itself or the only one inside of it, where `data.pkl` lies.
  init?(_ path: String) {
    if Self.isFile("\(path)/data.pkl") {
      folder = path
      return
    }
    let inner = FolderListing(path).folders.filter { Self.isFile("\(path)/\($0)/data.pkl") }
    guard inner.count == 1 else { return nil }
    folder = "\(path)/\(inner[0])"
  }

  /// The folder around a `data.pkl`, where the tensors' numbers lie beside it.
  static func around(_ path: String) -> TorchFolder? {
    let end = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = end.map { String(path[..<$0]) } ?? "."
    var status = stat()
    guard path.hasSuffix("data.pkl"),
      unsafe "\(folder)/data".withFileName({ unsafe stat($0, &status) }) == 0,
      status.st_mode & S_IFMT == S_IFDIR
    else { return nil }
    return TorchFolder(folder)
  }

  /// Reads the pickle and maps the storages that its tensors ask for.
  /// - Throws: As a torch zip, without `inFile`.
  func read(path: String) throws(ObverseError) -> CheckpointFile {
    if let order = try? Bytes(mapping: "\(folder)/byteorder"), order.count < 64,
      let text = order.text, text != "little"
    {
      throw .unsupported(what: "torch zip", why: "its numbers are \(text)-endian", hint: nil)
    }
    let names = PickleNames()
    let pickle = try Bytes(mapping: "\(folder)/data.pkl")
    let object = try PickleMachine.run(pickle, names: names)
    var size = pickle.count
    let file = try CheckpointFile(path, .torchFolder, object, names) {
      (key) throws(ObverseError) in
      // Keys come from the file: none may lead out of the folder.
      guard !key.isEmpty, key.utf8.allSatisfy({ $0 != UInt8(ascii: "/") && $0 != 0 }),
        key != ".", key != "..", Self.isFile("\(folder)/data/\(key)")
      else { return nil }
      do throws(ObverseError) {
        let bytes = try Bytes(mapping: "\(folder)/data/\(key)")
        size += bytes.count
        return StorageBytes(bytes: bytes)
      } catch .empty {
        return StorageBytes(bytes: Bytes([]))
      }
    }
    return file.sized(size)
  }

  private static func isFile(_ path: String) -> Bool {
    var status = stat()
    return unsafe path.withFileName { unsafe lstat($0, &status) } == 0
      && status.st_mode & S_IFMT == S_IFREG
  }
}

/// The names in a folder, in order.
struct FolderListing {
  private(set) var files: [String] = []
  private(set) var folders: [String] = []

  /// More than a folder of checkpoints has; the rest is left out.
  private static let most = 10_000

  init(_ path: String) {
    guard let stream = unsafe path.withFileName({ unsafe opendir($0) }) else { return }
    defer { unsafe _ = closedir(stream) }
    while files.count + folders.count < Self.most, let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe String(fileName: $0)
        }
      }
      guard name != ".", name != ".." else { continue }
      var status = stat()
      guard unsafe "\(path)/\(name)".withFileName({ unsafe stat($0, &status) }) == 0 else {
        continue
      }
      if status.st_mode & S_IFMT == S_IFDIR { folders.append(name) } else { files.append(name) }
    }
    files.sort()
    folders.sort()
  }
}
