import Checkpoint
import Core
import Testing

struct SafetensorsTests {
  private func file(_ header: String, _ data: [UInt8] = [], length: UInt64? = nil) -> Bytes {
    let header = utf8(header)
    return Bytes(le(length ?? UInt64(header.count)) + header + data)
  }

  private func error(_ bytes: Bytes) -> ObverseError? {
    errorOf { () throws(ObverseError) in try Safetensors.read(bytes, path: "x") }
  }

  private func error(
    entry: String, _ count: Int = 8
  ) -> ObverseError? {
    error(file(#"{"a":{\#(entry)}}"#, [UInt8](repeating: 0, count: count)))
  }

  private func malformed(_ why: String, _ what: String = "tensor a") -> ObverseError {
    .malformed(what: what, why: why)
  }

  @Test func readsNamesShapesAndValues() throws {
    let header = """
      {"__metadata__":{"format":"pt"},
       "z":{"dtype":"F32","shape":[2,2],"data_offsets":[2,18]},
       "a.b":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},
       "none":{"dtype":"I64","shape":[0,4611686018427387904],"data_offsets":[18,18]}}   
      """
    let values: [Float] = [1, -2, 0.5, 3]
    let bytes = file(header, [0xc0, 0x3f] + values.flatMap { le($0.bitPattern) })
    #expect(Safetensors.matches(bytes))
    let found = try Safetensors.read(bytes, path: "x")
    #expect(found.container == .safetensors)
    #expect(found.tensors.map(\.name) == ["z", "a.b", "none"])
    #expect(found.tensors.map(\.tensor.shape) == [[2, 2], [], [0, 1 << 62]])
    #expect(found.tensors[0].tensor.floats == values)
    #expect(found.tensors[1].tensor.floats == [1.5])
    #expect(found.attributes == ["__metadata__.format": .text("pt")])
  }

  @Test(arguments: [
    ("F64", ElementType.float64), ("F32", .float32), ("F16", .float16), ("BF16", .bfloat16),
    ("I64", .int64), ("I32", .int32), ("I16", .int16), ("I8", .int8), ("U8", .uint8),
    ("BOOL", .bool),
  ])
  func readsType(name: String, type: ElementType) throws {
    let size = type.byteCount
    let header = #"{"a":{"dtype":"\#(name)","shape":[3],"data_offsets":[0,\#(3 * size)]}}"#
    let found = try Safetensors.read(
      file(header, [UInt8](repeating: 0, count: 3 * size)), path: "x")
    #expect(found.tensors[0].tensor.type == type)
  }

  @Test func readsNoTensors() throws {
    #expect(try Safetensors.read(file("{}"), path: "x").tensors.isEmpty)
  }

  @Test func refusesBadLengths() {
    let what = "safetensors header"
    #expect(error(Bytes([1, 2])) == .truncated(what: what, needs: 8, fileHas: 2))
    #expect(error(file("{}", length: 3)) == .truncated(what: what, needs: 11, fileHas: 10))
    for length: UInt64 in [100_000_001, 1 << 63, .max] {
      #expect(
        error(file("{}", length: length))
          == .tooLarge(what: "the length of the \(what)", found: length, limit: 100_000_000))
    }
    #expect(error(file("{}", length: 0)) == malformed("it is no JSON object", what))
    #expect(error(file(" {}")) == malformed("it is no JSON object", what))
    #expect(
      error(file("{}", [0]))
        == malformed(
          "1 bytes at its end belong to no tensor", "safetensors file"))
  }

