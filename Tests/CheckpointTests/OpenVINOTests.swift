import Checkpoint
import Core
import Glibc
import Support
import Testing

/// A network of one dense layer: a parameter, a constant of two rows that overlap another one, MatMul.
private let network = """
  <?xml version="1.0" ?>
  <net name="n" version="10">
   <layers>
    <layer id="0" name="var" type="Parameter" version="opset1">
     <data shape="1, 2" element_type="f32"/>
     <output><port id="0" precision="FP32" names="var"><dim>1</dim><dim>2</dim></port></output>
    </layer>
    <layer id="7" name="m.fc.weight" type="Const"><data element_type="f32" shape="2, 2" offset="1" size="16"/></layer>
    <layer id="8" name="row" type="Const"><data element_type="f32" shape="2" offset="9" size="8"/></layer>
    <layer id="2" name="half" type="Const"><data element_type="f16" shape="" offset="0" size="2"/></layer>
    <layer id="4" name="axis" type="Const"><data element_type="i64" shape="1" offset="17" size="8"/></layer>
    <layer id="5" name="bits" type="Const"><data element_type="u1" shape="8" offset="0" size="1"/></layer>
    <layer id="3" name="row" type="Const"><data element_type="f32" shape="1,1" offset="1" size="4"/></layer>
    <layer id="9" name="product" type="MatMul"><data transpose_b="true"/></layer>
   </layers>
   <edges>
    <edge from-layer="7" from-port="0" to-layer="9" to-port="1"/>
    <edge from-layer="0" from-port="0" to-layer="9" to-port="0"/>
   </edges>
   <meta_data><layer id="7"/></meta_data>
  </net>
  """

private let weights: [UInt8] =
  [0] + [Float(1), 2, 3, 4].flatMap { le($0.bitPattern) } + le(Int64(-1))

struct IRGraphTests {
  private func read(_ xml: String) throws(ObverseError) -> IRGraph {
    try IRGraph(xml: Bytes(utf8(xml)), weights: Bytes(weights), name: "N")
  }

  private func error(_ old: String, _ new: String) throws -> ObverseError? {
    let parts = network.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
    try #require(parts.count == 2, "'\(old)' is not in the network")
    return errorOf { () throws(ObverseError) in try read(parts.joined(separator: new)) }
  }

  private func malformed(_ why: String, _ what: String = "N") -> ObverseError {
    .malformed(what: what, why: why)
  }

  @Test func readsLayersConstantsAndEdges() throws {
    let graph = try read(network)
    #expect(graph.layers.map(\.id) == [0, 7, 8, 2, 4, 5, 3, 9])
    let product = try #require(graph[9])
    #expect(product.type == "MatMul")
    #expect(product.data == ["transpose_b": "true"])
    #expect(product.inputs == [0, 7])
    #expect(graph[7]?.constant?.floats == [1, 2, 3, 4])
    #expect(graph[7]?.constant?.shape == [2, 2])
    #expect(graph[8]?.constant?.floats == [3, 4])
    #expect(graph[2]?.constant?.type == .float16)
    #expect(graph[2]?.constant?.shape == [])
    #expect(graph[4]?.constant?.floats == [-1])
    #expect(graph[5]?.constant == nil)
    #expect(graph[0]?.constant == nil)
  }

  @Test func refusesOtherRootsAndVersions() throws {
    #expect(
      try error(#"name="n" version="10""#, #"name="n" version="7""#)
        == .unsupported(
          what: "N", why: "version 7 of OpenVINO's IR is not read (10 and 11 are)", hint: nil))
    #expect(
      errorOf { () throws(ObverseError) in try read("<model/>") }
        == malformed("its root is not <net>"))
  }

  @Test func refusesWrongLayers() throws {
    #expect(try error(#"id="8""#, #"id="7""#) == malformed("two layers have the id 7"))
    #expect(
      try error(#"id="8""#, #"id="-8""#) == malformed("the attribute id is '-8', not a number"))
    #expect(try error(#"type="MatMul""#, "") == malformed("a layer has no name or no type"))
  }

  @Test func refusesWrongConstants() throws {
    let layer = "layer 'm.fc.weight'"
    #expect(
      try error(#"offset="1" size="16""#, #"offset="10" size="16""#)
        == .truncated(what: layer, needs: 26, fileHas: 25))
    #expect(
      try error(#"offset="1" size="16""#, #"offset="9223372036854775807" size="16""#)
        == .truncated(what: layer, needs: UInt64(Int.max) + 16, fileHas: 25))
    #expect(
      try error(#"offset="1" size="16""#, #"offset="1" size="12""#)
        == .truncated(what: "tensor m.fc.weight", needs: 16, fileHas: 12))
    #expect(
      try error(#"offset="1" size="16""#, #"offset="1" size="20""#)
        == malformed("f32 [2,2] needs 16 bytes, not 20", "tensor m.fc.weight"))
    #expect(try error(#""2, 2""#, #""2, x""#) == malformed("its shape is '2, x'", layer))
    #expect(
      try error(#""2, 2""#, #""4294967296,4294967296""#)
        == malformed("its shape [4294967296,4294967296] overflows", "tensor m.fc.weight"))
    #expect(
      try error(#"element_type="f32" shape="2, 2""#, #"shape="2, 2""#)
        == malformed("it has no element_type or no shape", layer))
  }

  @Test func refusesWrongEdges() throws {
    #expect(
      try error(#"from-layer="7""#, #"from-layer="77""#)
        == malformed("an edge joins layers 77 and 9, one is not there"))
    #expect(
      try error(#"to-port="1""#, #"to-port="0""#)
        == malformed("two edges feed one port", "layer 'product'"))
    #expect(
      try error(#"from-layer="7""#, #"from-layer="9""#) == malformed("its edges form a circle"))
    #expect(
      try error(#"to-port="1""#, "") == malformed("the attribute to-port is '', not a number"))
  }

  @Test func boundsItsSize() {
    let layers = (0...50_000).map { "<layer id='\($0)' name='a' type='b'/>" }.joined()
    #expect(
      errorOf { () throws(ObverseError) in
        try read("<net version='11'><layers>\(layers)</layers></net>")
      } == .tooLarge(what: "the number of layers of N", found: 50_001, limit: 50_000))
    let long = String(repeating: " ", count: 4 << 20) + network
    #expect(
      errorOf { () throws(ObverseError) in try read(long) }
        == .tooLarge(
          what: "the description of N", found: UInt64(long.utf8.count), limit: 4 << 20))
    let data = (0..<250).map { "a\($0)=''" }.joined(separator: " ")
    let full = (0...400).map { "<layer id='\($0)' name='a' type='b'><data \(data)/></layer>" }
      .joined()
    #expect(
      errorOf { () throws(ObverseError) in
        try read("<net version='11'><layers>\(full)</layers></net>")
      } == .tooLarge(what: "the number of attributes of N", found: 100_250, limit: 100_000))
  }
}

