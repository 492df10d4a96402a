import CPNG
import Core

/// Portable Network Graphics, 8 bits a sample.
public enum PNG {
  /// How rows are turned into differences before compression.
  public enum Filter: Int32, Sendable {
    case none, sub, up, average, paeth
    /// Tries all five on every row.
    case adaptive
  }

  /// What zlib looks for.
  public enum Strategy: Int32, Sendable {
    case standard, filtered, huffmanOnly, runLength
  }

  /// Makes a PNG file.
  ///
  /// Equal input gives equal bytes with the same zlib; there is no time stamp.
  /// - Parameters:
  ///   - pixels: The image.
  ///   - text: Text chunks in this order. Keys are 1 to 79 printable ASCII characters.
  ///   - xmp: An XMP packet, such as `XMP.synthetic`.
  ///   - level: zlib's effort, 0 to 9.
  ///   - filter: One filter for all rows, or `adaptive`.
  ///   - strategy: zlib's strategy. The room's README says how the defaults were measured.
  /// - Returns: The whole file.
  /// - Throws: `resources`, where memory is short.
  public static func encode(
    _ pixels: Pixels, text: [(key: String, value: String)] = [], xmp: String? = nil,
    level: Int = 1, filter: Filter = .paeth, strategy: Strategy = .runLength
  ) throws(ObverseError) -> [UInt8] {
    precondition((0...9).contains(level), "level \(level)")
    let short = ObverseError.resources("not enough memory to write a PNG")
    guard
      let writer = unsafe cpng_writer_make(
        UInt32(pixels.width), UInt32(pixels.height), UInt32(pixels.channels), Int32(level),
        filter.rawValue, strategy.rawValue)
    else { throw short }
    defer { unsafe cpng_writer_free(writer) }
    for (key, value) in text + (xmp.map { [(xmpKey, $0)] } ?? []) {
      precondition(
        (1...79).contains(key.utf8.count)
          && key.utf8.allSatisfy { (32...126).contains($0) }, "text key '\(key)'")
      precondition(!value.utf8.contains(0), "text '\(key)' holds a zero byte")
      // tEXt is Latin-1; what both encodings write alike stays readable for the oldest tools. XMP
      // has to be iTXt.
      let utf8 = key == xmpKey || !value.utf8.allSatisfy { $0 < 128 }
      guard unsafe cpng_add_text(writer, key, value, utf8 ? 1 : 0) == CPNG_OK else { throw short }
    }
    var start: UnsafePointer<UInt8>?
    var count = 0
    guard unsafe cpng_write(writer, pixels.bytes, &start, &count) == CPNG_OK else { throw short }
    try Memory.expectRoom(for: count)
    return unsafe Array(UnsafeBufferPointer(start: start, count: count))
  }

  /// Reads the pixels of a PNG of any kind.
  ///
  /// Palettes are resolved, 16 bits become 8, transparency becomes alpha; gamma and colour profiles
  /// are ignored.
  /// - Throws: `malformed`, also for a file that ends early; `tooLarge` beyond
  ///   `Pixels.longestSide`; `resources`.
  public static func decode(_ file: Bytes) throws(ObverseError) -> Pixels {
    try unsafe file.withUnsafeBytes { (buffer) throws(ObverseError) in
      var reader = try unsafe Reader(buffer, keepsTexts: false)
      return try reader.pixels()
    }
  }

  /// Width and height, which its header says; no pixel is read.
  /// - Throws: As `decode`.
  public static func size(_ file: Bytes) throws(ObverseError) -> (width: Int, height: Int) {
    try unsafe file.withUnsafeBytes { (buffer) throws(ObverseError) in
      try unsafe Reader(buffer, keepsTexts: false).size
    }
  }

  /// Reads the text chunks of a PNG in file order, XMP among them, without reading its pixels.
  ///
  /// At most 32 chunks of 1 MB each are kept; those that are no text (`TextFault`) are left out.
  /// - Throws: `malformed`, `tooLarge`, `resources`.
  public static func text(_ file: Bytes) throws(ObverseError) -> [(key: String, value: String)] {
    try unsafe file.withUnsafeBytes { (buffer) throws(ObverseError) in
      var reader = try unsafe Reader(buffer, keepsTexts: true)
      return try reader.texts()
    }
  }

