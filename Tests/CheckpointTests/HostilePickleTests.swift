import Checkpoint
import Core
import Glibc
import Support
import Testing

/// Numbers that are the same in every run (SplitMix64).
private struct Steps: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// Pickles that were written to harm.
struct HostilePickleTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  var path: String { folder.path + "/evil.pkl" }

  @discardableResult
  func open(_ pickle: PickleBytes) throws -> CheckpointFile {
    try CheckpointFile.open(try folder.write((pickle + .stop).bytes, to: "evil.pkl"))
  }

  func expect(_ error: ObverseError, _ pickle: PickleBytes) {
    #expect(throws: ObverseError.inFile(path: path, error)) { try open(pickle) }
  }

  @Test(arguments: [
    ("os", "system"), ("posix", "system"), ("builtins", "eval"), ("__builtin__", "eval"),
    ("builtins", "exec"), ("builtins", "__import__"), ("builtins", "getattr"),
    ("importlib", "import_module"), ("subprocess", "Popen"), ("torch.hub", "load"),
    ("torch", "load"), ("runpy", "run_path"), ("operator", "attrgetter"), ("shutil", "rmtree"),
    ("nt", "system"), ("_pickle", "loads"), ("webbrowser", "open"),
    ("torch.utils.cpp_extension", "load"), ("numpy.testing._private.utils", "runstring"),
  ])
  func codeBecomesAPlaceholder(module: String, name: String) throws {
    let marker = folder.path + "/was-run"
    let command = PickleBytes.text("touch \(marker)")
    let checkpoint = try open(
      .proto(2)
        + .dict(
          ("g_ema", .call(module, name, command)),
          // All that can be done to what a call gave.
          (
            "g",
            .call(module, name, command) + .dict(("a", .int(1))) + "b" + .text("k") + .int(1)
              + "s" + .int(1) + "a" + .emptyTuple + "R"
          ),
          ("class", .global(module, name) + .emptyTuple + .op(0x81)),
          (
            "class with keywords",
            .global(module, name) + .emptyTuple + .emptyDict + .op(0x92)
          ),
          ("name", .global(module, name)),
          ("kept", .int(5)),
          (
            "net",
            .call(
              "torch_utils.persistence", "_reconstruct_persistent_obj",
              .dict(
                ("class_name", .text("Net")),
                (
                  "state",
                  .dict(
                    ("_parameters", .dict(("weight", .call(module, name, command)))),
                    (
                      "_buffers",
                      .dict(
                        (
                          "b",
                          .tensor(
                            .call(module, name, command), shape: [1], strides: [1])
                        ))
                    ))
                )))
          ))
    )
    let full = "\(module).\(name)"
    #expect(
      checkpoint.placeholders == [
        "g_ema": full, "g": full, "class": full, "class with keywords": full, "name": full,
        "net.weight": full, "net.b": full,
      ])
    // What the file itself does to the placeholder is data of the file.
    #expect(checkpoint.attributes.filter { !$0.key.hasPrefix("g.") } == ["kept": .integer(5)])
    #expect(checkpoint.tensors.isEmpty)
    #expect(checkpoint.pickleNames.first == PickleName(name: full, isKnown: false, count: 7))
    #expect(unsafe access(marker, F_OK) != 0)
  }

  @Test func wholeFileIsACall() throws {
    let checkpoint = try open(.proto(2) + "cos\nsystem\n(Vtrue\ntR")
    #expect(checkpoint.placeholders == ["": "os.system"])
  }

  @Test func wrongTargets() {
    let no = "on a value that is no"
    let cases: [(PickleBytes, String)] = [
      (.emptyList + "NNs", "SETITEM \(no) dict at byte 5"),
      (.emptyTuple + "NNs", "SETITEM \(no) dict at byte 5"),
      (.emptyList + "(NNu", "SETITEM \(no) dict at byte 6"),
      (.emptyDict + "(NNe", "APPEND \(no) list at byte 6"),
      ("NNa", "APPEND \(no) list at byte 4"),
      ("N(NN" + .op(0x90), "ADDITEMS \(no) set at byte 6"),
      ("NNb", "BUILD on a value that has no state at byte 4"),
      ("NNR", "a value is called that is no function at byte 4"),
      (.emptyDict + "(NNNu", "a key has no value at byte 7"),
      ("(NNNd", "a key has no value at byte 6"),
      ("NN" + .op(0x93), "STACK_GLOBAL asks for a name that is no text at byte 4"),
      (
        .global("collections", "OrderedDict") + "NR",
        "collections.OrderedDict is called with what is no list of arguments at byte 28"
      ),
      (
        .call("torch_utils.persistence", "_reconstruct_persistent_obj", .int(1)),
        "a persistent object has no dict that describes it at byte 62"
      ),
    ]
    for (pickle, why) in cases { expect(.malformed(what: "pickle", why: why), .proto(2) + pickle) }
  }

  @Test func emptyStackMarksAndMemo() {
    let cases: [(PickleBytes, String)] = [
      ("0", "the stack is empty at byte 2"),
      ("2", "the stack is empty at byte 2"),
      ("s", "the stack is empty at byte 2"),
      ("t", "there is no mark at byte 2"),
      ("u", "there is no mark at byte 2"),
      ("1", "there is no mark at byte 2"),
      ("", "the stack is empty at byte 2"),
      ("N(", "the stack is empty at byte 4"),  // what is below a mark is out of reach
      ("N(R", "the stack is empty at byte 4"),
      (.get(7), "memo 7 holds nothing at byte 2"),
      ("g-1\n", "memo -1 holds nothing at byte 2"),
      ("Np-1\n", "a memo index is negative at byte 3"),
      ("gx\n", "a memo index is no number at byte 2"),
      ("Ix\n", "INT does not hold what its name says at byte 2"),
      ("S'x\n", "STRING does not hold what its name says at byte 2"),
      ("V\\ud\n", "UNICODE does not hold what its name says at byte 2"),
    ]
    for (pickle, why) in cases { expect(.malformed(what: "pickle", why: why), .proto(2) + pickle) }
    expect(
      .malformed(what: "pickle", why: "byte 2 is 0xff, which is no opcode"),
      .proto(2) + .op(0xff))
    expect(
      .malformed(what: "pickle", why: "the line after GLOBAL at byte 2 has no end"),
      .proto(2) + "cos")
  }

  @Test(arguments: [
    ("ios\nsystem\n", "INST", 3), ("cos\nsystem\no", "OBJ", 14), ("\u{1}", "EXT1", 3),
  ])
  func refusedOpcodes(text: String, name: String, offset: Int) {
    let body: PickleBytes = name == "EXT1" ? PickleBytes([0x82, 1]) : PickleBytes(text)
    expect(
      .unsupported(what: "pickle", why: "opcode \(name) at byte \(offset) is not read", hint: nil),
      .proto(2) + .mark + body)
  }

  @Test func lengthsBeyondTheFile() {
    expect(
      .truncated(what: "BINUNICODE8 in the pickle", needs: .max, fileHas: 12),
      .proto(4) + PickleBytes([0x8d] + PickleBytes.little(UInt64.max)))
    expect(
      .truncated(what: "BINBYTES in the pickle", needs: 0x8000_0007, fileHas: 8),
      .proto(4) + PickleBytes([0x42, 0, 0, 0, 0x80]))
    expect(
      .truncated(what: "LONG4 in the pickle", needs: 0x1_0000_0006, fileHas: 8),
      .proto(4) + PickleBytes([0x8b, 0xff, 0xff, 0xff, 0xff]))
  }

  @Test func noStop() throws {
    let file = try folder.write((.proto(2) + .emptyDict).bytes, to: "evil.pkl")
    #expect(
      throws: ObverseError.inFile(
        path: file, .truncated(what: "the pickle", needs: 4, fileHas: 3))
    ) { try CheckpointFile.open(file) }
  }

  @Test func memoIndexCostsNoMemory() throws {
    let huge = PickleBytes([0x72, 0xff, 0xff, 0xff, 0xff])
    let get = PickleBytes([0x6a, 0xff, 0xff, 0xff, 0xff])
    let checkpoint = try open(
      .proto(2) + .emptyDict + .text("a") + .int(3) + huge + "s" + .text("b") + get + "s")
    #expect(checkpoint.attributes == ["a": .integer(3), "b": .integer(3)])
  }

  /// What holds itself has nothing new the second time: objects that know their owner are followed once.
  @Test(
    arguments: [
      // a = {}; a["a"] = a
      .emptyDict + .put(0) + .text("a") + .get(0) + "s",
      .emptyList + .put(0) + .get(0) + "a",
      .emptyDict + .put(0) + .text("m")
        + .call(
          "torch_utils.persistence", "_reconstruct_persistent_obj",
          .dict(("state", .dict(("_modules", .get(0)))))) + "s",
      .global("model", "Owner") + .emptyTuple + .op(0x81) + .put(0) + .dict(("me", .get(0))) + "b",
    ] as [PickleBytes])
  func valuesThatHoldThemselves(_ value: PickleBytes) throws {
    let checkpoint = try open(.proto(2) + .dict(("x", value), ("last", .int(5))))
    #expect(checkpoint.attributes["last"] == .integer(5))
    #expect(checkpoint.tensors.isEmpty)
  }

  /// What torch's functions are called with in another way than torch does is a placeholder.
  @Test func otherArguments() throws {
    let checkpoint = try open(
      .proto(2)
        + .dict(
          ("a", .call("torch._utils", "_rebuild_tensor_v2", .int(1))),
          ("b", .call("numpy", "dtype")), ("c", .call("torch", "Size", .int(1), .int(2)))))
    #expect(
      checkpoint.placeholders == [
        "a": "torch._utils._rebuild_tensor_v2", "b": "numpy.dtype", "c": "torch.Size",
      ])
  }

  /// State dicts in subclasses of dict and in attributes of objects, whose classes are not run.
  @Test func objectsHoldWhatTheyWereGiven() throws {
    let wheel = PickleBytes.global("collections", "defaultdict")
    let dict =
      wheel + .call("builtins", "tuple") + "R" + .mark + .text("a") + .int(1) + .text("b") + .int(2)
      + .setItems + .text("c") + .int(3) + "s"
    let slots =
      PickleBytes.global("model", "State") + .emptyTuple + .op(0x81)
      + .tuple(PickleBytes("N"), .dict(("d", .int(4)))) + "b"
    let checkpoint = try open(.proto(2) + .dict(("x", dict), ("y", slots)))
    #expect(
      checkpoint.attributes == [
        "x.a": .integer(1), "x.b": .integer(2), "x.c": .integer(3), "y.d": .integer(4),
      ])
  }

  /// Ten references at each of ten levels: 10¹⁰ values in 300 bytes.
  @Test func billionLaughs() {
    for isDict in [true, false] {
      var pickle: PickleBytes = .proto(2) + .text("ha") + .put(0)
      for level: UInt8 in 1...10 {
        let items = (0..<10).map { i in
          (isDict ? PickleBytes.text("\(i)") : []) + PickleBytes.get(level - 1)
        }
        pickle =
          pickle + (isDict ? "}(" : "](") + PickleBytes(items.flatMap(\.bytes))
          + (isDict ? "u" : "e") + .put(level)
      }
      let error = #expect(throws: ObverseError.self) { try open(pickle) }
      #expect(error?.word == "too-large")
    }
  }

  @Test func deepNesting() throws {
    let deep = 1_000_000
    // Lists of one list each, dicts too, and tuples: no level may cost a stack frame.
    let lists =
      PickleBytes([UInt8](repeating: 0x5d, count: deep / 8))
      + PickleBytes([UInt8](repeating: 0x61, count: deep / 8 - 1))
    let tuples = "N" + PickleBytes([UInt8](repeating: 0x85, count: deep / 8))
    let dicts =
      .emptyDict
      + PickleBytes([[UInt8]](repeating: [0x4b, 1, 0x7d], count: 5000).flatMap { $0 })
      + PickleBytes([UInt8](repeating: 0x73, count: 5000))
    for pickle in [lists, tuples, dicts] {
      expect(
        .tooLarge(what: "the depth of the pickle's containers", found: 101, limit: 100),
        .proto(2) + pickle)
    }
    let marks = PickleBytes([UInt8](repeating: 0x28, count: deep))
    expect(
      .tooLarge(what: "the number of the pickle's marks", found: 100_001, limit: 100_000),
      .proto(2) + "N" + marks)
  }

  @Test func moreValuesThanAFileMayAskFor() {
    let many = 3_000_000
    let cases: [(PickleBytes, String)] = [
      (
        "(" + PickleBytes([UInt8](repeating: 0x5d, count: many)),
        "the number of values in the pickle"
      ),
      (
        "(" + PickleBytes([UInt8](repeating: 0x4e, count: many)),
        "the number of the pickle's stack entries"
      ),
      (
        PickleBytes([UInt8]("](".utf8))
          + PickleBytes(
            // Lists of 1000, each short enough to be kept.
            [[UInt8]](
              repeating: Array("](".utf8) + [UInt8](repeating: 0x4e, count: 1000) + [0x65, 0x30],
              count: 3000
            ).flatMap { $0 }),
        "the number of members of the pickle's containers"
      ),
    ]
    for (pickle, what) in cases {
      let error = #expect(throws: ObverseError.self) { try open(.proto(4) + pickle) }
      guard case .inFile(_, .tooLarge(what, _, _)) = error else {
        Issue.record("\(what): \(String(describing: error))")
        continue
      }
    }
  }

  /// Text that stands in the file as it is meant is borrowed; what has to be unescaped is a copy of its own, of some
  /// hundred bytes however short it is.
  @Test(arguments: ["V%\n", "S'%'\n"])
  func copiesOfLinesAreCounted(line: String) throws {
    let many = 40_000
    func pickle(_ text: String, _ count: Int) -> PickleBytes {
      let bytes = Array(line.replacing("%", with: text).utf8)
      let lines = [[UInt8]](repeating: bytes, count: count).flatMap { $0 }
      return .proto(2) + PickleBytes(lines) + "N"
    }
    for text in ["x", ""] { #expect(try open(pickle(text, many)).tensors.isEmpty) }
    let escaped = line.hasPrefix("V") ? "\\u0041" : "\\x41"
    #expect(try open(pickle(escaped, 1000)).tensors.isEmpty)
    let error = #expect(throws: ObverseError.self) { try open(pickle(escaped, many)) }
    guard
      case .inFile(_, .tooLarge("the number of members of the pickle's containers", _, _)) = error
    else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func blobThatIsNoStorage() {
    let nested = PickleBytes.legacy(.call("os", "system", .text("true")), [])
    func pickle(_ blob: [UInt8]) -> PickleBytes {
      .proto(3)
        + .dict(
          (
            "x",
            .tensor(
              .call("torch.storage", "_load_from_bytes", .blob(blob)), shape: [1], strides: [1])
          ))
    }
    expect(
      .malformed(what: "torch legacy blob", why: "it holds something else than a storage"),
      pickle(nested))
    expect(.truncated(what: "the pickle", needs: 1, fileHas: 0), pickle([]))
    expect(
      .malformed(what: "torch legacy file", why: "its magic number is another"),
      pickle((.proto(2) + .int(1) + .stop).bytes))
  }

  @Test func sameNameTwice() {
    let tensor = PickleBytes.tensor(
      .call(
        "torch.storage", "_load_from_bytes",
        .blob(
          PickleBytes.legacy(.storage("ByteStorage", key: "0", count: 1), [("0", 1, [1])]))),
      shape: [1], strides: [1])
    expect(
      .malformed(what: "tensor a.b", why: "the file has two of it"),
      .proto(3) + .dict(("a.b", tensor), ("a", .dict(("b", tensor)))))
  }

  /// Random bytes behind a pickle's beginning, and flipped bytes in an honest file.
  @Test func noise() throws {
    var random = Steps(state: 85)
    let honest = try #require(
      Fixture.all.first { $0.name == "rosi32-legacy" }.map { try Bytes(mapping: $0.checkpoint) })
    let head = try #require(honest.slice(at: 0, count: 20_000)).array
    for round in 0..<300 {
      var bytes: [UInt8]
      if round.isMultiple(of: 2) {
        bytes = [0x80, 4] + (0..<200).map { _ in UInt8.random(in: .min ... .max, using: &random) }
      } else {
        bytes = head
        for _ in 0..<4 {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
            in: .min ... .max, using: &random)
        }
      }
      let file = try folder.write(bytes, to: "noise.pkl")
      do {
        _ = try CheckpointFile.open(file)
      } catch {
        #expect(error.word != "bug")
      }
      _ = try? CheckpointFile.pickleListing(file, limit: 1000)
    }
  }
}
