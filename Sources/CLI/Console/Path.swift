import Core
import Glibc
import Options

/// Names of files, and what the file system says about them.
package enum Path {
  /// The folder of a path: `out` of `out/a.png`, `.` of `a.png`, `/` of `/a.png`.
  package static func folder(_ path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The last component of a path.
  package static func name(_ path: String) -> String {
    let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    guard let slash = trimmed.utf8.lastIndex(of: UInt8(ascii: "/")) else { return trimmed }
    return String(trimmed[trimmed.index(after: slash)...])
  }

  /// The last component without its suffix.
  package static func stem(_ path: String) -> String {
    let name = name(path)
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot != name.startIndex else {
      return name
    }
    return String(name[..<dot])
  }

  /// What follows the last dot of the last component, in lower case; nil without a dot.
  package static func suffix(_ path: String) -> String? {
    let name = name(path)
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot != name.startIndex else {
      return nil
    }
    return name[name.index(after: dot)...].lowercased()
  }

  /// `folder/name`, and `name` alone where the folder is the current one.
  package static func join(_ folder: String, _ name: String) -> String {
    folder == "." || folder.isEmpty
      ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }

  /// A path as a shell takes it for one word.
  static func quoted(_ path: String) -> String {
    let isPlain = path.utf8.allSatisfy { byte in
      byte >= 0x80 || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
        || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
        || "0123456789_-+=.,/:@%".utf8.contains(byte)
    }
    return isPlain && !path.isEmpty ? path : path.quotedForShell
  }

  package static func isFile(_ path: String) -> Bool { mode(path) == S_IFREG }
  package static func isFolder(_ path: String) -> Bool { mode(path) == S_IFDIR }
  package static func exists(_ path: String) -> Bool { mode(path) != nil }

  /// Whether two names are one file.
  package static func isSame(_ a: String, _ b: String) -> Bool {
    var (first, second) = (Glibc.stat(), Glibc.stat())
    return unsafe a.withFileName { unsafe stat($0, &first) } == 0
      && b.withFileName { unsafe stat($0, &second) } == 0
      && first.st_ino == second.st_ino && first.st_dev == second.st_dev
  }

  /// Bytes of a file, or 0.
  package static func size(_ path: String) -> Int {
    var status = Glibc.stat()
    return unsafe path.withFileName { unsafe stat($0, &status) } == 0 ? Int(status.st_size) : 0
  }

  /// Makes a folder and those above it.
  ///
  /// - Throws: `cannotCreate`.
  package static func makeFolder(_ path: String) throws(ObverseError) {
    if isFolder(path) || path.isEmpty { return }
    var missing = [path]  // the deepest first
    while let next = missing.last {
      if unsafe next.withFileName({ unsafe mkdir($0, 0o777) }) == 0
        || errno == EEXIST && isFolder(next)
      {
        missing.removeLast()
        continue
      }
      let code = errno
      let above = folder(next)
      // No more often than the path has parts: what lies above is shorter each time.
      guard code == ENOENT, above.utf8.count < next.utf8.count, !isFolder(above) else {
        throw .cannotCreate(path: next, why: ObverseError.reason(code))
      }
      missing.append(above)
    }
  }

  /// The file itself, absolute and without links; nil where there is none.
  static func resolved(_ path: String) -> String? {
    guard let name = unsafe path.withFileName({ unsafe realpath($0, nil) }) else { return nil }
    defer { unsafe free(name) }
    return unsafe String(fileName: name)
  }

  private static func mode(_ path: String) -> mode_t? {
    var status = Glibc.stat()
    return unsafe path.withFileName { unsafe stat($0, &status) } == 0
      ? status.st_mode & S_IFMT : nil
  }
}

/// Files that the user named.
enum OutputFile {
  /// Writes a whole file: under a temporary name and renamed, or straight into a device or pipe,
  /// which must never be replaced by a file.
  static func write(_ bytes: [UInt8], to path: String) throws(ObverseError) {
    guard isSpecial(path) else { return unsafe try AtomicFile.write(bytes.span.bytes, to: path) }
    let descriptor = try Self.open(path)
    defer { close(descriptor) }
    try write(bytes, to: descriptor, path)
  }

  /// Opens a device or a pipe.
  static func open(_ path: String) throws(ObverseError) -> Int32 {
    let descriptor = unsafe path.withFileName { unsafe Glibc.open($0, O_WRONLY | O_CLOEXEC) }
    guard descriptor >= 0 else {
      throw .cannotCreate(path: path, why: ObverseError.reason(errno))
    }
    return descriptor
  }

  /// Writes to an open device or pipe that is called `path`.
  static func write(
    _ bytes: [UInt8], to descriptor: Int32, _ path: String
  ) throws(ObverseError) {
    do throws(ObverseError) {
      try Stream(descriptor: descriptor).write(bytes)
    } catch {
      if case .inputOutput(_, let why) = error { throw .inputOutput(path: path, why: why) }
      throw error
    }
  }

  /// Whether something is there that is neither a file nor a folder.
  static func isSpecial(_ path: String) -> Bool {
    Path.exists(path) && !Path.isFile(path) && !Path.isFolder(path)
  }
}

/// One file, or standard output, that receives image after image.
final class ImageStream {
  private let console: Console
  private let path: String?
  private var file: AtomicFile?
  /// A device or a pipe with a name, which gets every piece at once.
  private var special: Int32?

  /// Begins a file, or standard output where `path` is nil.
  init(_ path: String?, _ console: Console) throws(ObverseError) {
    self.path = path
    self.console = console
    guard let path else { return }
    guard !OutputFile.isSpecial(path) else {
      special = try OutputFile.open(path)
      return
    }
    try Path.makeFolder(Path.folder(path))
    file = try AtomicFile(path)
  }

  func write(_ bytes: [UInt8]) throws(ObverseError) {
    if let special, let path {
      try OutputFile.write(bytes, to: special, path)
    } else if path == nil {
      try console.data(bytes)
    } else if var open = file.take() {
      unsafe try open.write(bytes.span.bytes)
      file = consume open
    }
  }

  /// Gives the file its name.
  func finish() throws(ObverseError) {
    if let open = file.take() { try open.commit() }
  }

  deinit {
    if let special { close(special) }
  }
}
