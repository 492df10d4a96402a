import CJPEG
import Core

/// JPEG, gray or colour, 8 bits a sample.
public enum JPEG {
  /// Makes a baseline JPEG file with chroma at half size.
  ///
  /// Equal input gives equal bytes with the same libjpeg.
  /// - Parameters:
  ///   - pixels: The image, with 1 or 3 channels.
  ///   - quality: libjpeg's scale, 1 to 100.
  ///   - xmp: An XMP packet, such as `XMP.synthetic`.
  /// - Returns: The whole file.
  /// - Throws: `request` for an image with alpha; `resources`.
  public static func encode(
    _ pixels: Pixels, quality: Int = 95, xmp: String? = nil
  ) throws(ObverseError) -> [UInt8] {
    precondition((1...100).contains(quality), "quality \(quality)")
    guard pixels.channels == 1 || pixels.channels == 3 else {
      throw .request("JPEG holds no alpha, the image has \(pixels.channels) channels", hint: nil)
    }
    let short = ObverseError.resources("not enough memory to write a JPEG")
    guard
      let writer = unsafe cjpeg_writer_make(
        UInt32(pixels.width), UInt32(pixels.height), UInt32(pixels.channels), Int32(quality))
    else { throw short }
    defer { unsafe cjpeg_writer_free(writer) }
    var segment: [UInt8]?
    if let xmp {
      segment = Array("http://ns.adobe.com/xap/1.0/\0".utf8) + Array(xmp.utf8)
      precondition((segment?.count ?? 0) <= 65533, "an XMP packet of \(xmp.utf8.count) bytes")
    }
    var start: UnsafePointer<UInt8>?
    var count = 0
    guard
      unsafe cjpeg_write(
        writer, pixels.bytes, segment, segment?.count ?? 0, &start, &count) == CJPEG_OK
    else { throw short }
    try Memory.expectRoom(for: count)
    return unsafe Array(UnsafeBufferPointer(start: start, count: count))
  }

  /// Reads a JPEG, baseline or progressive, as gray or RGB; orientation and profiles are ignored.
  ///
  /// A damaged or cut file is an error, where libjpeg itself would fill in gray.
  /// - Throws: `malformed`; `truncated`; `unsupported` for CMYK, arithmetic coding and 12 bits;
  ///   `tooLarge` beyond `Pixels.longestSide`; `resources`.
  public static func decode(_ file: Bytes) throws(ObverseError) -> Pixels {
    try unsafe file.withUnsafeBytes { (buffer) throws(ObverseError) in
      try unsafe Reader(buffer).pixels()
    }
  }

  /// Whether the file begins as a JPEG does.
  public static func matches(_ file: Bytes) -> Bool {
    file.slice(at: 0, count: 3)?.array == [0xff, 0xd8, 0xff]
  }

  /// Width and height, which its header says; no pixel is read.
  /// - Throws: As `decode`.
  public static func size(_ file: Bytes) throws(ObverseError) -> (width: Int, height: Int) {
    try unsafe file.withUnsafeBytes { (buffer) throws(ObverseError) in
      let header = try unsafe Reader(buffer).header
      return (Int(header.width), Int(header.height))
    }
  }

  /// One pass over a file in memory, which must outlive it.
  @safe
  private struct Reader: ~Copyable {
    private let handle: OpaquePointer
    let header: cjpeg_header

    /// Reads and checks the header.
    init(_ file: UnsafeRawBufferPointer) throws(ObverseError) {
      // libjpeg stops at no bytes before there is a reader that could say so.
      guard unsafe !file.isEmpty else { throw .malformed(what: "JPEG", why: "it has no bytes") }
      guard
        let handle = unsafe cjpeg_reader_make(
          file.bindMemory(to: UInt8.self).baseAddress, file.count)
      else { throw JPEG.short }
      do throws(ObverseError) {
        header = try unsafe Self.header(handle, fileBytes: file.count)
      } catch {
        unsafe cjpeg_reader_free(handle)
        throw error
      }
      unsafe self.handle = unsafe handle
    }

    private static func header(
      _ handle: OpaquePointer, fileBytes: Int
    ) throws(ObverseError) -> cjpeg_header {
      var header = cjpeg_header()
      try unsafe check(cjpeg_read_header(handle, &header), handle)
      let (width, height) = (Int(header.width), Int(header.height))
      guard max(width, height) <= Pixels.longestSide else {
        throw .tooLarge(
          what: "JPEG side", found: UInt64(max(width, height)), limit: UInt64(Pixels.longestSide))
      }
      // Every block of 8x8 takes a bit at least: a shorter file cannot hold its pixels, and memory
      // for them is not even asked for.
      let leastBytes = (width / 8) * (height / 8) / 8
      guard leastBytes <= fileBytes else {
        throw .truncated(
          what: "JPEG of \(width)x\(height)", needs: UInt64(leastBytes),
          fileHas: UInt64(fileBytes))
      }
      return header
    }

    deinit { unsafe cjpeg_reader_free(handle) }

    func pixels() throws(ObverseError) -> Pixels {
      let (width, height) = (Int(header.width), Int(header.height))
      let channels = Int(header.channels)
      let count = width * height * channels
      try Memory.expectRoom(for: count)
      var status = CJPEG_OK
      let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { target, filled in
        unsafe status = cjpeg_read_pixels(handle, target.baseAddress)
        filled = status == CJPEG_OK ? count : 0
      }
      try unsafe Self.check(status, handle)
      return Pixels(width: width, height: height, channels: channels, bytes: bytes)
    }

    private static func check(
      _ status: cjpeg_status, _ handle: OpaquePointer
    ) throws(ObverseError) {
      switch status {
      case CJPEG_OK: break
      case CJPEG_NO_MEMORY: throw JPEG.short
      case CJPEG_UNSUPPORTED:
        throw .unsupported(
          what: "JPEG", why: unsafe String(cString: cjpeg_reader_message(handle)), hint: nil)
      default:
        throw .malformed(what: "JPEG", why: unsafe String(cString: cjpeg_reader_message(handle)))
      }
    }
  }

  private static let short = ObverseError.resources("not enough memory to read a JPEG")
}
