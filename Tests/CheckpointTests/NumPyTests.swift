import Checkpoint
import Core
import Support
import Testing

struct NumPyTests {
  private func npy(_ header: String, _ data: [UInt8], version: UInt8 = 1) -> [UInt8] {
    let length = version == 1 ? le(UInt16(header.utf8.count)) : le(UInt32(header.utf8.count))
    return [0x93] + utf8("NUMPY") + [version, 0] + length + utf8(header) + data
  }

  private func header(_ descr: String, _ shape: String, fortran: Bool = false) -> String {
    "{'descr': '\(descr)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }\n"
  }

  private func read(_ bytes: [UInt8]) throws(ObverseError) -> StoredTensor {
    try NumPy.read(npy: Bytes(bytes), name: "a")
  }

  private func error(_ bytes: [UInt8]) -> ObverseError? {
    errorOf { () throws(ObverseError) in try read(bytes) }
  }

  private func error(_ header: String, _ data: [UInt8] = []) -> ObverseError? {
    error(npy(header, data))
  }

  /// What numpy.save wrote for `numpy.arange(6, dtype='<f4').reshape(2, 3)`.
  private let saved =
    "934e554d5059010076007b276465736372273a20273c6634272c2027666f727472616e5f6f72646572273a20"
    + "46616c73652c20277368617065273a2028322c2033292c207d"
    + String(repeating: "20", count: 58) + "0a"
    + "000000000000803f0000004000004040000080400000a040"

  @Test func readsAndWritesWhatNumPyWrites() throws {
    let bytes = hex(saved)
    let tensor = try read(bytes)
    #expect(tensor.shape == [2, 3])
    #expect(tensor.floats == [0, 1, 2, 3, 4, 5])
    #expect(NumPy.npy(shape: [2, 3], floats: [0, 1, 2, 3, 4, 5]) == bytes)
  }

  @Test(arguments: [1, 2, 3] as [UInt8])
  func readsVersion(version: UInt8) throws {
    let data = [Float(1), 2].flatMap { le($0.bitPattern) }
    #expect(try read(npy(header("<f4", "(2,)"), data, version: version)).floats == [1, 2])
  }

  @Test(arguments: [
    ("<f8", ElementType.float64), ("<f4", .float32), ("<f2", .float16), ("<i8", .int64),
    ("<i4", .int32), ("<i2", .int16), ("|i1", .int8), ("|u1", .uint8), ("|b1", .bool),
  ])
  func readsType(descr: String, type: ElementType) throws {
    let data = [UInt8](repeating: 0, count: 2 * type.byteCount)
    #expect(try read(npy(header(descr, "(2, 1)"), data)).type == type)
  }

  @Test func readsFortranOrder() throws {
    let data = [Float(0), 3, 1, 4, 2, 5].flatMap { le($0.bitPattern) }
    let tensor = try read(npy(header("<f4", "(2, 3)", fortran: true), data))
    #expect(tensor.strides == [1, 2])
    #expect(tensor.floats == [0, 1, 2, 3, 4, 5])
  }

  @Test(arguments: [("()", []), ("(0,)", [0]), ("(1L, 1L)", [1, 1]), ("( 1 ,1,1 )", [1, 1, 1])])
  func readsShape(text: String, shape: [Int]) throws {
    let count = shape.reduce(1, *)
    #expect(try read(npy(header("|u1", text), [UInt8](repeating: 7, count: count))).shape == shape)
  }

  @Test func readsEitherQuotesAndAnyOrder() throws {
    let text = #"{"shape":(1,),"fortran_order":False,"descr":"|u1"}"#
    #expect(try read(npy(text, [9])).floats == [9])
  }

