// Inputs of published kinds, each of which must be refused, or read without harm.

import Checkpoint
import Core
import Support

enum Attack {
  /// What an attack's pickle asks to be made, if anything runs.
  static let canary = "/tmp/obverse-fuzz-canary"

  /// All of them; the same in every run.
  static var all: [Input] {
    calls + memory + storages + safetensors + zips + nesting + bulk
  }

  // MARK: - Code

  /// CVE-2025-32434 and its kin: pickles that call what runs code.
  private static var calls: [Input] {
    let command = "touch \(canary)"
    let targets: [(String, String, [PickleValue])] = [
      ("os", "system", [.text(command)]),
      ("posix", "system", [.text(command)]),
      ("nt", "system", [.text(command)]),
      ("subprocess", "Popen", [.text(command)]),
      ("subprocess", "check_output", [.list([.text("touch"), .text(canary)])]),
      ("builtins", "eval", [.text("__import__('os').system('\(command)')")]),
      ("builtins", "exec", [.text("import os; os.system('\(command)')")]),
      ("__builtin__", "eval", [.text("__import__('os').system('\(command)')")]),
      ("builtins", "getattr", [.global("os", "system"), .text("__call__")]),
      ("builtins", "__import__", [.text("os")]),
      ("builtins", "open", [.text(canary), .text("w")]),
      ("importlib", "import_module", [.text("os")]),
      ("runpy", "run_path", [.text(canary)]),
      ("torch.hub", "load", [.text("a/b"), .text("c")]),
      ("torch", "load", [.text(canary)]),
      ("torch.serialization", "load", [.text(canary)]),
      ("torch.jit", "load", [.text(canary)]),
      ("torch.jit.unsupported_tensor_ops", "execWrapper", [.text(command), .none, .none]),
      ("torch._dynamo.guards", "GuardBuilder.get", [.none, .text(command)]),
      ("numpy.testing._private.utils", "runstring", [.text(command), .none]),
      ("pip", "main", [.list([.text("install")])]),
      ("webbrowser", "open", [.text("http://127.0.0.1/")]),
      ("operator", "attrgetter", [.text("system")]),
      ("pickle", "loads", [.bytes(utf8("cos\nsystem\n(S'\(command)'\ntR."))]),
      ("collections", "OrderedDict.__reduce__", []),
    ]
    var inputs: [Input] = []
    for (module, name, arguments) in targets {
      let call = PickleValue.calling(module, name, arguments)
      let places: [(String, PickleValue)] = [
        ("root", call),
        ("generator", .dict([("g_ema", call)])),
        ("beside", .dict([("x", call), ("g_ema", .dict([]))])),
        ("built", .build(call, .dict([("__setstate__", .global(module, name))]))),
        (
          "tensor",
          .dict([
            (
              "w",
              .calling(
                "torch._utils", "_rebuild_tensor_v2", [call, .integer(0), .tuple([]), .tuple([])])
            )
          ])
        ),
        (
          "type",
          .dict([
            (
              "w",
              .calling(
                "torch._tensor", "_rebuild_from_type_v2",
                [.global(module, name), .none, .tuple(arguments), .none])
            )
          ])
        ),
      ]
      for (place, value) in places {
        for version in [0, 2, 4] {
          let pickle = Pickler.pickle(value, protocol: version)
          inputs.append(Input("\(module).\(name) as \(place), \(version)", .pickle, pickle))
        }
        let zip = Container.zip([
          ("archive/data.pkl", Pickler.pickle(value, protocol: 2)),
          ("archive/version", utf8("3\n")),
        ])
        inputs.append(Input("\(module).\(name) as \(place) in a zip", .torchZip, zip.bytes))
      }
    }
    // INST and OBJ call without REDUCE.
    let old = "(S'\(command)'\nios\nsystem\n."
    inputs.append(Input("os.system by INST", .pickle, utf8("(dS'x'\n\(old.dropLast())s.")))
    inputs.append(
      Input("os.system by OBJ", .pickle, [0x80, 2] + utf8("(cos\nsystem\nS'\(command)'\no.")))
    inputs.append(Input("extension code", .pickle, [0x80, 2, 0x82, 1, 0x2e]))
    return inputs
  }

  // MARK: - Memory

