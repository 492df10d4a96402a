// A small generator in every container that is read.

import CZlib
import Checkpoint
import Core
import Support

enum Container {
  typealias Tensors = [(name: String, shape: [Int], values: [Float])]

  /// What torch's pickle says of a tensor on a storage.
  private static func tensor(_ shape: [Int], on storage: PickleValue) -> PickleValue {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    return .calling(
      "torch._utils", "_rebuild_tensor_v2",
      [
        storage, .integer(0), .tuple(shape.map { .integer($0) }),
        .tuple(strides.map { .integer($0) }), .bool(false),
        .calling("collections", "OrderedDict", []),
      ])
  }

  private static func storage(_ key: String, _ count: Int) -> PickleValue {
    .persistent(
      .tuple([
        .text("storage"), .global("torch", "FloatStorage"), .text(key), .text("cpu"),
        .integer(count),
      ]))
  }

  /// `{"g_ema": {…}, "latent_avg": …, "args": Namespace}`, as a training script saves it.
  private static func training(_ tensors: Tensors) -> PickleValue {
    var groups: [(key: String, value: PickleValue)] = []
    var members: [(key: String, value: PickleValue)] = []
    for (number, item) in tensors.enumerated() {
      let value = tensor(item.shape, on: storage(String(number), item.values.count))
      if item.name.hasPrefix("g_ema.") {
        members.append((String(item.name.dropFirst("g_ema.".count)), value))
      } else {
        groups.append((item.name, value))
      }
    }
    let arguments = PickleValue.build(
      .new(.global("argparse", "Namespace"), []), .dict([("size", .integer(8))]))
    return .dict([("g_ema", .dict(members))] + groups + [("args", arguments)])
  }

  /// torch's zip, with its members still apart.
  static func torchZip(_ tensors: Tensors, protocol version: Int = 2) -> ZipBuilder {
    var builder = ZipBuilder()
    func add(_ name: String, _ data: [UInt8]) {
      var member = ZipBuilder.Member(name: "archive/\(name)", data: data)
      member.crc = crc(data)
      builder.members.append(member)
    }
    add("data.pkl", Pickler.pickle(training(tensors), protocol: version))
    add("byteorder", utf8("little"))
    for (number, item) in tensors.enumerated() {
      add("data/\(number)", PickleBytes.floats(item.values))
    }
    add("version", utf8("3\n"))
    return builder
  }

  /// A TorchScript program that has the tensors as attributes of its modules.
  static func torchScript(_ tensors: Tensors) -> ZipBuilder {
    var root = Script()
    for (number, item) in tensors.enumerated() {
      let value = tensor(item.shape, on: storage(String(number), item.values.count))
      root.add(item.name.split(separator: ".").map(String.init)[...], value)
    }
    var builder = torchZip(tensors)
    builder.members[0].data = Pickler.pickle(root.value("Root"), protocol: 2)
    builder.members[0].crc = crc(builder.members[0].data)
    for (name, data) in [
      ("constants.pkl", Pickler.pickle(.tuple([]), protocol: 2)),
      ("code/__torch__.py", utf8("class Root(Module):\n")),
    ] {
      var member = ZipBuilder.Member(name: "archive/\(name)", data: data)
      member.crc = crc(data)
      builder.members.append(member)
    }
    return builder
  }

  private struct Script {
    var attributes: [(key: String, value: PickleValue)] = []
    var children: [(key: String, value: Script)] = []

    mutating func add(_ path: ArraySlice<String>, _ value: PickleValue) {
      guard let head = path.first else { return }
      guard path.count > 1 else { return attributes.append((head, value)) }
      if !children.contains(where: { $0.key == head }) { children.append((head, Script())) }
      for index in children.indices where children[index].key == head {
        children[index].value.add(path.dropFirst(), value)
      }
    }

