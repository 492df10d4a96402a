import Core
import Glibc

/// The opcodes of Python's pickle format, protocols 0 to 5.
enum PickleOpcode: UInt8, CaseIterable {
  case mark = 0x28  // (
  case emptyTuple = 0x29  // )
  case stop = 0x2e  // .
  case pop = 0x30  // 0
  case popMark = 0x31  // 1
  case dup = 0x32  // 2
  case binBytes = 0x42  // B
  case shortBinBytes = 0x43  // C
  case float = 0x46  // F
  case binFloat = 0x47  // G
  case int = 0x49  // I
  case binInt = 0x4a  // J
  case binInt1 = 0x4b  // K
  case long = 0x4c  // L
  case binInt2 = 0x4d  // M
  case none = 0x4e  // N
  case persID = 0x50  // P
  case binPersID = 0x51  // Q
  case reduce = 0x52  // R
  case string = 0x53  // S
  case binString = 0x54  // T
  case shortBinString = 0x55  // U
  case unicode = 0x56  // V
  case binUnicode = 0x58  // X
  case emptyList = 0x5d  // ]
  case append = 0x61  // a
  case build = 0x62  // b
  case global = 0x63  // c
  case dict = 0x64  // d
  case appends = 0x65  // e
  case get = 0x67  // g
  case binGet = 0x68  // h
  case inst = 0x69  // i
  case longBinGet = 0x6a  // j
  case list = 0x6c  // l
  case obj = 0x6f  // o
  case put = 0x70  // p
  case binPut = 0x71  // q
  case longBinPut = 0x72  // r
  case setItem = 0x73  // s
  case tuple = 0x74  // t
  case setItems = 0x75  // u
  case emptyDict = 0x7d  // }
  case proto = 0x80
  case newObj = 0x81
  case ext1 = 0x82
  case ext2 = 0x83
  case ext4 = 0x84
  case tuple1 = 0x85
  case tuple2 = 0x86
  case tuple3 = 0x87
  case newTrue = 0x88
  case newFalse = 0x89
  case long1 = 0x8a
  case long4 = 0x8b
  case shortBinUnicode = 0x8c
  case binUnicode8 = 0x8d
  case binBytes8 = 0x8e
  case emptySet = 0x8f
  case addItems = 0x90
  case frozenSet = 0x91
  case newObjEx = 0x92
  case stackGlobal = 0x93
  case memoize = 0x94
  case frame = 0x95
  case byteArray8 = 0x96
  case nextBuffer = 0x97
  case readOnlyBuffer = 0x98

  /// The name that Python's pickletools prints: `SHORT_BINUNICODE` for `shortBinUnicode`.
  var name: String {
    switch self {
    // Python parts these words nowhere else than here.
    case .binPersID: "BINPERSID"
    case .persID: "PERSID"
    case .emptyTuple: "EMPTY_TUPLE"
    case .popMark: "POP_MARK"
    case .shortBinBytes: "SHORT_BINBYTES"
    case .shortBinString: "SHORT_BINSTRING"
    case .shortBinUnicode: "SHORT_BINUNICODE"
    case .emptyList: "EMPTY_LIST"
    case .emptyDict: "EMPTY_DICT"
    case .emptySet: "EMPTY_SET"
    case .longBinGet: "LONG_BINGET"
    case .longBinPut: "LONG_BINPUT"
    case .newObjEx: "NEWOBJ_EX"
    case .stackGlobal: "STACK_GLOBAL"
    case .nextBuffer: "NEXT_BUFFER"
    case .readOnlyBuffer: "READONLY_BUFFER"
    default: String(describing: self).uppercased()
    }
  }

  /// What follows the opcode's byte.
  enum Argument {
    case nothing
    /// An integer of so many bytes, little-endian, without sign.
    case unsigned(Int)
    /// Four bytes, little-endian, with sign.
    case signed32
    /// Eight bytes, big-endian: the only ones of that order.
    case double
    /// A run of bytes behind its length, an integer of so many bytes.
    case counted(Int)
    /// Text up to a line feed.
    case line
    /// Two of these.
    case twoLines
  }

  var argument: Argument {
    switch self {
    case .proto, .binInt1, .binGet, .binPut, .ext1: .unsigned(1)
    case .binInt2, .ext2: .unsigned(2)
    case .longBinGet, .longBinPut, .ext4: .unsigned(4)
    case .frame: .unsigned(8)
    case .binInt: .signed32
    case .binFloat: .double
    case .shortBinBytes, .shortBinString, .shortBinUnicode, .long1: .counted(1)
    case .binBytes, .binString, .binUnicode, .long4: .counted(4)
    case .binBytes8, .binUnicode8, .byteArray8: .counted(8)
    case .float, .int, .long, .persID, .string, .unicode, .get, .put: .line
    case .global, .inst: .twoLines
    default: .nothing
    }
  }
}

