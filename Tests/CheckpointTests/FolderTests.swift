import Checkpoint
import Core
import Foundation
import Support
import Testing

/// Unpacked archives, and folders that people take for a checkpoint.
struct FolderTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func make(_ name: String) throws {
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
  }

  private func pickle(key: String) -> [UInt8] {
    (PickleBytes.proto(2)
      + .dict(
        ("x", .tensor(.storage("FloatStorage", key: key, count: 1), shape: [1], strides: [1])))
      + .stop).bytes
  }

  @Test(arguments: ["net", "net/archive"])
  func unpackedArchives(inner: String) throws {
    try make("\(inner)/data")
    try folder.write(pickle(key: "0"), to: "\(inner)/data.pkl")
    try folder.write(PickleBytes.little(Float(1.5).bitPattern), to: "\(inner)/data/0")
    for path in ["net", "net/", "\(inner)/data.pkl"] {
      let file = try CheckpointFile.open("\(folder.path)/\(path)")
      #expect(file.container == .torchFolder)
      #expect(file.tensors.map(\.tensor.floats) == [[1.5]])
    }
  }

  /// A key never leads out of the folder, not even by a link.
  @Test(arguments: ["../../secret", "..", "/etc/hostname", "", "link", "a/b"])
  func keysStayInside(key: String) throws {
    try make("net/data/a")
    try folder.write([1, 2, 3, 4], to: "secret")
    try folder.write([1, 2, 3, 4], to: "net/data/a/b")
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/net/data/link", withDestinationPath: "\(folder.path)/secret")
    try folder.write(pickle(key: key), to: "net/data.pkl")
    let error = #expect(throws: ObverseError.self) {
      try CheckpointFile.open("\(folder.path)/net")
    }
    #expect(error?.description.contains("its storage '\(key)' is not in the file") == true)
  }

  @Test func bigEndianNumbersAreRefused() throws {
    try make("net/data")
    try folder.write(pickle(key: "0"), to: "net/data.pkl")
    try folder.write(Array("big".utf8), to: "net/byteorder")
    let error = #expect(throws: ObverseError.self) { try CheckpointFile.open("\(folder.path)/net") }
    #expect(error?.description.contains("big-endian") == true)
  }

  @Test(
    arguments: [
      (["__0_0.distcp", ".metadata"], "distributed checkpoint", "dcp_to_torch"),
      (["config.json", "model.safetensors.index.json"], "in several parts", "join them"),
      (["config.json", "model.safetensors"], "with model.safetensors in it", "the file itself"),
      (["a.pkl", "b.pt"], "a folder with a.pkl and 1 more in it", "the file itself"),
      (["notes.txt"], "it holds no checkpoint", nil),
      ([], "it holds no checkpoint", nil),
    ] as [([String], String, String?)])
  func otherFoldersAreNamed(files: [String], words: String, hint: String?) throws {
    try make("it")
    for file in files { try folder.write([1], to: "it/\(file)") }
    let path = "\(folder.path)/it"
    let error = #expect(throws: ObverseError.self) { try CheckpointFile.open(path) }
    #expect(error?.description.contains(words) == true)
    #expect(error?.exitCode == 65)
    if let hint {
      #expect(error?.hint?.contains(hint) == true)
    } else {
      #expect(error?.hint == nil)
    }
  }

  @Test func dataAloneIsNamed() throws {
    let path = try folder.write(pickle(key: "0"), to: "data.pkl")
    let error = #expect(throws: ObverseError.self) { try CheckpointFile.open(path) }
    #expect(error?.description.contains("one part of a .pt archive") == true)
  }

  /// A file behind gzip is read as the file itself; its size is bounded before it is kept.
  @Test func gzip() throws {
    let packed = "\(Fixture.folder)/Wild/download-gzip/net.pt.gz"
    let whole = try Bytes(mapping: packed).array
    let file = try CheckpointFile.open(packed)
    #expect(file.container == .torchZip && file.tensors.count == 51)
    for count in [11, whole.count / 2, whole.count - 5] {
      let path = try folder.write(Array(whole[..<count]), to: "cut.gz")
      #expect(throws: ObverseError.self) { try CheckpointFile.open(path) }
    }
    var broken = whole
    broken[whole.count - 6] ^= 1  // of the checksum
    let path = try folder.write(broken, to: "broken.gz")
    #expect(throws: ObverseError.self) { try CheckpointFile.open(path) }
  }
}