  /// CVE-2026-24747: containers that are none, and what the stack machine may not do with them.
  private static var memory: [Input] {
    /// NEWOBJ of a TorchScript program's class.
    func script(_ name: String) -> PickleBytes {
      .global("__torch__", name) + .emptyTuple + .op(0x81)
    }
    let bodies: [(String, PickleBytes)] = [
      (
        "SETITEM on a tensor",
        .tensor(.storage("FloatStorage", key: "0", count: 4), shape: [4], strides: [1]) + .text("a")
          + .int(1) + "s"
      ),
      (
        "SETITEM on a storage",
        .storage("FloatStorage", key: "0", count: 4) + .int(0) + .int(1) + "s"
      ),
      ("SETITEM on a list", .emptyList + .int(0) + .int(1) + "s"),
      ("SETITEM on a number", .int(7) + .int(0) + .int(1) + "s"),
      ("SETITEMS on a text", .text("x") + .mark + .int(0) + .int(1) + "u"),
      ("SETITEMS on an odd count", .emptyDict + .mark + .int(0) + "u"),
      ("APPEND on a dict", .emptyDict + .int(0) + "a"),
      ("APPENDS on a tuple", .emptyTuple + .mark + .int(0) + "e"),
      ("BUILD on a number", .int(1) + .emptyDict + "b"),
      (
        "BUILD on a tensor",
        .tensor(.storage("FloatStorage", key: "0", count: 4), shape: [4], strides: [1])
          + .dict(("shape", .int(9))) + "b"
      ),
      ("POP of nothing", PickleBytes("000")),
      ("a mark for an argument", .global("os", "system") + .mark + .reduce),
      ("a memo entry far away", .int(1) + PickleBytes([0x72, 0xff, 0xff, 0xff, 0xff])),
      ("a memo entry that is not", PickleBytes([0x6a, 0xff, 0xff, 0xff, 0x7f])),
      (
        "a script object that holds itself",
        script("A") + .put(0) + .emptyDict + .text("a") + .get(0) + "s" + "b"
      ),
      ("a script object that is its own state", script("A") + .put(0) + .get(0) + "b"),
      (
        "two script objects that are each other's state",
        script("A") + .put(0) + script("B") + .put(1) + .get(0) + "b" + "0" + .get(0) + .get(1)
          + "b"
      ),
      ("a script object without a state", script("A")),
      ("SETITEM on a script object", script("A") + .int(0) + .int(1) + "s"),
      ("BUILD of a script class", .global("__torch__", "A") + .emptyDict + "b"),
      ("a list that holds itself", .emptyList + .put(0) + .get(0) + "a"),
      ("a dict that holds itself", .emptyDict + .put(0) + .text("a") + .get(0) + "s"),
      ("a tuple of tuples", .emptyTuple + PickleBytes([UInt8](repeating: 0x85, count: 30_000))),
      (
        "lists in lists",
        PickleBytes(
          [UInt8](repeating: 0x5d, count: 30_000) + [UInt8](repeating: 0x61, count: 29_999))
      ),
      ("marks", PickleBytes([UInt8](repeating: 0x28, count: 60_000))),
      (
        "the top again and again",
        .int(1) + PickleBytes([UInt8](repeating: 0x32, count: 60_000)) + "t"
      ),
    ]
    return bodies.flatMap { name, body in
      let pickle = (PickleBytes.proto(2) + body + .stop).bytes
      let zip = Container.zip([
        ("archive/data.pkl", pickle), ("archive/data/0", [UInt8](repeating: 0, count: 16)),
      ])
      return [Input(name, .pickle, pickle), Input("\(name), zip", .torchZip, zip.bytes)]
    }
  }

  /// Storages that are smaller than they say, and tensors that are larger than their storage.
  private static var storages: [Input] {
    let tensors: [(String, PickleBytes)] = [
      (
        "a storage smaller than it says",
        .tensor(
          .storage("FloatStorage", key: "0", count: 1_000_000), shape: [1_000_000], strides: [1])
      ),
      (
        "a negative storage",
        .tensor(.storage("FloatStorage", key: "0", count: -1), shape: [4], strides: [1])
      ),
      (
        "a stride too far",
        .tensor(
          .storage("FloatStorage", key: "0", count: 4), shape: [2, 2], strides: [0x7fff_ffff, 1])
      ),
      (
        "a negative stride",
        .tensor(.storage("FloatStorage", key: "0", count: 4), shape: [4], strides: [-1])
      ),
      (
        "a negative offset",
        .tensor(.storage("FloatStorage", key: "0", count: 4), offset: -4, shape: [4], strides: [1])
      ),
      (
        "an offset too far",
        .tensor(
          .storage("FloatStorage", key: "0", count: 4), offset: 0x7fff_ffff, shape: [4],
          strides: [1])
      ),
      (
        "a shape that overflows",
        .tensor(
          .storage("FloatStorage", key: "0", count: 4),
          shape: [0x7fff_ffff, 0x7fff_ffff, 0x7fff_ffff], strides: [0, 0, 0])
      ),
      (
        "a small storage for a large tensor",
        .tensor(
          .storage("FloatStorage", key: "0", count: 4), shape: [30_000, 30_000], strides: [0, 0])
      ),
      (
        "a shape with a zero",
        .tensor(
          .storage("FloatStorage", key: "0", count: 4), shape: [0, 0x7fff_ffff, 0x7fff_ffff],
          strides: [1, 1, 1])
      ),
      (
        "a key that leaves the archive",
        .tensor(
          .storage("FloatStorage", key: "../../../etc/passwd", count: 4), shape: [4], strides: [1])
      ),
    ]
    return tensors.flatMap { name, tensor in
      let object = PickleBytes.dict(("w", tensor))
      let zip = Container.zip([
        ("archive/data.pkl", (PickleBytes.proto(2) + object + .stop).bytes),
        ("archive/data/0", [UInt8](repeating: 0, count: 16)),
      ])
      let legacy = PickleBytes.legacy(object, [("0", 4, [UInt8](repeating: 0, count: 16))])
      let short = PickleBytes.legacy(object, [("0", .max, [UInt8](repeating: 0, count: 16))])
      return [
        Input(name, .torchZip, zip.bytes), Input("\(name), legacy", .torchLegacy, legacy),
        Input("\(name), endless", .torchLegacy, short),
      ]
    }
  }