/// One opcode of a pickle with what follows it.
struct PickleInstruction {
  enum Argument {
    case nothing
    case integer(Int)
    case number(Double)
    /// The bytes of a counted run, or of a line without its line feed.
    case bytes(Bytes)
    /// Module and name.
    case twoLines(Bytes, Bytes)
  }

  /// Where the opcode stands, counted from the start of the bytes.
  let offset: Int
  let opcode: PickleOpcode
  let argument: Argument
}

/// Takes a pickle apart into instructions.
///
/// It knows their lengths and not their meaning.
struct PickleDecoder {
  let bytes: Bytes
  /// Of the next opcode.
  private(set) var position: Int

  init(_ bytes: Bytes, at position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  /// Reads the next instruction; long runs of bytes are borrowed, not copied.
  /// - Throws: `truncated`, `malformed` for a byte that is no opcode.
  mutating func next() throws(ObverseError) -> PickleInstruction {
    let offset = position
    guard let byte = bytes[offset] else { throw missing(1, "the pickle") }
    guard let opcode = PickleOpcode(rawValue: byte) else {
      throw .malformed(
        what: "pickle", why: "byte \(offset) is 0x\(String(byte, radix: 16)), which is no opcode")
    }
    position += 1
    let argument = try argument(opcode)
    return PickleInstruction(offset: offset, opcode: opcode, argument: argument)
  }

  private mutating func argument(
    _ opcode: PickleOpcode
  ) throws(ObverseError) -> PickleInstruction.Argument {
    switch opcode.argument {
    case .nothing:
      return .nothing
    case .unsigned(let size):
      let value = try unsigned(size, opcode)
      // Only FRAME has room for more, and its length means nothing here.
      return .integer(Int(clamping: value))
    case .signed32:
      guard let value = bytes.load(Int32.self, at: position) else { throw missing(4, opcode.name) }
      position += 4
      return .integer(Int(value))
    case .double:
      guard let bits = bytes.load(UInt64.self, at: position) else { throw missing(8, opcode.name) }
      position += 8
      return .number(Double(bitPattern: bits.byteSwapped))
    case .counted(let size):
      let declared = try unsigned(size, opcode)
      guard let count = Int(exactly: declared), let run = bytes.slice(at: position, count: count)
      else { throw missing(declared, opcode.name) }
      position += count
      return .bytes(run)
    case .line:
      return .bytes(try line(opcode))
    case .twoLines:
      let first = try line(opcode)
      return .twoLines(first, try line(opcode))
    }
  }

  private mutating func unsigned(
    _ size: Int, _ opcode: PickleOpcode
  ) throws(ObverseError) -> UInt64 {
    let value: UInt64? =
      switch size {
      case 1: bytes[position].map(UInt64.init)
      case 2: bytes.load(UInt16.self, at: position).map(UInt64.init)
      case 4: bytes.load(UInt32.self, at: position).map(UInt64.init)
      default: bytes.load(UInt64.self, at: position)
      }
    guard let value else { throw missing(UInt64(size), opcode.name) }
    position += size
    return value
  }

  private mutating func line(_ opcode: PickleOpcode) throws(ObverseError) -> Bytes {
    let rest = bytes.slice(at: position, count: bytes.count - position)
    let length = unsafe rest?.withUnsafeBytes { buffer -> Int? in
      guard let base = buffer.baseAddress, let found = unsafe memchr(base, 10, buffer.count) else {
        return nil
      }
      return unsafe UnsafeRawPointer(found) - base
    }
    guard let length, let line = bytes.slice(at: position, count: length) else {
      throw .malformed(
        what: "pickle", why: "the line after \(opcode.name) at byte \(position - 1) has no end")
    }
    position += length + 1
    return line
  }

  private func missing(_ needed: UInt64, _ what: String) -> ObverseError {
    let (end, overflow) = UInt64(clamping: position).addingReportingOverflow(needed)
    let name = what == "the pickle" ? what : "\(what) in the pickle"
    return .truncated(
      what: name, needs: overflow ? .max : end, fileHas: UInt64(clamping: bytes.count))
  }
}

/// The values that protocol 0 writes as text, and integers of any length.
enum PickleText {
  /// A number line, nil where it is longer than any number that we read.
  static func short(_ line: Bytes) -> String? {
    line.count <= 64 ? line.text : nil
  }

