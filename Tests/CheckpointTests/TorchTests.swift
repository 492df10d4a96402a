import Checkpoint
import Core
import Support
import Testing

/// Storages, strides and both of torch's containers.
struct TorchTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  func open(legacy object: PickleBytes, _ storages: [(key: String, count: Int64, bytes: [UInt8])])
    throws -> CheckpointFile
  {
    try CheckpointFile.open(
      try folder.write(PickleBytes.legacy(object, storages), to: "legacy.pt"))
  }

  func open(zip object: PickleBytes, _ members: [(name: String, bytes: [UInt8])]) throws
    -> CheckpointFile
  {
    var archive = ZipBuilder()
    archive.members.append(.init(name: "net/data.pkl", data: (.proto(2) + object + .stop).bytes))
    for (name, bytes) in members { archive.members.append(.init(name: name, data: bytes)) }
    return try CheckpointFile.open(try folder.write(archive.bytes, to: "zip.pt"))
  }

  static let ramp = PickleBytes.floats((0..<12).map { Float($0) })

  @Test func stridesOffsetsAndScalars() throws {
    let storage = PickleBytes.storage("FloatStorage", key: "7", count: 12)
    let object = PickleBytes.dict(
      ("whole", .tensor(storage, shape: [3, 4], strides: [4, 1])),
      ("transposed", .tensor(storage, shape: [4, 3], strides: [1, 4])),
      ("part", .tensor(storage, offset: 5, shape: [2, 2], strides: [4, 1])),
      ("scalar", .tensor(storage, offset: 11, shape: [], strides: [])),
      ("none", .tensor(storage, shape: [0, 4], strides: [4, 1])),
      ("repeated", .tensor(storage, offset: 2, shape: [3], strides: [0])),
      ("odd", .tensor(storage, shape: [1, 2], strides: [99, 3])),
      (
        "parameter",
        .call(
          "torch._utils", "_rebuild_parameter",
          .tensor(storage, offset: 1, shape: [1], strides: [1]), .op(0x88), .emptyDict)
      ),
      (
        "typed",
        .call(
          "torch._tensor", "_rebuild_from_type_v2",
          .global("torch._utils", "_rebuild_tensor_v2"), .global("torch", "Tensor"),
          .tuple(storage, .int(3), .tuple(.int(1)), .tuple(.int(1)), .op(0x89), .emptyDict),
          .emptyDict)
      ))
    let files = [
      try open(legacy: object, [("7", 12, Self.ramp)]),
      try open(zip: object, [("net/data/7", Self.ramp), ("net/byteorder", Array("little".utf8))]),
    ]
    #expect(files.map(\.container) == [.torchLegacy, .torchZip])
    for file in files {
      let found = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0.tensor) })
      #expect(found["whole"]?.floats == (0..<12).map { Float($0) })
      #expect(found["transposed"]?.floats == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11])
      #expect(found["part"]?.floats == [5, 6, 9, 10])
      #expect(found["scalar"]?.floats == [11])
      #expect(found["scalar"]?.shape == [])
      #expect(found["none"]?.floats == [])
      #expect(found["repeated"]?.floats == [2, 2, 2])
      #expect(found["odd"]?.floats == [0, 3])
      #expect(found["parameter"]?.floats == [1])
      #expect(found["typed"]?.floats == [3])
    }
  }

  @Test(arguments: [
    ("DoubleStorage", ElementType.float64, PickleBytes.little((-1.5).bitPattern), Float(-1.5)),
    ("FloatStorage", .float32, PickleBytes.little(Float(-1.5).bitPattern), -1.5),
    ("HalfStorage", .float16, [0x00, 0xbe], -1.5),
    ("BFloat16Storage", .bfloat16, [0xc0, 0xbf], -1.5),
    ("LongStorage", .int64, PickleBytes.little(Int64(-2)), -2),
    ("IntStorage", .int32, PickleBytes.little(Int32(-2)), -2),
    ("ShortStorage", .int16, PickleBytes.little(Int16(-2)), -2),
    ("CharStorage", .int8, [0xfe], -2),
    ("ByteStorage", .uint8, [0xfe], 254),
    ("BoolStorage", .bool, [1], 1),
  ])
  func everyElementType(storage: String, type: ElementType, bytes: [UInt8], value: Float) throws {
    let object = PickleBytes.dict(
      ("x", .tensor(.storage(storage, key: "0", count: 1), shape: [1], strides: [1])))
    for file in [
      try open(legacy: object, [("0", 1, bytes)]), try open(zip: object, [("net/data/0", bytes)]),
    ] {
      #expect(file.tensors.map(\.name) == ["x"])
      #expect(file.tensors[0].tensor.type == type)
      #expect(file.tensors[0].tensor.floats == [value])
    }
  }

  @Test func untypedStorageHasTheTensorsType() throws {
    let storage =
      PickleBytes.tuple(
        .text("storage"), .global("torch.storage", "UntypedStorage"), .text("0"), .text("cpu"),
        .int(4)) + "Q"
    func tensor(_ dtype: String) -> PickleBytes {
      .call(
        "torch._utils", "_rebuild_tensor_v3", storage, .int(1), .tuple(.int(1)), .tuple(.int(1)),
        .op(0x89), .emptyDict, .global("torch", dtype))
    }
    let file = try open(
      zip: .dict(("x", tensor("int16")), ("y", tensor("float8_e4m3fn"))),
      [("net/data/0", [1, 0, 2, 0])])
    #expect(file.tensors.map { $0.tensor.floats } == [[2]])
    #expect(file.placeholders == ["y": "torch.float8_e4m3fn"])
  }

  @Test func complexTensorsAreNamedAndNotRead() throws {
    let file = try open(
      legacy: .dict(
        (
          "c",
          .tensor(.storage("ComplexFloatStorage", key: "0", count: 1), shape: [1], strides: [1])
        ),
        ("x", .tensor(.storage("ByteStorage", key: "1", count: 1), shape: [1], strides: [1]))),
      [("0", 1, [UInt8](repeating: 0, count: 8)), ("1", 1, [9])])
    #expect(file.tensors.map { $0.tensor.floats } == [[9]])
    #expect(file.placeholders == ["c": "torch.ComplexFloatStorage"])
  }

  @Test func viewsOfOldFiles() throws {
    let storage =
      PickleBytes.tuple(
        .text("storage"), .global("torch", "FloatStorage"), .text("0"), .text("cpu"), .int(12),
        .tuple(.text("1"), .int(4), .int(2))) + "Q"
    let file = try open(
      legacy: .dict(("x", .tensor(storage, shape: [2], strides: [1]))), [("0", 12, Self.ramp)])
    #expect(file.tensors[0].tensor.floats == [4, 5])
  }

  @Test func nestedBlobOfProtocol2() throws {
    let blob = PickleBytes.legacy(
      .storage("FloatStorage", key: "5", count: 12), [("5", 12, Self.ramp)])
    // Protocol 2 has no bytes: they are Latin-1 text.
    let text = String(String.UnicodeScalarView(blob.map { Unicode.Scalar($0) }))
    let storages: [PickleBytes] = [
      .blob(blob), .call("_codecs", "encode", .text(text), .text("latin1")),
    ]
    for bytes in storages {
      let object = PickleBytes.dict(
        (
          "x",
          .tensor(
            .call("torch.storage", "_load_from_bytes", bytes), offset: 2, shape: [2], strides: [3])
        ))
      let path = try folder.write((.proto(2) + object + .stop).bytes, to: "nested.pkl")
      let file = try CheckpointFile.open(path)
      #expect(file.tensors[0].tensor.floats == [2, 5])
    }
  }

  @Test func storageSmallerThanItSays() throws {
    let object = PickleBytes.dict(
      ("x", .tensor(.storage("FloatStorage", key: "0", count: 13), shape: [12], strides: [1])))
    let error = ObverseError.truncated(what: "torch storage '0'", needs: 52, fileHas: 48)
    #expect(throws: ObverseError.inFile(path: folder.path + "/legacy.pt", error)) {
      try open(legacy: object, [("0", 12, Self.ramp)])
    }
    #expect(throws: ObverseError.inFile(path: folder.path + "/zip.pt", error)) {
      try open(zip: object, [("net/data/0", Self.ramp)])
    }
  }

  @Test func tensorLargerThanItsStorage() throws {
    let storage = PickleBytes.storage("FloatStorage", key: "0", count: 12)
    let tensors: [(PickleBytes, ObverseError)] = [
      (
        .tensor(storage, offset: 1, shape: [3, 4], strides: [4, 1]),
        .truncated(what: "tensor x", needs: 52, fileHas: 48)
      ),
      (
        .tensor(storage, shape: [2], strides: [-1]),
        .malformed(what: "tensor x", why: "its shape and strides do not agree")
      ),
      (
        .tensor(storage, shape: [2, 2], strides: [1]),
        .malformed(what: "tensor x", why: "its shape and strides do not agree")
      ),
      (
        .tensor(storage, shape: [1 << 30, 1 << 30, 1 << 30], strides: [0, 0, 0]),
        .malformed(
          what: "tensor x", why: "its shape [1073741824,1073741824,1073741824] overflows")
      ),
      (
        .tensor(storage, shape: [1 << 30], strides: [0]),
        .malformed(what: "tensor x", why: "its shape [1073741824] repeats a small storage")
      ),
      (
        .tensor(.int(4), shape: [1], strides: [1]),
        .malformed(what: "tensor x", why: "its storage is no storage")
      ),
    ]
    for (tensor, error) in tensors {
      #expect(throws: ObverseError.inFile(path: folder.path + "/zip.pt", error)) {
        try open(zip: .dict(("x", tensor)), [("net/data/0", Self.ramp)])
      }
    }
  }

  @Test func missingStorage() throws {
    let object = PickleBytes.dict(
      ("x", .tensor(.storage("FloatStorage", key: "0", count: 12), shape: [12], strides: [1])))
    let error = ObverseError.malformed(
      what: "tensor x", why: "its storage '0' is not in the file")
    #expect(throws: ObverseError.inFile(path: folder.path + "/zip.pt", error)) {
      try open(zip: object, [])
    }
    #expect(throws: ObverseError.inFile(path: folder.path + "/legacy.pt", error)) {
      try open(legacy: object, [])
    }
  }

  @Test func bigEndianIsRefused() throws {
    #expect(
      throws: ObverseError.inFile(
        path: folder.path + "/zip.pt",
        .unsupported(what: "torch zip", why: "its numbers are big-endian", hint: nil))
    ) { try open(zip: .emptyDict, [("net/byteorder", Array("big".utf8))]) }
    let path = try folder.write(
      PickleBytes.legacy(.emptyDict, [], littleEndian: false), to: "big.pt")
    #expect(
      throws: ObverseError.inFile(
        path: path,
        .unsupported(what: "torch legacy file", why: "its numbers are big-endian", hint: nil))
    ) { try CheckpointFile.open(path) }
  }

  /// Every prefix of a file is an error, and none a crash.
  @Test func truncatedAnywhere() throws {
    let object = PickleBytes.dict(
      (
        "x",
        .tensor(.storage("FloatStorage", key: "0", count: 12), shape: [3, 4], strides: [4, 1])
      ))
    let whole = PickleBytes.legacy(object, [("0", 12, Self.ramp)])
    for count in 1..<whole.count {
      let path = try folder.write(Array(whole[..<count]), to: "cut.pt")
      #expect(throws: ObverseError.self, "\(count) bytes") { try CheckpointFile.open(path) }
    }
    let path = try folder.write(Array(whole.dropLast()), to: "cut.pt")
    #expect(
      throws: ObverseError.inFile(
        path: path,
        .truncated(
          what: "torch storage '0'", needs: UInt64(whole.count), fileHas: UInt64(whole.count - 1)))
    ) { try CheckpointFile.open(path) }
  }
}
