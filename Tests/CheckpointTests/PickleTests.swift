import Checkpoint
import Core
import Support
import Testing

/// What honest pickles of every protocol mean.
struct PickleTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  func open(_ pickle: PickleBytes) throws -> CheckpointFile {
    try CheckpointFile.open(try folder.write((pickle + .stop).bytes, to: "file.pkl"))
  }

  @Test func protocol0() throws {
    let checkpoint = try open(
      """
      (dp0
      Va
      p1
      I-7
      sVb
      I01
      sVc
      F2.5
      sS'd'
      S'x\\n\\x41'
      sVe
      L12L
      sVf
      (lp2
      I1
      aI2
      asVg
      (I3
      I4
      tsVh
      g1
      sV\\u4e16
      V\u{e9}
      s
      """)
    #expect(checkpoint.container == .pickle)
    #expect(checkpoint.containerDetail == "pickle protocol 0")
    #expect(
      checkpoint.attributes == [
        "a": .integer(-7), "b": .bool(true), "c": .number(2.5), "d": .text("x\nA"),
        "e": .integer(12), "f": .list([.integer(1), .integer(2)]),
        "g": .list([.integer(3), .integer(4)]), "h": .text("a"),
        // The line is Latin-1: the two bytes of é in UTF-8 are two characters.
        "\u{4e16}": .text("\u{c3}\u{a9}"),
      ])
  }

  @Test func protocol1() throws {
    let checkpoint = try open(
      "}q\u{0}(U\u{1}aq\u{1}K\u{5}U\u{1}bM\u{1}\u{1}X\u{1}\u{0}\u{0}\u{0}cG?"
        + PickleBytes([0xf8, 0, 0, 0, 0, 0, 0]) + "u")
    #expect(
      checkpoint.attributes == ["a": .integer(5), "b": .integer(257), "c": .number(1.5)])
  }

  @Test func protocols2To5() throws {
    for version: UInt8 in 2...5 {
      let checkpoint = try open(.proto(version) + .dict(("a", .int(-3)), ("b", .op(0x88))))
      #expect(checkpoint.containerDetail == "pickle protocol \(version)")
      #expect(checkpoint.attributes == ["a": .integer(-3), "b": .bool(true)])
    }
    #expect(
      throws: ObverseError.inFile(
        path: folder.path + "/file.pkl",
        .unsupported(
          what: "pickle", why: "protocol 6 is newer than the 5 that is read", hint: nil))
    ) { try open(.proto(6) + .emptyDict) }
  }

  @Test func opcodesOfLaterProtocols() throws {
    let short: (String) -> PickleBytes = {
      PickleBytes([0x8c, UInt8($0.utf8.count)] + Array($0.utf8))
    }
    let frame = PickleBytes([0x95] + PickleBytes.little(UInt64.max))  // lies: it is a no-op
    let items: [(String, PickleBytes, Attribute)] = [
      ("long1", PickleBytes([0x8a, 3, 0xff, 0xff, 0xff]), .integer(-1)),
      ("long1 of nothing", PickleBytes([0x8a, 0]), .integer(0)),
      ("long4", PickleBytes([0x8b, 2, 0, 0, 0, 0x34, 0x12]), .integer(0x1234)),
      (
        "long of 8", PickleBytes([0x8a, 8] + PickleBytes.little(Int64.min)), .integer(.min)
      ),
      ("unicode8", PickleBytes([0x8d, 2, 0, 0, 0, 0, 0, 0, 0] + Array("hi".utf8)), .text("hi")),
      ("tuple1", PickleBytes([0x4b, 1, 0x85]), .list([.integer(1)])),
      ("tuple2", PickleBytes([0x4b, 1, 0x4b, 2, 0x86]), .list([.integer(1), .integer(2)])),
      (
        "dup", PickleBytes([0x4b, 1, 0x32, 0x86]),
        .list([.integer(1), .integer(1)])
      ),
      ("pop", PickleBytes([0x4b, 1, 0x4b, 2, 0x30]), .integer(1)),
      ("pop mark", PickleBytes([0x4b, 1, 0x28, 0x4b, 2, 0x4b, 3, 0x31]), .integer(1)),
      ("pop of a mark", PickleBytes([0x4b, 1, 0x28, 0x30]), .integer(1)),
      ("memoize", PickleBytes([0x4b, 9, 0x94, 0x30, 0x68, 0]), .integer(9)),
      ("append", PickleBytes([0x5d, 0x4b, 1, 0x61]), .list([.integer(1)])),
      (
        "numpy scalar",
        .call(
          "numpy._core.multiarray", "scalar",
          .call("numpy", "dtype", .text("f4"), .op(0x89), .op(0x88))
            + .tuple(.int(3), .text(">"), .op(0x4e)) + "b", .blob([0x3f, 0x80, 0, 0])),
        .number(1)
      ),
      (
        "numpy scalar of protocol 2",
        .call(
          "numpy.core.multiarray", "scalar",
          .call("numpy", "dtype", .text("i4"), .op(0x89), .op(0x88)),
          .call("_codecs", "encode", .text("\u{ff}\u{fe}\u{ff}\u{ff}"), .text("latin1"))),
        .integer(-257)
      ),
      (
        "size", .call("torch", "Size", .tuple(.int(2), .int(3))), .list([.integer(2), .integer(3)])
      ),
    ]
    for (name, bytes, expected) in items {
      let checkpoint = try open(
        .proto(4) + frame + .emptyDict + short(name) + bytes + "s")
      #expect(checkpoint.attributes[name] == expected, "\(name)")
    }
  }

  @Test func stackGlobalAndSetsAndNewObj() throws {
    let checkpoint = try open(
      .proto(4)
        + .dict(
          ("set", PickleBytes([0x8f, 0x28, 0x4b, 1, 0x90])),
          ("frozen", PickleBytes([0x28, 0x4b, 1, 0x91])),
          (
            "easy",
            .text("dnnlib.util") + .text("EasyDict") + .op(0x93) + .emptyTuple + .op(0x81)
              + .text("a") + .int(1) + "s"
          ),
          (
            "old easy",
            .call(
              "copy_reg", "_reconstructor", .global("dnnlib.util", "EasyDict"),
              .global("__builtin__", "dict"), .dict(("b", .int(2))))
          ),
          (
            "args",
            .global("argparse", "Namespace") + .emptyTuple + .op(0x81)
              + .dict(("lr", .int(1))) + "b"
          )))
    #expect(checkpoint.attributes == ["easy.a": .integer(1), "old easy.b": .integer(2)])
    #expect(checkpoint.placeholders.isEmpty)
    let unknown = checkpoint.pickleNames.filter { !$0.isKnown }
    #expect(unknown == [PickleName(name: "__builtin__.dict", isKnown: false, count: 1)])
  }

  @Test func laterValueOfAKeyCounts() throws {
    let checkpoint = try open(.proto(2) + .dict(("a", .int(1)), ("b", .int(2)), ("a", .int(3))))
    #expect(checkpoint.attributes == ["a": .integer(3), "b": .integer(2)])
  }

  @Test func persistentObject() throws {
    let module = PickleBytes.call(
      "torch_utils.persistence", "_reconstruct_persistent_obj",
      .dict(
        ("type", .text("class")), ("module_src", .text("import os; os.system('true')")),
        ("class_name", .text("SynthesisInput")),
        (
          "state",
          .dict(
            ("_parameters", .dict(("p", .op(0x4e)))), ("_modules", .dict()),
            ("_forward_hooks", .call("collections", "OrderedDict")), ("training", .op(0x88)),
            ("freq", .int(2)))
        )))
    let synthesis = PickleBytes.call(
      "torch_utils.persistence", "_reconstruct_persistent_obj",
      .dict(
        ("class_name", .text("Net")),
        ("state", .dict(("_modules", .dict(("input", module), ("gone", .op(0x4e))))))))
    let checkpoint = try open(.proto(3) + .dict(("G_ema", .dict(("synthesis", synthesis)))))
    #expect(
      checkpoint.modules == [
        "G_ema.synthesis": "Net", "G_ema.synthesis.input": "SynthesisInput",
      ])
    #expect(checkpoint.attributes == ["G_ema.synthesis.input.freq": .integer(2)])
    let error = #expect(throws: ObverseError.self) { try checkpoint.refuseForeignFamilies() }
    #expect(error?.description.contains("StyleGAN3") == true)
    #expect(error?.hint != nil)
  }

  @Test func tensorFlowNetworksAreTheirState() throws {
    let network =
      PickleBytes.global("dnnlib.tflib.network", "Network") + .emptyTuple + .op(0x81)
      + .dict(("version", .int(4))) + "b"
    let checkpoint = try open(.proto(3) + .tuple(network, network, network))
    #expect(checkpoint.placeholders.isEmpty)
    #expect(checkpoint.modules["2"] == CheckpointFile.tensorFlowNetwork)
    #expect(checkpoint.attributes["2.version"] == .integer(4))
  }

  @Test func listingShowsArguments() throws {
    let path = try folder.write(
      (.proto(2) + .dict(("a\u{1b}[2J", .call("os", "system", .int(7)))) + .stop).bytes,
      to: "listed.pkl")
    #expect(
      try CheckpointFile.pickleListing(path) == [
        "0: PROTO 2", "2: EMPTY_DICT", "3: MARK", #"4: BINUNICODE 'a\u{1B}[2J'"#,
        "14: GLOBAL 'os' 'system'", "25: MARK", "26: BININT 7", "31: TUPLE", "32: REDUCE",
        "33: SETITEMS", "34: STOP",
      ])
  }
}