  // MARK: - Headers

  private static var safetensors: [Input] {
    func entry(_ name: String, _ shape: String, _ start: String, _ end: String) -> String {
      #""\#(name)":{"dtype":"F32","shape":[\#(shape)],"data_offsets":[\#(start),\#(end)]}"#
    }
    let headers: [(String, String)] = [
      ("offsets that do not fit the shape", entry("a", "9", "0", "16")),
      ("offsets that overlap", entry("a", "4", "0", "16") + "," + entry("b", "4", "8", "24")),
      ("offsets backwards", entry("a", "4", "16", "0")),
      ("offsets past the end", entry("a", "1024", "0", "4096")),
      ("offsets that overflow", entry("a", "4", "18446744073709551600", "18446744073709551615")),
      ("a negative offset", entry("a", "4", "-16", "0")),
      ("a shape that overflows", entry("a", "4294967296,4294967296,4294967296", "0", "16")),
      ("a shape of zeros", entry("a", "0,9223372036854775807", "0", "0")),
      ("a gap", entry("a", "2", "8", "16")),
      ("a name twice", entry("a", "2", "0", "8") + "," + entry("a", "2", "8", "16")),
      ("a name with a line feed", entry(#"a\nobverse: error: b\u001b[2J"#, "9", "0", "16")),
      ("a long name", entry(String(repeating: "n", count: 60_000), "9", "0", "16")),
      ("metadata that is none", #""__metadata__":[1,2]"#),
      ("a number without end", #""a":"# + String(repeating: "9", count: 50_000)),
      ("brackets without end", #""a":"# + String(repeating: "[", count: 50_000)),
      ("many axes", entry("a", String(repeating: "1,", count: 20_000) + "1", "0", "16")),
    ]
    var inputs = headers.map { name, header in
      Input(
        name, .safetensors,
        Container.safetensors(header: "{\(header)}", data: [UInt8](repeating: 0, count: 24)))
    }
    let names = (0..<100_000).map { entry("t\($0)", "0", "0", "0") }
    for (name, last) in [
      ("overlap", entry("b", "3", "12", "24")), ("misfit", entry("b", "9", "0", "24")),
    ] {
      let header = "{\(names.joined(separator: ",")),\(entry("a", "4", "0", "16")),\(last)}"
      inputs.append(
        Input(
          "100,000 entries that hide an \(name)", .safetensors,
          Container.safetensors(header: header, data: [UInt8](repeating: 0, count: 24))))
    }
    for length in [UInt64.max, .max >> 1, 1 << 63, 100_000_000, 100_000_001, 0, 1, 2] {
      inputs.append(
        Input(
          "a header of \(length) bytes", .safetensors, PickleBytes.little(length) + utf8("{}      ")
        ))
    }
    return inputs
  }

  private static var zips: [Input] {
    let net = Container.torchZip(SyntheticNetwork.rosinality(widths: [3, 2, 2, 2], w: 3).tensors)
    var inputs: [Input] = []
    func add(_ name: String, _ change: (inout ZipBuilder) -> Void) {
      var builder = net
      change(&builder)
      inputs.append(Input(name, .torchZip, Seed.bytes(of: builder)))
    }
    for size in [0, 1, 0xffff_ffff, 1 << 40, UInt64.max] {
      add("a member that says it has \(size) bytes") { $0.members[0].size = size }
      add("a stored member of \(size) bytes") {
        $0.members[0].compressedSize = size
        $0.members[0].size = size
      }
      add("a wide member of \(size) bytes") {
        $0.members[2].isWide = true
        $0.members[2].compressedSize = size
        $0.members[2].size = size
      }
      add("a deflated member of \(size) bytes") {
        $0.members[0].method = 8
        $0.members[0].size = size
      }
      add("\(size) members") {
        $0.hasWideEnd = true
        $0.count = size
      }
      add("a directory at \(size)") {
        $0.hasWideEnd = true
        $0.directoryOffset = size
      }
    }
    add("members that overlap") { $0.members[3].offset = 0 }
    add("two members of one name") { $0.members.append($0.members[0]) }
    add("a local header of another name") { $0.members[0].localName = "archive/other.pkl" }
    // Bombs: a thousand to one, and the same in many members that are honest each.
    let zeros = [UInt8](repeating: 0, count: 16 << 20)
    add("a deflate bomb in the pickle") {
      $0.members[0].data = zeros
      $0.members[0].method = 8
    }
    add("a deflate bomb that hides its size") {
      $0.members[0].data = zeros
      $0.members[0].method = 8
      $0.members[0].size = 1000
    }
    add("a deflate bomb in the tensors") {
      for index in 2..<14 {
        $0.members[index].data = zeros
        $0.members[index].method = 8
      }
    }
    return inputs
  }

  /// Small files that stand for more than there is memory for.
  private static var nesting: [Input] {
    var inputs: [Input] = []
    // Each dict holds the one before it twice.
    var doubling = PickleBytes.proto(2) + .emptyDict + .put(0)
    for level in 1..<60 {
      doubling = doubling + .dict(("a", .get(UInt8(level - 1))), ("b", .get(UInt8(level - 1))))
      doubling = doubling + .put(UInt8(level))
    }
    inputs.append(Input("a dict that doubles 60 times", .pickle, (doubling + .stop).bytes))
    // Ten thousand tensors on one storage blob, and as many calls that read it.
    let tensor = PickleBytes.tensor(
      .call("torch.storage", "_load_from_bytes", .get(0)), shape: [4], strides: [1])
    var many = PickleBytes.proto(2) + .blob([UInt8](repeating: 0x80, count: 1000)) + .put(0) + "0"
    many = many + .emptyDict + .mark
    many = many + PickleBytes((0..<300).flatMap { (PickleBytes.text("t\($0)") + tensor).bytes })
    inputs.append(Input("one blob in many tensors", .pickle, (many + .setItems + .stop).bytes))
    let text = PickleBytes.text(String(repeating: "x", count: 60_000)) + .put(0) + "0"
    let keys = (0..<5000).flatMap { _ in (PickleBytes.get(0) + .int(1) + "s").bytes }
    inputs.append(
      Input(
        "a long key many times", .pickle,
        (PickleBytes.proto(2) + text + .emptyDict + PickleBytes(keys) + .stop).bytes))
    var files = Container.mobileStyleGAN
    files[0].bytes = utf8("<net version=\"10\">" + String(repeating: "<a>", count: 100_000))
    inputs.append(Input("XML without end", .openVINO, Container.zip(files).bytes))
    files[0].bytes = utf8(
      "<!DOCTYPE a [<!ENTITY a \"" + String(repeating: "b", count: 1000) + "\"><!ENTITY c \""
        + String(repeating: "&a;", count: 1000) + "\">]><net version=\"10\">&c;</net>")
    inputs.append(Input("XML that laughs", .openVINO, Container.zip(files).bytes))
    for shape in [
      "1000000, 1000000", "0, 9223372036854775807, 2", "4294967296, 4294967296, 4294967296",
    ] {
      files[0].bytes = utf8(
        "<net version=\"10\"><layers><layer id=\"0\" name=\"a\" type=\"Const\"><data element_type=\"f32\" "
          + "shape=\"\(shape)\" offset=\"0\" size=\"16\"/></layer></layers></net>")
      inputs.append(Input("a constant of \(shape)", .openVINO, Container.zip(files).bytes))
    }
    for shape in [
      "(1000000, 1000000)", "(0, 9223372036854775807, 2)",
      "(9223372036854775807, 9223372036854775807)",
    ] {
      let header = utf8("{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }\n")
      inputs.append(
        Input(
          "an array of \(shape)", .npy,
          [0x93] + utf8("NUMPY") + [1, 0] + PickleBytes.little(UInt16(header.count)) + header
            + [UInt8](repeating: 0, count: 64)))
    }
    return inputs
  }
}
