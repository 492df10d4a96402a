import Support

/// A Python value as pickles write it.
indirect enum PickleValue {
  case none
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case bytes([UInt8])
  case tuple([PickleValue])
  case list([PickleValue])
  case dict([(key: String, value: PickleValue)])
  case global(String, String)
  /// REDUCE.
  case call(PickleValue, [PickleValue])
  /// NEWOBJ, from protocol 2 on.
  case new(PickleValue, [PickleValue])
  /// BUILD.
  case build(PickleValue, PickleValue)
  case persistent(PickleValue)

  /// A call of a named function.
  static func calling(_ module: String, _ name: String, _ arguments: [PickleValue]) -> PickleValue {
    .call(.global(module, name), arguments)
  }
}

/// Writes pickles with the opcodes that Python takes for a protocol, 0 to 5.
struct Pickler {
  private let version: Int
  private var out: [UInt8] = []
  private var memo: [String: Int] = [:]

  static func pickle(_ value: PickleValue, protocol version: Int) -> [UInt8] {
    var pickler = Pickler(version: version)
    pickler.write(value)
    pickler.op(".")
    let body = pickler.out
    switch version {
    case 0, 1: return body
    case 2, 3: return [0x80, UInt8(version)] + body
    default: return [0x80, UInt8(version), 0x95] + PickleBytes.little(UInt64(body.count)) + body
    }
  }

  private init(version: Int) {
    self.version = version
  }

  private mutating func op(_ letters: String) { out += Array(letters.utf8) }

  private mutating func write(_ values: [PickleValue]) {
    for value in values { write(value) }
  }

  private mutating func write(_ value: PickleValue) {
    switch value {
    case .none: op("N")
    case .bool(let value):
      if version < 2 { op(value ? "I01\n" : "I00\n") } else { out.append(value ? 0x88 : 0x89) }
    case .integer(let value): integer(value)
    case .number(let value):
      guard version > 0 else { return op("F\(value)\n") }
      out.append(0x47)
      out += PickleBytes.little(value.bitPattern).reversed()
    case .text(let text): self.text(text)
    case .bytes(let bytes): self.bytes(bytes)
    case .tuple(let items):
      if version >= 2, items.count <= 3 {
        write(items)
        out.append([0x29, 0x85, 0x86, 0x87][items.count])
      } else {
        op("(")
        write(items)
        op("t")
      }
    case .list(let items):
      op(version == 0 ? "(l" : "]")
      guard version > 0 else {
        for item in items {
          write(item)
          op("a")
        }
        return
      }
      op("(")
      write(items)
      op("e")
    case .dict(let items):
      op(version == 0 ? "(d" : "}")
      if version > 0, items.count > 1 { op("(") }
      for (key, value) in items {
        text(key)
        write(value)
        if version == 0 || items.count == 1 { op("s") }
      }
      if version > 0, items.count > 1 { op("u") }
    case .global(let module, let name):
      guard version >= 4 else { return op("c\(module)\n\(name)\n") }
      text(module)
      text(name)
      out.append(0x93)
    case .call(let function, let arguments):
      write(function)
      write(.tuple(arguments))
      op("R")
    case .new(let function, let arguments):
      write(function)
      write(.tuple(arguments))
      out.append(0x81)
    case .build(let object, let state):
      write(object)
      write(state)
      op("b")
    case .persistent(let id):
      write(id)
      op("Q")
    }
  }

  private mutating func integer(_ value: Int) {
    guard version > 0 else { return op("I\(value)\n") }
    if let byte = UInt8(exactly: value) {
      out += [0x4b, byte]
    } else if let short = UInt16(exactly: value) {
      out.append(0x4d)
      out += PickleBytes.little(short)
    } else if let int = Int32(exactly: value) {
      out.append(0x4a)
      out += PickleBytes.little(int)
    } else {
      out += [0x8a, 8] + PickleBytes.little(value)
    }
  }

  /// A text, from the memo where it was written before.
  private mutating func text(_ text: String) {
    if let index = memo[text] {
      if version == 0 {
        op("g\(index)\n")
      } else {
        out += [0x68, UInt8(truncatingIfNeeded: index)]
      }
      return
    }
    let utf8 = Array(text.utf8)
    if version == 0 {
      op("V\(text)\n")
    } else if version >= 4, utf8.count < 256 {
      out += [0x8c, UInt8(utf8.count)] + utf8
    } else {
      out += [0x58] + PickleBytes.little(UInt32(utf8.count)) + utf8
    }
    guard memo.count < 200 else { return }
    let index = memo.count
    memo[text] = index
    if version == 0 {
      op("p\(index)\n")
    } else if version >= 4 {
      out.append(0x94)
    } else {
      out += [0x71, UInt8(index)]
    }
  }

  private mutating func bytes(_ bytes: [UInt8]) {
    guard version >= 3 else {
      // Bytes travel as the text whose characters have their numbers.
      let text = String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
      let utf8 = Array(text.utf8)
      op("c_codecs\nencode\n(")
      out += [0x58] + PickleBytes.little(UInt32(utf8.count)) + utf8
      self.text("latin1")
      return op("tR")
    }
    if version == 5 {
      out += [0x96] + PickleBytes.little(UInt64(bytes.count))
    } else {
      out += [0x42] + PickleBytes.little(UInt32(bytes.count))
    }
    out += bytes
  }
}
