import CZlib
import Core

/// What we ask of the system's zlib.
enum Zlib {
  /// Deflate codes at most 258 bytes in two bits, so no honest stream grows by more than this.
  static let largestRatio = 1032

  /// Inflates a raw deflate stream that must hold exactly `count` bytes and nothing after them.
  ///
  /// `count` is allocated before the first byte is looked at: the caller has bounded it.
  /// - Throws: `malformed` for a damaged stream and for one of another length.
  static func inflate(
    _ source: Bytes, count: Int, what: String
  ) throws(ObverseError) -> Bytes {
    try unsafe Bytes(count: count) { target throws(ObverseError) in
      try unsafe source.withUnsafeBytes { source throws(ObverseError) in
        try unsafe inflate(source, into: target, what: what)
      }
    }
  }

  private static func inflate(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, what: String
  ) throws(ObverseError) {
    var stream = unsafe z_stream()
    let size = unsafe Int32(MemoryLayout<z_stream>.size)
    guard unsafe inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, size) == Z_OK else {
      throw .resources("zlib cannot start: out of memory")
    }
    defer { unsafe _ = inflateEnd(&stream) }
    let input = unsafe source.bindMemory(to: UInt8.self)
    let output = unsafe target.bindMemory(to: UInt8.self)
    unsafe stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
    unsafe stream.next_out = output.baseAddress
    // zlib counts in 32 bits.
    let most = 1 << 30
    var unread = source.count
    var unwritten = target.count
    while true {
      let readable = min(unread, most)
      let writable = min(unwritten, most)
      unsafe stream.avail_in = UInt32(readable)
      unsafe stream.avail_out = UInt32(writable)
      let status = unsafe CZlib.inflate(&stream, Z_NO_FLUSH)
      let read = unsafe readable - Int(stream.avail_in)
      let written = unsafe writable - Int(stream.avail_out)
      unread -= read
      unwritten -= written
      switch status {
      case Z_STREAM_END:
        guard unwritten == 0 else {
          throw .malformed(
            what: what, why: "it inflates to \(unwritten) bytes less than it declares")
        }
        guard unread == 0 else {
          throw .malformed(what: what, why: "\(unread) bytes follow its deflated data")
        }
        return
      case Z_OK where read + written > 0:
        continue
      case Z_OK, Z_BUF_ERROR:
        throw .malformed(
          what: what,
          why: unwritten == 0
            ? "it inflates to more than the \(target.count) bytes that it declares"
            : "its deflated data end early")
      case Z_MEM_ERROR:
        throw .resources("zlib is out of memory")
      default:
        throw .malformed(what: what, why: "its deflated data are damaged")
      }
    }
  }

  /// The CRC-32 that zip files use.
  static func crc32(_ bytes: Bytes) -> UInt32 {
    unsafe bytes.withUnsafeBytes { buffer in
      let start = unsafe buffer.bindMemory(to: UInt8.self).baseAddress
      return unsafe UInt32(truncatingIfNeeded: crc32_z(0, start, buffer.count))
    }
  }
}
