import CSystem

// A file's name is bytes to the system and text to us. Most names are UTF-8; those that are not must
// still come back as the bytes they were, or another file is opened.

extension Unicode.Scalar {
  /// The byte of a file name that this scalar stands for, if it stands for one.
  ///
  /// Bytes from 0x80 on that are no UTF-8 are kept as U+10FF80 to U+10FFFF, the last scalars of the
  /// last private plane: the idea of Python's `surrogateescape` (PEP 383), for text that cannot hold
  /// surrogates. A name that really has such a scalar has its four bytes kept this way, so that
  /// every name comes back as it was.
  public var fileNameByte: UInt8? {
    (0x10_FF80...0x10_FFFF).contains(value) ? UInt8(truncatingIfNeeded: value) : nil
  }

  fileprivate init(fileNameByte byte: UInt8) {
    // In the range above for every byte from 0x80 on, and those below are UTF-8 already.
    self = Unicode.Scalar(0x10_FF00 + UInt32(byte)) ?? "\u{FFFD}"
  }
}

extension String {
  /// The text of a file name, from which `fileNameBytes` makes the same bytes again.
  public init(fileName bytes: [UInt8]) {
    if let text = String(validating: bytes, as: UTF8.self), !text.standsForBytes {
      self = text
      return
    }
    self = ""
    var rest = bytes[...]
    while let first = rest.first {
      let scalar = (1...4).lazy.compactMap { String(validating: rest.prefix($0), as: UTF8.self) }
        .first { !$0.standsForBytes }
      if let scalar {
        self += scalar
        rest = rest.dropFirst(scalar.utf8.count)
      } else {
        unicodeScalars.append(Unicode.Scalar(fileNameByte: first))
        rest = rest.dropFirst()
      }
    }
  }

  /// The text of a file name that C holds, which ends with a zero.
  public init(fileName: UnsafePointer<CChar>) {
    let count = unsafe strlen(fileName)
    let bytes = unsafe UnsafeRawBufferPointer(start: fileName, count: count)
    unsafe self.init(fileName: Array(bytes))
  }

  /// The bytes of the file name that this text stands for.
  public var fileNameBytes: [UInt8] {
    guard standsForBytes else { return Array(utf8) }
    return unicodeScalars.flatMap { $0.fileNameByte.map { [$0] } ?? Array(String($0).utf8) }
  }

  /// Gives `body` the bytes of this file name with a zero behind them, as system calls take it.
  public func withFileName<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
    guard standsForBytes else { return unsafe withCString(body) }
    let bytes = (fileNameBytes + [0]).map { CChar(bitPattern: $0) }
    return unsafe bytes.withUnsafeBufferPointer { buffer in
      // Never empty: the zero is in it.
      guard let start = buffer.baseAddress else { return unsafe "".withCString(body) }
      return unsafe body(start)
    }
  }

  /// The same text for people, in which a byte of a file name that is no UTF-8 reads `\xE9`.
  public var showingFileNameBytes: String {
    guard standsForBytes else { return self }
    return unicodeScalars.map { scalar in
      scalar.fileNameByte.map { "\\x" + String($0, radix: 16, uppercase: true) } ?? String(scalar)
    }.joined()
  }

  /// Whether some scalar stands for a byte; quick for the usual text, which has none.
  private var standsForBytes: Bool {
    // All of them begin with 0xF4 in UTF-8.
    utf8.contains(0xF4) && unicodeScalars.contains { $0.fileNameByte != nil }
  }
}