struct OpenVINOTests {
  private func writeNetworks(_ folder: String) throws(ObverseError) {
    for name in OpenVINO.networks {
      try AtomicFile.write(utf8(network).span.bytes, to: "\(folder)/\(name).xml")
      try AtomicFile.write(weights.span.bytes, to: "\(folder)/\(name).bin")
    }
  }

  private func wheel(_ folder: String = "random_face/data/") -> ZipBuilder {
    ZipBuilder(
      members: OpenVINO.networks.flatMap { name in
        [
          ZipBuilder.Member(name: "\(folder)\(name).xml", data: utf8(network)),
          ZipBuilder.Member(name: "\(folder)\(name).bin", data: weights),
        ]
      })
  }

  private func check(_ file: CheckpointFile) {
    #expect(file.container == .openVINO)
    #expect(file.graphs.keys.sorted() == OpenVINO.networks)
    #expect(file.graphs["SynthesisNetwork"]?[9]?.inputs == [0, 7])
    #expect(
      file.tensors.map(\.name)
        == OpenVINO.networks.flatMap { ["\($0).m.fc.weight", "\($0).row", "\($0).row#3"] })
  }

  @Test(arguments: ["", "/data", "/random_face"])
  func readsFolders(inner: String) throws {
    let folder = try TemporaryFolder()
    if !inner.isEmpty { mkdir(folder.path + inner, 0o755) }
    if inner == "/random_face" { mkdir(folder.path + "/random_face/data", 0o755) }
    let data = inner == "/random_face" ? "/random_face/data" : inner
    try writeNetworks(folder.path + data)
    check(try OpenVINO.read(path: folder.path))
    check(try OpenVINO.read(path: folder.path + data + "/SynthesisNetwork.xml"))
  }

  @Test(arguments: ["random_face/data/", "", "other/"])
  func readsWheels(inner: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(wheel(inner).bytes, to: "a.whl")
    check(try OpenVINO.read(path: folder.path + "/a.whl"))
    #expect(OpenVINO.matches(try wheel(inner).archive))
  }

  @Test func saysWhatIsMissing() throws {
    let folder = try TemporaryFolder()
    func error(_ name: String) -> ObverseError? {
      errorOf { () throws(ObverseError) in try OpenVINO.read(path: folder.path + name) }
    }
    let hint = "pip download --no-deps random-face"
    #expect(error("/none") == .missing(path: folder.path + "/none"))
    #expect(
      error("")
        == .unsupported(
          what: "folder '\(folder.path)'", why: "it holds no MappingNetwork.xml", hint: hint))
    try folder.write(utf8(network), to: "MappingNetwork.xml")
    #expect(error("") == .missing(path: folder.path + "/MappingNetwork.bin"))
    try folder.write(weights, to: "MappingNetwork.bin")
    #expect(error("/MappingNetwork.xml") == .missing(path: folder.path + "/SynthesisNetwork.xml"))
    try folder.write(utf8(network), to: "other.xml")
    #expect(
      error("/other.xml")
        == .unsupported(
          what: "'\(folder.path)/other.xml'",
          why: "it is not MappingNetwork.xml or SynthesisNetwork.xml", hint: hint))
  }

  @Test func saysInWhichFile() throws {
    let folder = try TemporaryFolder()
    try writeNetworks(folder.path)
    try folder.write(utf8("<net"), to: "SynthesisNetwork.xml")
    #expect(
      errorOf { () throws(ObverseError) in try OpenVINO.read(path: folder.path) }
        == .inFile(
          path: folder.path + "/SynthesisNetwork.xml",
          .malformed(what: "SynthesisNetwork", why: "a space or '>' is wanted at byte 4")))
    var builder = wheel("")
    builder.members.removeLast()
    try folder.write(builder.bytes, to: "a.whl")
    #expect(
      errorOf { () throws(ObverseError) in try OpenVINO.read(path: folder.path + "/a.whl") }
        == .inFile(
          path: folder.path + "/a.whl",
          .malformed(what: "zip archive", why: "it holds no SynthesisNetwork.bin")))
  }
}