  @Test(arguments: [
    #""shape":[2],"data_offsets":[0,8]"#, #""dtype":"F32","data_offsets":[0,8]"#,
    #""dtype":"F32","shape":[2]"#, #""dtype":1,"shape":[2],"data_offsets":[0,8]"#,
    #""dtype":"F32","shape":[-2],"data_offsets":[0,8]"#,
    #""dtype":"F32","shape":[2.0],"data_offsets":[0,8]"#,
    #""dtype":"F32","shape":[2],"data_offsets":[0]"#,
    #""dtype":"F32","shape":[2],"data_offsets":[0,8,9]"#,
    #""dtype":"F32","shape":[2],"data_offsets":[0,99999999999999999999]"#,
  ])
  func refusesEntry(_ entry: String) {
    #expect(
      error(entry: entry)
        == malformed("its entry lacks a dtype, a shape or two data_offsets"))
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(
      error(entry: #""dtype":"F32","shape":[2],"data_offsets":[8,0]"#)
        == malformed("it ends at 0, before its start 8"))
    #expect(
      error(entry: #""dtype":"F32","shape":[4],"data_offsets":[0,16]"#)
        == .truncated(what: "tensor a", needs: 16, fileHas: 8))
    #expect(
      error(entry: #""dtype":"F32","shape":[2],"data_offsets":[0,\#(Int.max)]"#)
        == .truncated(what: "tensor a", needs: UInt64(Int.max), fileHas: 8))
    #expect(
      error(entry: #""dtype":"F32","shape":[3],"data_offsets":[0,8]"#)
        == .truncated(what: "tensor a", needs: 12, fileHas: 8))
    #expect(
      error(entry: #""dtype":"F32","shape":[1],"data_offsets":[0,8]"#)
        == malformed("f32 [1] needs 4 bytes, not 8"))
    #expect(
      error(entry: #""dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]"#)
        == malformed("its shape [4294967296,4294967296] overflows"))
    let axes = Array(repeating: "1", count: 33).joined(separator: ",")
    #expect(
      error(entry: #""dtype":"F64","shape":[\#(axes)],"data_offsets":[0,8]"#)
        == malformed("it has 33 axes"))
  }

  @Test func refusesOverlapsAndGaps() {
    func pair(_ a: String, _ b: String) -> ObverseError? {
      error(
        file(
          #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[\#(a)]},"#
            + #""b":{"dtype":"F32","shape":[1],"data_offsets":[\#(b)]}}"#,
          [UInt8](repeating: 0, count: 12)))
    }
    #expect(pair("0,4", "2,6") == malformed("its bytes overlap another tensor's", "tensor b"))
    #expect(pair("0,4", "0,4") == malformed("its bytes overlap another tensor's", "tensor b"))
    #expect(pair("8,12", "0,4") == malformed("4 unused bytes precede it"))
    #expect(
      pair("0,4", "4,8") == malformed("4 bytes at its end belong to no tensor", "safetensors file"))
  }

  @Test func refusesOtherMetadata() {
    let what = "safetensors header"
    #expect(
      error(file(#"{"__metadata__":[]}"#)) == malformed("its __metadata__ is no object", what))
    #expect(
      error(file(#"{"__metadata__":{"a":1}}"#))
        == malformed("its __metadata__ entry 'a' is no string", what))
    let many = (0...65_536).map { "\"\($0)\":\"\"" }.joined(separator: ",")
    #expect(
      error(file("{\"__metadata__\":{\(many)}}"))
        == .tooLarge(
          what: "the number of entries of its __metadata__", found: 65_537, limit: 65_536))
  }

  /// A header of very many entries is read, one of more is refused; WorkTests say how work grows.
  @Test func boundsTheNumberOfEntries() throws {
    func entries(_ count: Int) -> Bytes {
      let items = (0..<count).map {
        #""layer.\#($0)":{"dtype":"U8","shape":[1,1],"data_offsets":[\#($0),\#($0 + 1)]}"#
      }
      return file(
        "{" + items.joined(separator: ",") + "}", [UInt8](repeating: 0, count: count))
    }
    #expect(try Safetensors.read(entries(100_000), path: "x").tensors.count == 100_000)
    guard case .tooLarge? = error(entries(150_000)) else {
      Issue.record("150,000 entries were read")
      return
    }
  }

  @Test func survivesCutsAndDamage() {
    let header = #"{"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}"#
    let whole = file(header, [UInt8](repeating: 0, count: 8)).array
    for length in 0..<whole.count {
      #expect(error(Bytes(Array(whole[..<length]))) != nil, "\(length) bytes")
    }
    for at in whole.indices {
      for value: UInt8 in [0, 0x22, 0x39, 0x5c, 0x7d, 0xff] {
        var damaged = whole
        damaged[at] = value
        _ = try? Safetensors.read(Bytes(damaged), path: "x")
      }
    }
  }
}
