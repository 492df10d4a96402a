import Core

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
    case .unicode: return unescaped(line.array[...], latin1: true).map { .text(Bytes($0)) }
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
    let array = line.array
    guard array.count >= 2, let quote = array.first, quote == array.last,
      quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"")
    else { return nil }
    return unescaped(array[1..<(array.count - 1)], latin1: false).map { .text(Bytes($0)) }
  }

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