    func value(_ name: String) -> PickleValue {
      let sizes = PickleValue.calling(
        "torch.jit._pickle", "build_intlist", [.list([.integer(8), .integer(3)])])
      return .build(
        .new(.global("__torch__.net", name), []),
        .dict(
          attributes + [("training", .bool(false)), ("sizes", sizes)]
            + children.map { ($0.key, $0.value.value("Module\($0.key)")) }))
    }
  }

  static func torchLegacy(_ tensors: Tensors) -> [UInt8] {
    // `legacy` puts protocol and STOP around the object itself.
    let object = Pickler.pickle(training(tensors), protocol: 2).dropFirst(2).dropLast()
    return PickleBytes.legacy(
      PickleBytes(Array(object)),
      tensors.enumerated().map { number, item in
        (String(number), Int64(item.values.count), PickleBytes.floats(item.values))
      })
  }

  /// NVlabs' modules, each with its parameters, buffers and children.
  static func nvlabs(
    _ net: SyntheticNetwork, protocol version: Int, clamp: PickleValue = .integer(256)
  ) -> [UInt8] {
    var root = Module(clamp: clamp)
    for item in net.tensors {
      root.add(item.name.split(separator: ".").map(String.init)[...], item.shape, item.values)
    }
    let value = PickleValue.dict(
      root.children.map { ($0.key, $0.value.value("Generator")) } + [
        ("training_set_kwargs", .new(.global("dnnlib.util", "EasyDict"), [])),
        ("augment_pipe", .none),
      ])
    return Pickler.pickle(value, protocol: version)
  }

  private struct Module {
    let clamp: PickleValue
    var tensors: [(key: String, value: PickleValue)] = []
    var children: [(key: String, value: Module)] = []

    mutating func add(_ path: ArraySlice<String>, _ shape: [Int], _ values: [Float]) {
      guard let head = path.first else { return }
      guard path.count > 1 else {
        let blob = PickleBytes.legacy(
          .storage("FloatStorage", key: "94010", count: Int32(values.count)),
          [("94010", Int64(values.count), PickleBytes.floats(values))])
        let storage = PickleValue.calling("torch.storage", "_load_from_bytes", [.bytes(blob)])
        return tensors.append((head, tensor(shape, on: storage)))
      }
      if !children.contains(where: { $0.key == head }) {
        children.append((head, Module(clamp: clamp)))
      }
      for index in children.indices where children[index].key == head {
        children[index].value.add(path.dropFirst(), shape, values)
      }
    }

    func value(_ name: String) -> PickleValue {
      let isLayer = tensors.contains { $0.key == "noise_const" }
      let buffers = ["noise_const", "w_avg", "resample_filter"]
      var state: [(key: String, value: PickleValue)] = [
        ("training", .bool(false)),
        ("_parameters", .dict(tensors.filter { !buffers.contains($0.key) })),
        ("_buffers", .dict(tensors.filter { buffers.contains($0.key) })),
        ("_modules", .dict(children.map { ($0.key, $0.value.value($0.key)) })),
        ("_forward_hooks", .calling("collections", "OrderedDict", [])),
      ]
      if isLayer {
        state += [
          ("conv_clamp", clamp), ("use_noise", .bool(true)),
          ("act_gain", .number(2.0.squareRoot())),
        ]
      }
      return .calling(
        "torch_utils.persistence", "_reconstruct_persistent_obj",
        [
          .dict([
            ("type", .text("class")), ("version", .integer(6)),
            ("module_src", .text("# the text of a module")), ("class_name", .text(name)),
            ("state", .dict(state)),
          ])
        ])
    }
  }

  static func safetensors(_ tensors: Tensors) -> [UInt8] {
    var header = #"{"__metadata__":{"format":"pt","license":"CC0"}"#
    var data: [UInt8] = []
    for item in tensors {
      let bytes = PickleBytes.floats(item.values)
      header += #","\#(item.name)":{"dtype":"F32","shape":\#(item.shape.brackets),"#
      header += #""data_offsets":[\#(data.count),\#(data.count + bytes.count)]}"#
      data += bytes
    }
    header += "}"
    while header.utf8.count % 8 != 0 { header += " " }
    return safetensors(header: header, data: data)
  }