  /// Whether the file begins as a PNG does.
  public static func matches(_ file: Bytes) -> Bool {
    file.slice(at: 0, count: 8)?.array == [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
  }

  /// The key under which readers look for XMP.
  public static let xmpKey = "XML:com.adobe.xmp"
}

extension PNG {
  /// One pass over a file in memory, which must outlive it.
  @safe
  private struct Reader: ~Copyable {
    private let handle: OpaquePointer
    private let header: cpng_header

    init(_ file: UnsafeRawBufferPointer, keepsTexts: Bool) throws(ObverseError) {
      guard
        let handle = unsafe cpng_reader_make(
          file.bindMemory(to: UInt8.self).baseAddress, file.count, UInt32(Int32.max),
          keepsTexts ? 1 : 0)
      else { throw .resources("not enough memory to read a PNG") }
      var header = cpng_header()
      let status = unsafe cpng_read_header(handle, &header)
      let found = UInt64(max(header.width, header.height))
      let failure: ObverseError? =
        if status != CPNG_OK {
          unsafe Self.error(status, handle)
        } else if found > Pixels.longestSide {
          .tooLarge(what: "PNG side", found: found, limit: UInt64(Pixels.longestSide))
        } else if header.packed_bytes / 1032 > file.count {
          // Deflate gives at most 1032 bytes for one: such a file cannot hold its pixels, and memory
          // for them is not even asked for.
          .truncated(
            what: "PNG of \(header.width)x\(header.height)", needs: header.packed_bytes / 1032,
            fileHas: UInt64(file.count))
        } else {
          nil
        }
      if let failure {
        unsafe cpng_reader_free(handle)
        throw failure
      }
      unsafe self.handle = unsafe handle
      self.header = header
    }

    deinit {
      unsafe cpng_reader_free(handle)
    }

    var size: (width: Int, height: Int) { (Int(header.width), Int(header.height)) }

    mutating func pixels() throws(ObverseError) -> Pixels {
      let (width, height) = (Int(header.width), Int(header.height))
      let channels = Int(header.channels)
      var status = CPNG_OK
      let count = width * height * channels
      try Memory.expectRoom(for: count)
      let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { target, filled in
        unsafe status = cpng_read_pixels(handle, target.baseAddress)
        filled = status == CPNG_OK ? count : 0
      }
      guard status == CPNG_OK else { throw unsafe Self.error(status, handle) }
      return Pixels(width: width, height: height, channels: channels, bytes: bytes)
    }

    mutating func texts() throws(ObverseError) -> [(key: String, value: String)] {
      var count: Int32 = 0
      let status = unsafe cpng_read_texts(handle, &count)
      guard status == CPNG_OK else { throw unsafe Self.error(status, handle) }
      var texts: [(key: String, value: String)] = []
      for index in 0..<count {
        var key: UnsafePointer<CChar>?
        var value: UnsafePointer<CChar>?
        let utf8 = unsafe cpng_text_at(handle, index, &key, &value) != 0
        guard let key = unsafe key, let value = unsafe value else { continue }
        guard utf8 else {
          unsafe texts.append((Self.latin1(key), Self.latin1(value)))
          continue
        }
        var length = 0
        while unsafe value[length] != 0 { length += 1 }
        let bytes = unsafe UnsafeRawBufferPointer(start: value, count: length)
        guard let text = unsafe try? String(fileText: bytes) else { continue }
        unsafe texts.append((Self.latin1(key), text))
      }
      return texts
    }

    private static func latin1(_ text: UnsafePointer<CChar>) -> String {
      var result = ""
      var at = unsafe text
      while unsafe at.pointee != 0 {
        unsafe result.unicodeScalars.append(Unicode.Scalar(UInt8(bitPattern: at.pointee)))
        unsafe at += 1
      }
      return result
    }

    private static func error(_ status: cpng_status, _ handle: OpaquePointer) -> ObverseError {
      switch status {
      case CPNG_NO_MEMORY: .resources("not enough memory to read a PNG")
      default: .malformed(what: "PNG", why: unsafe String(cString: cpng_reader_message(handle)))
      }
    }
  }
}
