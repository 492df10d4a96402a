import Checkpoint
import Core
import Support
import Testing

/// What pickles hold beside torch's tensors: NumPy's arrays, whole modules, long lists of numbers.
struct PickledArrayTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  func open(_ pickle: PickleBytes) throws -> CheckpointFile {
    try CheckpointFile.open(try folder.write((pickle + .stop).bytes, to: "file.pkl"))
  }

  func dtype(_ code: String, order: String = "<") -> PickleBytes {
    .call("numpy", "dtype", .text(code), .op(0x89), .op(0x88))
      + .tuple(.int(3), .text(order), .op(0x4e), .op(0x4e), .op(0x4e), .int(-1), .int(-1), .int(0))
      + "b"
  }

  func array(
    _ type: PickleBytes, _ shape: [Int32], _ data: PickleBytes, isFortran: Bool = false,
    module: String = "numpy.core.multiarray"
  ) -> PickleBytes {
    .call(module, "_reconstruct", .global("numpy", "ndarray"), .tuple(.int(0)), .blob([98]))
      + .tuple(
        .int(1), PickleBytes([0x28] + shape.flatMap { PickleBytes.int($0).bytes } + [0x74]), type,
        .op(isFortran ? 0x88 : 0x89), data) + "b"
  }

  let sixFloats = (0..<6).flatMap { PickleBytes.little(Float($0).bitPattern) }

  @Test(arguments: ["numpy.core.multiarray", "numpy._core.multiarray"])
  func arraysAreTensors(module: String) throws {
    let file = try open(
      .proto(3)
        + .dict(
          ("rows", array(dtype("f4"), [2, 3], .blob(sixFloats), module: module)),
          (
            "columns",
            array(dtype("f4"), [2, 3], .blob(sixFloats), isFortran: true, module: module)
          ),
          (
            "buffer",
            .call(
              "numpy._core.numeric", "_frombuffer", .blob(sixFloats), dtype("f4"),
              .tuple(.int(3), .int(2)), .text("C"))
          ),
          (
            "latin",
            array(
              dtype("u1", order: "|"), [2],
              .call("_codecs", "encode", .text("A\u{e9}"), .text("latin1")), module: module)
          ),
          ("scalar", array(dtype("f8"), [], .blob(PickleBytes.little((2.5).bitPattern))))))
    #expect(file.tensors.map(\.name) == ["rows", "columns", "buffer", "latin", "scalar"])
    let found = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0.tensor) })
    #expect(found["rows"]?.floats == [0, 1, 2, 3, 4, 5] && found["rows"]?.shape == [2, 3])
    #expect(found["columns"]?.floats == [0, 2, 4, 1, 3, 5])
    #expect(found["buffer"]?.shape == [3, 2])
    #expect(found["latin"]?.floats == [65, 233])
    #expect(found["scalar"]?.floats == [2.5] && found["scalar"]?.shape == [])
    #expect(file.placeholders.isEmpty)
  }

  @Test func otherTypesAreNamed() throws {
    let file = try open(
      .proto(3)
        + .dict(
          ("big", array(dtype("f4", order: ">"), [6], .blob(sixFloats))),
          ("object", array(dtype("O8", order: "|"), [1], .emptyList)),
          ("complex", array(dtype("c8"), [3], .blob(sixFloats)))))
    #expect(file.tensors.isEmpty)
    #expect(
      file.placeholders == [
        "big": "numpy.dtype('>f4')", "object": "numpy.dtype('O8')", "complex": "numpy.dtype('c8')",
      ])
  }

  @Test(arguments: [([2, 4], 24), ([-2, -3], 24), ([2, 3], 23)] as [([Int32], Int)])
  func brokenArraysAreRefused(shape: [Int32], count: Int) {
    #expect(throws: ObverseError.self) {
      try open(
        .proto(3) + .dict(("a", array(dtype("f4"), shape, .blob(Array(sixFloats.prefix(count)))))))
    }
  }

  /// PaddlePaddle's tensors: a pair of the parameter's name and its array.
  @Test func pairsOfNameAndArray() throws {
    let pair = PickleBytes.call(
      "builtins", "tuple",
      .tuple(.text("linear_0.w_0"), array(dtype("f4"), [6], .blob(sixFloats))))
    let file = try open(.proto(4) + .dict(("style.1.weight", pair)))
    #expect(file.tensors.map(\.name) == ["style.1.weight"])
    #expect(file.attributes == ["style.1.weight": .text("linear_0.w_0")])
  }

  /// An object of any class is a module where its state is one's.
  @Test func wholeModules() throws {
    let state = PickleBytes.dict(
      ("training", .op(0x88)), ("_backward_hooks", .emptyDict), ("rate", .int(3)),
      ("_parameters", .dict(("weight", array(dtype("f4"), [6], .blob(sixFloats))))),
      ("_buffers", .dict(("none", .op(0x4e)))), ("_modules", .emptyDict))
    let object = PickleBytes.global("model", "Layer") + .emptyTuple + .op(0x81) + state + "b"
    let file = try open(.proto(2) + .dict(("g", object)))
    #expect(file.tensors.map(\.name) == ["g.weight"])
    #expect(file.modules == ["g": "Layer"])
    #expect(file.attributes == ["g.rate": .integer(3)])
    #expect(file.placeholders.isEmpty)

    let other =
      PickleBytes.global("model", "Layer") + .emptyTuple + .op(0x81)
      + .dict(("rate", .int(3))) + "b"
    #expect(try open(.proto(2) + .dict(("g", other))).placeholders == ["g": "model.Layer"])
  }

  @Test func longTuplesOfNumbersCostNothing() throws {
    let numbers = (0..<300_000).flatMap { _ in PickleBytes.int(7).bytes }
    let file = try open(
      .proto(2)
        + .dict(
          ("losses", PickleBytes([0x28] + numbers + [0x74])),
          ("more", PickleBytes([0x28] + numbers + [0x74])), ("last", .int(1))))
    #expect(file.attributes == ["last": .integer(1)])
  }

  /// Numbers of a history are not kept; what follows them keeps its place, and what was put aside its
  /// value.
  @Test func longListsOfNumbersCostNothing() throws {
    let sevens = (0..<1000).flatMap { _ in PickleBytes.int(7).bytes }
    let thousand = PickleBytes([0x28] + sevens + [0x65])
    var list = PickleBytes.emptyList
    for _ in 0..<600 { list = list + thousand }
    // 600,000 values are more than any pickle of this size may build.
    let last =
      PickleBytes.int(5) + .put(9) + "a" + .dict(("x", .get(9))) + "a"
      + .dict(("w", array(dtype("f4"), [6], .blob(sixFloats)))) + "a"
    let file = try open(.proto(2) + .dict(("losses", list + last), ("again", .get(9))))
    #expect(file.attributes == ["again": .integer(5)])
    #expect(file.tensors.map(\.name) == ["losses.600002.w"])
  }

  /// A history of small containers, each of them put aside and none asked for again, is kept no more
  /// than one of numbers; what is asked for again is.
  @Test(arguments: [true, false])
  func longListsOfContainersCostNothing(asDicts: Bool) throws {
    // MEMOIZE, as protocol 4 has it.
    let pair = PickleBytes.int(1) + .int(2) + .op(0x86) + .op(0x94)
    let dict = .emptyDict + .op(0x94) + .mark + .text("d") + .int(1) + .text("g") + .int(2) + "u"
    let thousand = PickleBytes(
      [0x28] + (0..<1000).flatMap { _ in (asDicts ? dict : pair).bytes } + [0x65])
    var list = PickleBytes.emptyList + .op(0x94)
    for _ in 0..<300 { list = list + thousand }
    let tensor = array(dtype("f4"), [6], .blob(sixFloats))
    let kept = .mark + .int(7) + .dict(("w", tensor)) + .op(0x94) + "e"
    // LONG_BINGET: the first dict, the list and 300,000 containers came before.
    let again = PickleBytes([0x6a, 0xe2, 0x93, 0x04, 0x00])
    let file = try open(
      .proto(4)
        + .dict(
          ("first", .dict(("a", .int(3))) + .op(0x94)), ("losses", list + kept), ("same", .get(0)),
          ("again", again)))
    #expect(file.tensors.map(\.name) == ["losses.300001.w", "again.w"])
    #expect(file.attributes == ["first.a": .integer(3), "same.a": .integer(3)])
  }

  /// What is part of something older stays, however long the list is in which it was made.
  @Test func membersOfOlderValuesStay() throws {
    let filler = PickleBytes(
      [0x28] + (0..<1000).flatMap { _ in PickleBytes.int(7).bytes } + [0x65])
    var list = PickleBytes.emptyList
    for _ in 0..<400 { list = list + filler }
    // Within the last thousand a pair is appended to a list that is older.
    let last = .mark + .int(7) + .get(1) + .int(8) + .int(9) + .op(0x86) + "a" + "0" + .int(7) + "e"
    let file = try open(
      .proto(4)
        + .dict(("older", .emptyList + .put(1)), ("losses", list + last), ("end", .int(1))))
    #expect(file.attributes["older"] == .list([.list([.integer(8), .integer(9)])]))
  }
}
