import Checkpoint
import Core
import Support
import Testing

/// Programs of torch.jit, whose attributes are read and whose code is not.
struct TorchScriptTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// A program whose module is `object`, with one storage of two floats.
  func open(_ object: PickleBytes) throws -> CheckpointFile {
    var archive = ZipBuilder()
    archive.members = [
      .init(name: "net/data/0", data: PickleBytes.floats([1, 2])),
      .init(name: "net/data.pkl", data: (.proto(2) + object + .stop).bytes),
      .init(name: "net/code/__torch__.py", data: utf8("class A(Module):\n  exit()\n")),
      .init(name: "net/constants.pkl", data: utf8("no pickle at all")),
    ]
    return try CheckpointFile.open(try folder.write(archive.bytes, to: "net.pt"))
  }

  static let pair = PickleBytes.tensor(
    .storage("FloatStorage", key: "0", count: 2), shape: [2], strides: [1])

  /// NEWOBJ of one of the program's own classes.
  static func object(_ name: String = "A") -> PickleBytes {
    .global("__torch__", name) + .emptyTuple + .op(0x81)
  }

  static func built(_ state: PickleBytes) -> PickleBytes { object() + state + "b" }

  /// torch.jit's file holds what torch.save's file of the same module holds, under the same names.
  @Test func holdsTheStateDict() throws {
    let program = try CheckpointFile.open(Fixture.folder + "/TorchScript/program.pt")
    let state = try CheckpointFile.open(Fixture.folder + "/TorchScript/state.pt")
    #expect(program.container == .torchScript && state.container == .torchZip)
    let found = Dictionary(uniqueKeysWithValues: program.tensors.map { ($0.name, $0.tensor) })
    #expect(found.count == 16 && state.tensors.count == 16)
    for (name, expected) in state.tensors {
      let tensor = try #require(found[name], "\(name)")
      #expect(tensor.type == expected.type, "\(name)")
      #expect(tensor.shape == expected.shape, "\(name)")
      #expect(tensor.sha256 == expected.sha256, "\(name)")
    }
    #expect(found["visual.conv1.weight"]?.type == .float16)
    #expect(found["visual.attn.in_proj_weight"]?.shape == [12, 4])
    #expect(program.attributes["sizes"] == .list([.integer(224), .integer(7)]))
    #expect(program.attributes["names.scale"] == .number(0.5))
    #expect(program.attributes["title"] == .text("a program"))
    #expect(program.placeholders.isEmpty)
    #expect(program.pickleNames.allSatisfy { $0.isKnown })
  }

  @Test func objectsAreTheirAttributes() throws {
    let file = try open(
      Self.built(
        .dict(
          ("weight", Self.pair), ("child", Self.built(.dict(("bias", Self.pair)))),
          ("list", Self.built(.tuple(Self.pair, .int(3)))), ("bare", Self.object()))))
    #expect(file.tensors.map(\.name) == ["weight", "child.bias", "list.0"])
    #expect(file.tensors[1].tensor.floats == [1, 2])
    #expect(file.attributes == ["list.1": .integer(3)])
  }

  /// A class of another namespace is not run, and read where what it was given has tensors.
  @Test func otherClassesAreNotRun() throws {
    let stranger = .global("torch__", "A") + .emptyTuple + .op(0x81) + .dict(("x", Self.pair)) + "b"
    let empty = .global("torch__", "B") + .emptyTuple + .op(0x81) + .dict(("y", .int(1))) + "b"
    let file = try open(.dict(("a", stranger), ("b", Self.pair), ("c", empty)))
    #expect(file.tensors.map(\.name) == ["a.x", "b"])
    #expect(file.placeholders == ["c": "torch__.B"])
  }

  /// What holds itself is followed once.
  @Test func objectsThatHoldThemselves() throws {
    let first = Self.object() + .put(0)
    let cycles: [PickleBytes] = [
      first + .get(0) + "b",
      first + .dict(("a", .get(0))) + "b",
      first + Self.object("B") + .put(1) + .get(0) + "b0" + .get(0) + .get(1) + "b",
    ]
    for cycle in cycles {
      #expect(try open(cycle).tensors.isEmpty)
    }
  }

  /// One state for many objects costs a reference each, and is followed at most so often.
  @Test func sharedStatesAreBounded() throws {
    let state = PickleBytes.dict(("x", .int(1)), ("y", .int(2)))
    var object = Self.built(state + .put(0))
    for level in 1...24 {
      // Each level holds the one below it twice.
      object =
        object + .put(UInt8(level)) + "0"
        + Self.built(.dict(("a", .get(UInt8(level))), ("b", .get(UInt8(level)))))
    }
    let error = #expect(throws: ObverseError.self) { try open(object) }
    #expect(error?.description.contains("each reference followed") == true)
  }

  @Test func whatObjectsDoNotTake() throws {
    for (object, what) in [
      (Self.object() + .int(0) + .int(1) + "s", "SETITEM"),
      (Self.object() + .int(0) + "a", "APPEND"),
      (.global("__torch__", "A") + .emptyDict + "b", "BUILD"),
    ] {
      let error = #expect(throws: ObverseError.self) { try open(object) }
      #expect(error?.description.contains(what) == true)
    }
  }

  /// Every prefix of a program is an error, and none a crash.
  @Test func truncatedAnywhere() throws {
    let whole = try Bytes(mapping: Fixture.folder + "/TorchScript/program.pt").array
    for count in stride(from: 1, to: whole.count, by: 7) {
      let path = try folder.write(Array(whole[..<count]), to: "cut.pt")
      #expect(throws: ObverseError.self, "\(count) bytes") { try CheckpointFile.open(path) }
    }
  }
}
