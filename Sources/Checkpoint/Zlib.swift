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

  /// Whether bytes begin as a gzip file does, with deflated content.
  static func isGzip(_ bytes: Bytes) -> Bool {
    bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8
  }

  /// Inflates a gzip file of any number of members.
  ///
  /// It is inflated twice: its size is not known before, and must be to make room once.
  /// - Throws: `malformed` for damaged or cut files, `tooLarge` beyond `most` bytes.
  static func gunzip(_ source: Bytes, most: Int) throws(ObverseError) -> Bytes {
    var total = 0
    try gunzip(source) { (_, count) throws(ObverseError) in
      total += count
      guard total <= most else {
        throw .tooLarge(
          what: "the size behind gzip", found: UInt64(total), limit: UInt64(clamping: most))
      }
    }
    return try unsafe Bytes(count: total) { target throws(ObverseError) in
      var at = 0
      try gunzip(source) { (part, count) in
        guard at + count <= target.count else { return }
        unsafe part.withUnsafeBytes { part in
          guard let from = part.baseAddress, let to = target.baseAddress else { return }
          unsafe (to + at).copyMemory(from: from, byteCount: count)
        }
        at += count
      }
    }
  }

  /// Gives the content piece by piece: a buffer, and how many of its bytes are new.
  private static func gunzip(
    _ source: Bytes, _ take: ([UInt8], Int) throws(ObverseError) -> Void
  ) throws(ObverseError) {
    let what = "gzip file"
    let size = 1 << 16
    var stream = unsafe z_stream()
    // 16 asks for gzip's header and trailer, whose checksum zlib compares.
    guard
      unsafe inflateInit2_(
        &stream, MAX_WBITS + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw .resources("zlib cannot start: out of memory") }
    defer { unsafe _ = inflateEnd(&stream) }
    var out = [UInt8](repeating: 0, count: size)
    var position = 0
    var ended = false
    while !ended || position < source.count {
      if ended {
        // Another member, or padding that nobody needs.
        guard let rest = source.slice(at: position, count: source.count - position), isGzip(rest)
        else { return }
        unsafe _ = inflateReset(&stream)
        ended = false
      }
      guard let rest = source.slice(at: position, count: min(source.count - position, 1 << 30))
      else { return }
      let status = unsafe rest.withUnsafeBytes { input in
        unsafe out.withUnsafeMutableBufferPointer { output in
          unsafe stream.next_in = UnsafeMutablePointer(
            mutating: input.bindMemory(to: UInt8.self).baseAddress)
          unsafe stream.next_out = output.baseAddress
          unsafe stream.avail_in = UInt32(input.count)
          unsafe stream.avail_out = UInt32(output.count)
          return unsafe CZlib.inflate(&stream, Z_NO_FLUSH)
        }
      }
      let read = unsafe rest.count - Int(stream.avail_in)
      let written = unsafe size - Int(stream.avail_out)
      position += read
      guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
        throw .malformed(what: what, why: "its deflated data are damaged")
      }
      ended = status == Z_STREAM_END
      guard ended || read + written > 0 else {
        throw .malformed(what: what, why: "it is cut short; download it again")
      }
      try take(out, written)
    }
  }

  /// The CRC-32 that zip files use.
  static func crc32(_ bytes: Bytes) -> UInt32 {
    unsafe bytes.withUnsafeBytes { buffer in
      let start = unsafe buffer.bindMemory(to: UInt8.self).baseAddress
      return unsafe UInt32(truncatingIfNeeded: crc32_bytes(start, buffer.count))
    }
  }
}
