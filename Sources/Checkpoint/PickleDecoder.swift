import Core
import Glibc

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