  @Test func refusesTypesByName() {
    let hint = "save it again with array.astype('<f4') in NumPy"
    for (descr, why) in [
      (">f4", "its numbers are big-endian ('>f4')"),
      ("|O", "it holds pickled Python objects ('|O'), which are never made"),
      ("<c8", "its element type '<c8' is not read"),
      ("<U5", "its element type '<U5' is not read"),
    ] {
      #expect(
        error(header(descr, "(1,)")) == .unsupported(what: "array a", why: why, hint: hint))
    }
    #expect(
      error("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }")
        == .unsupported(
          what: "array a", why: "its elements are records of several fields", hint: nil)
    )
  }

  @Test func refusesWrongLengths() {
    let four = [UInt8](repeating: 0, count: 4)
    #expect(
      error(header("<f4", "(2,)"), four)
        == .truncated(what: "tensor a", needs: 8, fileHas: 4))
    #expect(
      error(header("<f2", "(1,)"), four)
        == .malformed(what: "tensor a", why: "f16 [1] needs 2 bytes, not 4"))
    #expect(
      error(header("<f4", "(9223372036854775807, 2)"))
        == .malformed(what: "tensor a", why: "its shape [9223372036854775807,2] overflows"))
    let wide = [0x93] + utf8("NUMPY") + [2, 0] + le(UInt32.max)
    #expect(
      error(wide)
        == .tooLarge(what: "the header of array a", found: UInt64(UInt32.max), limit: 65_535))
    #expect(
      error([0x93] + utf8("NUMPY") + [1, 0] + le(UInt16(9)))
        == .truncated(what: "the header of array a", needs: 19, fileHas: 10))
    #expect(
      error([0x93] + utf8("NUMPY") + [4, 0])
        == .unsupported(
          what: "array a", why: "version 4 of the .npy format is not read (1 to 3 are)", hint: nil))
    #expect(error(utf8("NUMPY")) == .malformed(what: "array a", why: "it is not a .npy file"))
  }

  @Test(arguments: [
    "", "{", "{}", "[]", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False, }",
    "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (), }",
    "{'descr': '<f4', 'fortran_order': 0, 'shape': (), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': 3, }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': 1}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': ()} x",
    "{'descr': '<f4\\'', 'fortran_order': False, 'shape': ()}",
    "__import__('os').system('true')",
  ])
  func refusesHeader(_ text: String) {
    guard case .malformed("the header of array a", _)? = error(text) else {
      Issue.record("'\(text)' gave \(String(describing: error(text)))")
      return
    }
  }

  @Test func readsFiles() throws {
    let one = try NumPy.readFile(Bytes(hex(saved)), path: "w.npy")
    #expect(one.container == .npy)
    #expect(one.tensors.map(\.name) == ["array"])
    let bytes = NumPy.npz([("w", [1, 2], [3, 4]), ("w_avg", [], [5])])
    let several = try NumPy.readFile(Bytes(bytes), path: "w.npz")
    #expect(several.container == .npz)
    #expect(several.tensors.map(\.name) == ["w", "w_avg"])
    #expect(several.tensors.map(\.tensor.shape) == [[1, 2], []])
    #expect(several.tensors.map(\.tensor.floats) == [[3, 4], [5]])
    #expect(try NumPy.matches(ZipArchive(Bytes(bytes))))
  }

  /// A text beside the arrays is let be; nothing but such is said to be what it is.
  @Test func otherMembersAreLetBe() throws {
    let header = "{'descr': '|O', 'fortran_order': False, 'shape': (), }\n"
    let object =
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
    let array = ZipBuilder.Member(name: "w.npy", data: NumPy.npy(shape: [1], floats: [1]))
    let others: [ZipBuilder.Member] = [
      .init(name: "x", data: []), .init(name: "note.npy", data: object),
    ]
    let file = try NumPy.readFile(
      Bytes(ZipBuilder(members: [array] + others).bytes), path: "w.npz")
    #expect(file.tensors.map(\.name) == ["w"])
    #expect(file.placeholders.keys.sorted() == ["note"])
    let alone = errorOf { () throws(ObverseError) in
      try NumPy.readFile(Bytes(ZipBuilder(members: others).bytes), path: "w.npz")
    }
    #expect(alone?.description.contains("pickled Python objects") == true)
  }

  /// The checksum of each member, which our own reader leaves unchecked, is the one that zip asks.
  @Test func writesChecksums() throws {
    let archive = try ZipArchive(Bytes(NumPy.npz([("a", [6], [0, 1, 2, 3, 4, 5])])))
    // zlib.crc32 in Python, of the bytes that numpy.save writes.
    #expect(archive.members[0].crc32 == 0x9457_e5f9)
  }

  /// A hash of what lies in another order, which is longer than the hash's pieces.
  @Test func hashesInRowMajorOrder() throws {
    let values = (0..<60_000).map { Float($0) }
    let text = header("<f4", "(200, 300)", fortran: true)
    let tensor = try read(npy(text, PickleBytes.floats(values)))
    #expect(!tensor.isContiguous)
    #expect(tensor.sha256 == tensor.bytes.withSpan { SHA256.hex($0) })
  }

  @Test func headersFillWholeLines() {
    for axes in 0...5 {
      let shape = [Int](repeating: 1000, count: axes)
      #expect(NumPy.npyHeader(shape: shape, type: .uint8).count % 64 == 0)
    }
  }
}
