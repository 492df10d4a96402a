import CSystem

/// Why bytes of a file are no text here.
public enum TextFault: Error, Sendable {
  case notUTF8
  /// More than `String.mostMarks` combining marks follow each other.
  case stacked

  /// What is wrong, to be put after "a string" or "the name".
  public var why: String {
    switch self {
    case .notUTF8: "is not UTF-8"
    case .stacked: "has more than \(String.mostMarks) combining marks in a row"
    }
  }
}

extension String {
  /// Combining marks that may follow each other in a text from a file.
  ///
  /// Swift orders a letter's marks by insertion whenever it compares, hashes or splits a text: a
  /// run of n marks costs n² steps each time. This limit, that of Unicode's Stream-Safe Text Format
  /// (UAX #15, section 13), keeps every such step linear in the text, whoever takes it. No language
  /// needs as many.
  public static let mostMarks = 30

  /// Text of a file, which nobody vouches for.
  /// - Throws: `TextFault`.
  public init(fileText bytes: some Collection<UInt8>) throws(TextFault) {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
    var marks = 0
    // The first character that combines is U+0300, whose first byte is 0xcc.
    if bytes.contains(where: { $0 >= 0xcc }) {
      for scalar in text.unicodeScalars {
        let combines =
          scalar.value >= 0x300 && scalar.properties.canonicalCombiningClass != .notReordered
        marks = combines ? marks + 1 : 0
        guard marks <= Self.mostMarks else { throw .stacked }
      }
    }
    self = text
  }
}

extension Bytes {
  /// The bytes as a text.
  /// - Throws: `TextFault`.
  public func readText() throws(TextFault) -> String {
    try unsafe withUnsafeBytes { (buffer) throws(TextFault) in
      try unsafe String(fileText: buffer.bindMemory(to: UInt8.self))
    }
  }

  /// The bytes as a text, or nil where they are none.
  public var text: String? { try? readText() }
}

extension Unicode.Scalar {
  /// Whether a terminal might obey the character, or nobody could see it: controls (U+009B among
  /// them), what turns the direction of writing (U+202E), what ends lines (U+2028), and characters
  /// that never mean anything.
  public var isInvisible: Bool {
    // Nearly all text is here.
    if value < 0xad { return value < 0x20 || (0x7f...0x9f).contains(value) }
    return value & 0xfffe == 0xfffe || Self.invisible.contains { $0.contains(value) }
  }

  /// Unicode's categories Cf, Zl, Zp and Co (16.0), and noncharacters but the last two of planes.
  ///
  /// Written down, since Swift's table of all characters would be 33 kB of the C library.
  private static let invisible: [ClosedRange<UInt32>] = [
    0xad...0xad, 0x600...0x605, 0x61c...0x61c, 0x6dd...0x6dd, 0x70f...0x70f, 0x890...0x891,
    0x8e2...0x8e2, 0x180e...0x180e, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f,
    0xe000...0xf8ff, 0xfdd0...0xfdef, 0xfeff...0xfeff, 0xfff0...0xfffb, 0x110bd...0x110bd,
    0x110cd...0x110cd, 0x13430...0x1343f, 0x1bca0...0x1bca3, 0x1d173...0x1d17a,
    0xe0000...0xe00ff, 0xe01f0...0xe0fff, 0xf0000...0x10ffff,
  ]

  /// The character as Swift would write it, such as `\n` and `\u{1B}`.
  fileprivate var escape: String {
    switch self {
    case "\0": return "\\0"
    case "\t": return "\\t"
    case "\n": return "\\n"
    case "\r": return "\\r"
    default:
      let digits = String(value, radix: 16, uppercase: true)
      let zeros = (value < 0x80 ? 2 : 4) - digits.utf8.count
      return "\\u{" + String(repeating: "0", count: max(zeros, 0)) + digits + "}"
    }
  }
}

extension String {
  /// The text with escapes such as `\u{1B}` in place of invisible characters, and `\xE9` for a byte
  /// of a file name that is no UTF-8.
  public var printable: String {
    guard unicodeScalars.contains(where: { $0.isInvisible }) else { return self }
    return showingFileNameBytes.unicodeScalars.map {
      $0.isInvisible ? $0.escape : String($0)
    }.joined()
  }

  /// The characters in the text's first `limit` bytes, and how many bytes more there are; all of it
  /// where it is shorter.
  public func cut(to limit: Int) -> String {
    guard utf8.count > limit else { return self }
    var end = utf8.index(utf8.startIndex, offsetBy: limit)
    while String.Index(end, within: unicodeScalars) == nil { end = utf8.index(before: end) }
    return "\(self[..<end])… and \(utf8.count - self[..<end].utf8.count) more bytes"
  }
}

/// A name in a file, which equals another where their bytes are equal.
///
/// Swift's strings are equal where Unicode calls them equivalent: two members of an archive may
/// differ as files do and be one `String`. And bytes are compared at the speed of memory.
public struct FileName: Hashable, Sendable {
  public let text: String

  public init(_ text: String) { self.text = text }

  public static func == (a: FileName, b: FileName) -> Bool {
    a.text.utf8.count == b.text.utf8.count && a.text.utf8.elementsEqual(b.text.utf8)
  }

  public func hash(into hasher: inout Hasher) {
    let isHashed: Void? = unsafe text.utf8.withContiguousStorageIfAvailable {
      unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0))
    }
    // Only strings that are bridged from other languages have no storage of their own.
    if isHashed == nil { for byte in text.utf8 { hasher.combine(byte) } }
  }
}

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
