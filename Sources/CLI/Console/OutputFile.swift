import Core
import Glibc

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