  static func safetensors(header: String, data: [UInt8]) -> [UInt8] {
    PickleBytes.little(UInt64(header.utf8.count)) + utf8(header) + data
  }

  /// A network's `.xml` and `.bin`.
  static func openVINO(_ graph: SyntheticGraph) -> (xml: [UInt8], bin: [UInt8]) {
    var bin: [UInt8] = []
    var edges = ""
    var xml = "<?xml version=\"1.0\" ?>\n<net name=\"n\" version=\"10\">\n<layers>\n"
    for layer in graph.layers {
      xml += "<layer id=\"\(layer.id)\" name=\"\(layer.name)\" type=\"\(layer.type)\">"
      var data = layer.data
      if let constant = layer.constant {
        let bytes = constant.bytes.array
        data = [
          "element_type": "f32", "shape": constant.shape.map(String.init).joined(separator: ", "),
          "offset": "\(bin.count)", "size": "\(bytes.count)",
        ]
        bin += bytes
      }
      let words = data.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }
      if !words.isEmpty { xml += "<data \(words.joined(separator: " "))/>" }
      xml += "</layer>\n"
      for (port, from) in layer.inputs.enumerated() {
        edges += "<edge from-layer=\"\(from)\" from-port=\"0\" to-layer=\"\(layer.id)\" "
        edges += "to-port=\"\(port)\"/>\n"
      }
    }
    return (utf8(xml + "</layers>\n<edges>\n\(edges)</edges>\n</net>\n"), bin)
  }

  /// The four files of a small MobileStyleGAN.
  static var mobileStyleGAN: [(name: String, bytes: [UInt8])] {
    let mapping = openVINO(.mapping)
    let synthesis = openVINO(.synthesis)
    return [
      ("MappingNetwork.xml", mapping.xml), ("MappingNetwork.bin", mapping.bin),
      ("SynthesisNetwork.xml", synthesis.xml), ("SynthesisNetwork.bin", synthesis.bin),
    ]
  }

  /// A zip of files that are stored.
  static func zip(_ files: [(name: String, bytes: [UInt8])]) -> ZipBuilder {
    var builder = ZipBuilder()
    for (name, bytes) in files {
      var member = ZipBuilder.Member(name: name, data: bytes)
      member.crc = crc(bytes)
      builder.members.append(member)
    }
    return builder
  }

  // MARK: - zlib

  static func crc(_ bytes: [UInt8]) -> UInt32 {
    unsafe UInt32(truncatingIfNeeded: crc32_z(0, bytes, bytes.count))
  }

  /// A gzip file.
  static func gzip(_ bytes: [UInt8]) -> [UInt8] {
    [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] + deflate(bytes) + le(crc(bytes))
      + le(UInt32(truncatingIfNeeded: bytes.count))
  }

  /// A raw deflate stream.
  static func deflate(_ bytes: [UInt8]) -> [UInt8] {
    var stream = unsafe z_stream()
    let size = unsafe Int32(MemoryLayout<z_stream>.size)
    let started = unsafe deflateInit2_(
      &stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
    precondition(started == Z_OK)
    defer { unsafe _ = deflateEnd(&stream) }
    let room = unsafe Int(deflateBound(&stream, UInt(bytes.count)))
    var input = bytes
    return unsafe input.withUnsafeMutableBufferPointer { input in
      unsafe [UInt8](unsafeUninitializedCapacity: room) { target, count in
        unsafe stream.next_in = input.baseAddress
        unsafe stream.avail_in = UInt32(input.count)
        unsafe stream.next_out = target.baseAddress
        unsafe stream.avail_out = UInt32(room)
        let ended = unsafe CZlib.deflate(&stream, Z_FINISH)
        precondition(ended == Z_STREAM_END)
        unsafe count = room - Int(stream.avail_out)
      }
    }
  }
}
