import Core
import Glibc

/// Where lines go: a file descriptor, or memory that a test reads.
package final class Stream {
  private let descriptor: Int32?
  /// What a stream in memory received.
  package private(set) var bytes: [UInt8] = []
  package let isTerminal: Bool
  private let fixedColumns: Int?

  package init(descriptor: Int32) {
    self.descriptor = descriptor
    isTerminal = isatty(descriptor) == 1
    fixedColumns = nil
  }

  /// Fills those of the first three descriptors that the program was started without.
  ///
  /// The next file to be opened would be given such a number, and talk meant for standard error
  /// would be written into a picture. What fills it can be neither read nor written, so that
  /// standard output which is not there is still an error.
  static func occupyStandardDescriptors() {
    // O_PATH, which Swift's Glibc leaves out.
    let pathOnly: Int32 = 0o10_000_000
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number is the one that is missing.
      unsafe _ = open("/", pathOnly)
    }
  }

  /// A stream in memory.
  package init(terminal: Bool = false, columns: Int = 80) {
    descriptor = nil
    isTerminal = terminal
    fixedColumns = columns
  }

  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Columns of the terminal.
  package var columns: Int {
    if let fixedColumns { return fixedColumns }
    var size = winsize()
    guard let descriptor, unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0
    else { return 80 }
    return Int(size.ws_col)
  }

  /// Writes everything.
  ///
  /// - Throws: `closedPipe` where the reader went away, else `inputOutput`.
  package func write(_ data: [UInt8]) throws(ObverseError) {
    guard let descriptor else {
      bytes += data
      return
    }
    let failure: Int32? = unsafe data.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let count = unsafe Glibc.write(
          descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done)
        if count >= 0 {
          done += count
        } else if errno != EINTR {
          return errno
        }
      }
      return nil
    }
    guard let failure else { return }
    throw failure == EPIPE
      ? .closedPipe : .inputOutput(path: "standard output", why: ObverseError.reason(failure))
  }

  package func write(_ text: String) throws(ObverseError) {
    try write(Array(text.utf8))
  }
}
