import Avatars
import AvatarsProgram
import Checkpoint
import Core
import Foundation
import ImageFile
import Support
import Testing

struct RequestTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(_ words: [String]) throws { try Request(words[...])?.run() }

  private func read(_ path: String) throws -> Bytes {
    Bytes([UInt8](try Data(contentsOf: URL(filePath: path))))
  }

  @Test func writesAZip() throws {
    let path = folder.path + "/some.zip"
    try run(["--out", path, "--count", "3", "--first=7", "--size", "16"])
    let zip = try ZipArchive(read(path))
    let names = zip.members.map(\.name)
    #expect(names == ["avatar0000007.png", "avatar0000008.png", "avatar0000009.png"])
    for (index, member) in zip.members.enumerated() {
      let file = try zip.read(member)
      #expect(try PNG.decode(file) == Avatar(seed: 7 + UInt64(index)).picture(size: 16))
      #expect(try PNG.text(file).map(\.value) == ["CC0-1.0"])
    }
    // Nothing but the zip is left.
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["some.zip"])
  }

  @Test func writesAFolder() throws {
    let path = folder.path + "/many"
    try run(["--out", path, "--count", "2", "--size", "128"])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: path).sorted() == [
        "avatar0000000.png", "avatar0000001.png",
      ])
    #expect(
      try PNG.decode(read(path + "/avatar0000001.png")) == Avatar(seed: 1).picture(size: 128))
  }

  @Test func writesASheet() throws {
    let path = folder.path + "/sheet.png"
    try run(["--out", path, "--count", "5", "--columns", "3", "--size", "32"])
    let sheet = try PNG.decode(read(path))
    #expect(sheet.width == 96 && sheet.height == 64)
    let tile = Avatar(seed: 4).picture(size: 32)
    for y in 0..<32 {
      let start = ((32 + y) * 96 + 32) * 3
      #expect(sheet.bytes[start..<start + 96] == tile.bytes[y * 96..<y * 96 + 96])
    }
    #expect(sheet.bytes.suffix(96).allSatisfy { $0 == 255 })  // no sixth
  }

  @Test func writesLatents() throws {
    let path = folder.path + "/some.npz"
    try run(["--latents", path, "--count", "3", "--first", "7"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["some.npz"])
    let arrays = try CheckpointFile.open(path).tensors
    #expect(arrays.map(\.name) == ["w", "z"])
    let latents = (7..<10).map { Latent(seed: $0) }
    #expect(arrays[0].tensor.floats == latents.flatMap { $0.decide().w })
    #expect(arrays[1].tensor.floats == latents.flatMap(\.z))
    #expect(arrays[1].tensor.shape == [3, Latent.count])

    // With pictures, they are those of the latents.
    let sheet = folder.path + "/sheet.png"
    try run(["--latents", path, "--count", "1", "--first", "7", "--out", sheet])
    #expect(try PNG.decode(read(sheet)) == latents[0].decide().avatar.picture(size: 64))
  }

  @Test(arguments: [
    ["--count", "3"], ["--out"], ["--out", "x", "--count", "0"], ["--out", "x", "--size", "8"],
    ["--out", "x", "--size", "big"], ["--out", "x", "--colour", "red"], ["x"],
    ["--out", "x.zip", "--count", "65535"], ["--out", "x.png", "--count", "100000"],
  ])
  func refusesWords(words: [String]) throws {
    let error = #expect(throws: ObverseError.self) { try run(words) }
    #expect(error?.exitCode == 64, "\(String(describing: error))")
  }

  @Test func saysWhatCannotBeWritten() throws {
    let error = #expect(throws: ObverseError.self) {
      try run(["--out", folder.path + "/no/such.zip"])
    }
    #expect(error?.exitCode == 73, "\(String(describing: error))")
    #expect(throws: ObverseError.self) { try run(["--out", "/dev/null/x"]) }
  }
}