  /// The value of a line, nil where it is not what its opcode says.
  static func node(_ opcode: PickleOpcode, _ line: Bytes) -> PickleNode? {
    switch opcode {
    case .int:
      // Protocol 0 has no other way to write a bool.
      if line.has("00"), line.count == 2 { return .bool(false) }
      if line.has("01"), line.count == 2 { return .bool(true) }
      return short(line).flatMap { Int($0) }.map { .integer($0) }
    case .long:
      guard let text = short(line) else { return .ignored }
      let digits = text.hasSuffix("L") ? text.dropLast() : text[...]
      if let value = Int(digits) { return .integer(value) }
      let isNumber = digits.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2d }
      return isNumber ? .ignored : nil
    case .float:
      return short(line).flatMap { Double($0) }.map { .number($0) }
    case .string: return quoted(line)
    case .unicode: return text(line, latin1: true)
    default: return nil
    }
  }

  /// A little-endian two's complement integer of any length.
  static func long(_ bytes: Bytes) -> PickleNode {
    guard bytes.count <= 8 else { return .longInteger(bytes) }
    var value = 0
    for index in 0..<bytes.count { value |= Int(bytes[index] ?? 0) << (8 * index) }
    let shift = 64 - 8 * bytes.count
    return .integer(bytes.count == 0 ? 0 : (value << shift) >> shift)
  }

  /// A Python 2 string as `repr` writes it.
  private static func quoted(_ line: Bytes) -> PickleNode? {
    guard line.count >= 2, let quote = line[0], quote == line[line.count - 1],
      quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"")
    else { return nil }
    return line.slice(at: 1, count: line.count - 2).flatMap { text($0, latin1: false) }
  }

  /// Borrowed where it stands in the file as it is meant, which is nearly always.
  private static func text(_ line: Bytes, latin1: Bool) -> PickleNode? {
    let array = line.array
    let isPlain = array.allSatisfy { $0 != UInt8(ascii: "\\") && ($0 < 0x80 || !latin1) }
    return isPlain ? .text(line) : unescaped(array[...], latin1: latin1).map { .text(Bytes($0)) }
  }

  /// What the memory of a text that is not borrowed counts for, in members of containers.
  static let copyCost = 64

  /// Resolves backslash escapes.
  ///
  /// - Parameters:
  ///   - text: What stands between the quotes, or the whole line.
  ///   - latin1: Bytes above 0x7f are characters, and only `\u` and `\U` are escapes (UNICODE).
  ///     Otherwise they are bytes, and the escapes are those of a string literal (STRING).
  /// - Returns: UTF-8 or bytes, nil for an escape that is none.
  private static func unescaped(_ text: ArraySlice<UInt8>, latin1: Bool) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var index = text.startIndex
    while index < text.endIndex {
      let byte = text[index]
      index += 1
      guard byte == UInt8(ascii: "\\"), index < text.endIndex else {
        if latin1 { result.append(utf8: UInt32(byte)) } else { result.append(byte) }
        continue
      }
      let escape = text[index]
      let digits = latin1 ? [0x75: 4, 0x55: 8][escape] : escape == UInt8(ascii: "x") ? 2 : nil
      if let digits {
        guard text.endIndex - index > digits,
          let value = UInt32(
            String(decoding: text[(index + 1)...(index + digits)], as: UTF8.self), radix: 16)
        else { return nil }
        index += 1 + digits
        if latin1 {
          guard value <= 0x10_ffff else { return nil }
          result.append(utf8: value)
        } else {
          result.append(UInt8(truncatingIfNeeded: value))
        }
      } else if latin1 {
        result.append(byte)
      } else {
        index += 1
        let plain: [UInt8: UInt8] = [
          UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9,
          UInt8(ascii: "\\"): 0x5c, UInt8(ascii: "'"): 0x27, UInt8(ascii: "\""): 0x22,
        ]
        guard let value = plain[escape] else { return nil }
        result.append(value)
      }
    }
    return result
  }
}

extension [UInt8] {
  /// Appends a code point; a lone surrogate makes text that is no UTF-8, which is found later.
  fileprivate mutating func append(utf8 value: UInt32) {
    switch value {
    case 0..<0x80: append(UInt8(value))
    case 0x80..<0x800:
      append(contentsOf: [UInt8(0xc0 | value >> 6), UInt8(0x80 | value & 0x3f)])
    case 0x800..<0x1_0000:
      append(contentsOf: [
        UInt8(0xe0 | value >> 12), UInt8(0x80 | value >> 6 & 0x3f), UInt8(0x80 | value & 0x3f),
      ])
    default:
      append(contentsOf: [
        UInt8(0xf0 | value >> 18), UInt8(0x80 | value >> 12 & 0x3f),
        UInt8(0x80 | value >> 6 & 0x3f), UInt8(0x80 | value & 0x3f),
      ])
    }
  }
}
