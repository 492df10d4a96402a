import CSystem

/// A file that appears under its name whole or not at all.
///
/// Bytes go to a temporary name in the same folder; `commit()` renames it. What is dropped without
/// a commit is removed. A killed process can leave the temporary name behind, never half a target.
public struct AtomicFile: ~Copyable {
  private let path: String
  private let temporary: String
  private var descriptor: Int32

  /// Opens a temporary file beside `path`.
  /// - Throws: `cannotCreate`.
  public init(_ path: String) throws(ObverseError) {
    self.path = path
    var status = stat()
    let found = unsafe path.withFileName { unsafe stat($0, &status) } == 0
    // The temporary name is shorter than such a name, so that only the last step would fail.
    let failure = error_number()
    guard found || error_is_long_name(failure) == 0 else {
      throw .cannotCreate(path: path, why: ObverseError.reason(failure))
    }
    if found, unsafe file_is_regular(&status) == 0 {
      // Renaming would replace a device, such as /dev/null, for the whole system.
      let isFolder = unsafe file_is_folder(&status) != 0
      throw .cannotCreate(path: path, why: isFolder ? "it is a directory" : "it is no regular file")
    }
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8.index(after: $0) }
    let folder = path[..<(slash ?? path.startIndex)]
    // File systems allow 255 bytes. A name's beginning is enough for people to see what it is.
    let name = path[(slash ?? path.startIndex)...].unicodeScalars.prefix(48)
    var attempt = 0
    while true {  // another thread may be writing under the same name
      let candidate = "\(folder).\(Substring(name)).\(process_number()).\(attempt).part"
      let opened = unsafe candidate.withFileName { unsafe file_create($0) }
      let failure = error_number()
      if opened < 0, error_is_existing(failure) != 0, attempt < 1000 {
        attempt += 1
        continue
      }
      guard opened >= 0 else {
        throw .cannotCreate(path: path, why: ObverseError.reason(failure))
      }
      temporary = candidate
      descriptor = opened
      break
    }
  }

  /// Appends bytes.
  /// - Throws: `inputOutput`, for a full disk among others.
  public mutating func write(_ bytes: RawSpan) throws(ObverseError) {
    let target = descriptor
    let failure: Int32? = unsafe bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        guard let rest = unsafe buffer.baseAddress?.advanced(by: done) else { return nil }
        let count = unsafe file_write(target, rest, buffer.count - done)
        if count < 0 {
          let failure = error_number()
          if error_is_interruption(failure) != 0 { continue }
          return failure
        }
        done += count
      }
      return nil
    }
    if let failure { throw .inputOutput(path: path, why: ObverseError.reason(failure)) }
  }

  /// Gives the file its name.
  /// - Throws: `inputOutput`, where the disk or the folder refuses; nothing is left then.
  public consuming func commit() throws(ObverseError) {
    let open = descriptor
    descriptor = -1
    let renamed = unsafe temporary.withFileName { (from) -> Bool in
      unsafe path.withFileName { (to) in unsafe close(open) == 0 && rename(from, to) == 0 }
    }
    guard renamed else {
      let why = ObverseError.reason(error_number())
      remove()
      throw .inputOutput(path: path, why: why)
    }
  }

  /// Refuses a path where no file can be made, before the work that would go into it.
  /// - Throws: `cannotCreate`.
  public static func check(_ path: String) throws(ObverseError) { _ = try AtomicFile(path) }

  /// Writes a whole file at once.
  public static func write(_ bytes: RawSpan, to path: String) throws(ObverseError) {
    var file = try AtomicFile(path)
    try file.write(bytes)
    try file.commit()
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    remove()
  }

  private func remove() {
    unsafe _ = temporary.withFileName { unsafe unlink($0) }
  }
}
