/// Writes pickles by hand, opcode by opcode, for tests of what no honest writer would write.
public struct PickleBytes: Sendable, ExpressibleByArrayLiteral {
  public var bytes: [UInt8] = []

  /// Joins parts.
  public init(arrayLiteral parts: PickleBytes...) {
    bytes = parts.flatMap(\.bytes)
  }

  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Opcodes that are letters.
  public init(_ opcodes: String) {
    bytes = Array(opcodes.utf8)
  }

  public static func + (a: PickleBytes, b: PickleBytes) -> PickleBytes {
    PickleBytes(a.bytes + b.bytes)
  }

  public static func proto(_ version: UInt8) -> PickleBytes { PickleBytes([0x80, version]) }
  public static let stop = PickleBytes(".")
  public static let mark = PickleBytes("(")
  public static let reduce = PickleBytes("R")
  public static let emptyDict = PickleBytes("}")
  public static let emptyList = PickleBytes("]")
  public static let emptyTuple = PickleBytes(")")
  public static let setItems = PickleBytes("u")

  public static func op(_ byte: UInt8) -> PickleBytes { PickleBytes([byte]) }

  public static func global(_ module: String, _ name: String) -> PickleBytes {
    PickleBytes("c\(module)\n\(name)\n")
  }

  public static func text(_ text: String) -> PickleBytes {
    let utf8 = Array(text.utf8)
    return PickleBytes([0x58] + little(UInt32(utf8.count)) + utf8)
  }

  public static func int(_ value: Int32) -> PickleBytes {
    PickleBytes([0x4a] + little(UInt32(bitPattern: value)))
  }

  /// BINBYTES.
  public static func blob(_ bytes: [UInt8]) -> PickleBytes {
    PickleBytes([0x42] + little(UInt32(bytes.count)) + bytes)
  }

  public static func put(_ index: UInt8) -> PickleBytes { PickleBytes([0x71, index]) }
  public static func get(_ index: UInt8) -> PickleBytes { PickleBytes([0x68, index]) }

  /// A tuple of any length.
  public static func tuple(_ items: PickleBytes...) -> PickleBytes {
    PickleBytes([0x28] + items.flatMap(\.bytes) + [0x74])
  }

  /// A dict with text keys.
  public static func dict(_ items: (String, PickleBytes)...) -> PickleBytes {
    PickleBytes([0x7d, 0x28] + items.flatMap { PickleBytes.text($0).bytes + $1.bytes } + [0x75])
  }

  /// A call of a global.
  public static func call(
    _ module: String, _ name: String, _ arguments: PickleBytes...
  ) -> PickleBytes {
    global(module, name) + PickleBytes([0x28] + arguments.flatMap(\.bytes) + [0x74, 0x52])
  }

  /// A persistent id of a torch storage.
  public static func storage(_ type: String, key: String, count: Int32) -> PickleBytes {
    tuple(text("storage"), global("torch", type), text(key), text("cpu"), int(count))
      + PickleBytes("Q")
  }

  /// A tensor on a storage.
  public static func tensor(
    _ storage: PickleBytes, offset: Int32 = 0, shape: [Int32], strides: [Int32]
  ) -> PickleBytes {
    func list(_ items: [Int32]) -> PickleBytes {
      PickleBytes([0x28] + items.flatMap { int($0).bytes } + [0x74])
    }
    return call(
      "torch._utils", "_rebuild_tensor_v2", storage, int(offset), list(shape), list(strides),
      op(0x89), call("collections", "OrderedDict"))
  }

  /// A whole torch legacy file.
  public static func legacy(
    _ object: PickleBytes, _ storages: [(key: String, count: Int64, bytes: [UInt8])],
    littleEndian: Bool = true
  ) -> [UInt8] {
    let magic: [UInt8] = [
      0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
    ]
    let system = dict(("little_endian", op(littleEndian ? 0x88 : 0x89)))
    let keys = emptyList + mark + PickleBytes(storages.flatMap { text($0.key).bytes }) + "e"
    var result = magic + (proto(2) + int(1001) + stop).bytes + (proto(2) + system + stop).bytes
    result += (proto(2) + object + stop).bytes + (proto(2) + keys + stop).bytes
    for storage in storages {
      result += little(UInt64(bitPattern: storage.count)) + storage.bytes
    }
    return result
  }

  /// An integer's bytes.
  public static func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  /// The bytes of floats.
  public static func floats(_ values: [Float]) -> [UInt8] {
    values.flatMap { little($0.bitPattern) }
  }
}

extension PickleBytes: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) {
    self.init(value)
  }
}
