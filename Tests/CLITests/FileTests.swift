import Foundation
import Support
import Testing

/// `convert` and `inspect` on checkpoints that third-party code wrote.
struct FileTests {
  @Test(arguments: Fixture.all)
  func listsEveryTensorWithItsHash(fixture: Fixture) throws {
    for checkpoint in fixture.checkpoints where !checkpoint.hasSuffix(".safetensors") {
      let run = try WholeProgram(
        "inspect", fixture.path(checkpoint), "--tensors", "--sha256", "--json")
      #expect(run.code == 0, "\(run.errors)")
      let tensors = try #require(run.object()["tensors"] as? [[String: Any]])
      let found = Dictionary(
        tensors.map { ($0["name"] as? String ?? "", $0) }, uniquingKeysWith: { a, _ in a })
      #expect(found.count >= fixture.tensors.count)
      for tensor in fixture.tensors {
        let entry = try #require(found[tensor.name], "\(tensor.name)")
        #expect(entry["sha256"] as? String == tensor.sha256, "\(tensor.name)")
        #expect(entry["type"] as? String == tensor.type)
        #expect(entry["shape"] as? [Int] == tensor.shape)
      }
    }
  }

  @Test(arguments: Fixture.all)
  func showsTheSameNetworkBeforeAndAfterConversion(fixture: Fixture) throws {
    let model = try ModelFolder(fixture.name)
    let before = try WholeProgram("inspect", fixture.checkpoint).lines
    let after = try model.run(["inspect", "net.obv"]).lines
    for label in ["network", "latents", "params"] {
      let line = before.first { $0.hasPrefix(label) }
      #expect(line != nil)
      #expect(line == after.first { $0.hasPrefix(label) })
    }
    #expect(after.contains { $0.hasPrefix("drawing ") && $0.contains("with two, besides") })
  }

  @Test func listsThePathOnStandardOutputAndTheReportElsewhere() throws {
    let folder = try TemporaryFolder()
    let fixture = try Fixture.named("nd64-r0.9")
    let run = try WholeProgram("convert", fixture.checkpoint, folder: folder.path)
    #expect(run.code == 0)
    #expect(run.lines == ["network.obv"])
    let labels = run.errors.split(separator: "\n").map { $0.prefix(9) }
    #expect(
      labels == [
        "read     ", "found    ", "using    ", "mapped   ", "w_avg    ", "wrote    ", "next     ",
      ])
    let quiet = try WholeProgram("convert", fixture.checkpoint, "-q", folder: folder.path)
    #expect(quiet.errors.isEmpty)
  }

  @Test func writesEqualFilesEachTime() throws {
    let first = try ModelFolder("cagc64-odd")
    let second = try ModelFolder("cagc64-odd")
    #expect(try first.data("net.obv") == second.data("net.obv"))
  }

  @Test func writesNothingInADryRun() throws {
    let folder = try TemporaryFolder()
    let fixture = try Fixture.named("nd64-r0.9")
    let run = try WholeProgram(
      "convert", fixture.checkpoint, "--dry-run", "--list", folder: folder.path)
    #expect(run.code == 0)
    #expect(run.lines.first?.hasPrefix("read ") == true)
    #expect(run.lines.contains { $0.contains("G_ema.synthesis.b4.conv1.weight") })
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test func changesTheTypeOfAModel() throws {
    let model = try ModelFolder("nv64-skip")
    let run = try model.run(["convert", "net.obv", "-o", "half.obv", "--type", "f16", "--json"])
    #expect(run.code == 0, "\(run.errors)")
    #expect(try run.object()["schema"] as? String == "obverse.convert/1")
    #expect(run.lines[0].hasPrefix("{\"schema\":"))
    let (full, half) = (try model.data("net.obv").count, try model.data("half.obv").count)
    #expect(half < full * 6 / 10)
    #expect(
      try model.run(["inspect", "half.obv"]).lines.contains { $0.hasPrefix("weights   f16") })
  }

  @Test func findsChangedWeights() throws {
    let model = try ModelFolder("nv64-skip")
    #expect(try model.run(["inspect", "net.obv", "--sha256"]).code == 0)
    var bytes = try model.data("net.obv")
    bytes[bytes.count - 5] ^= 1
    try bytes.write(to: URL(filePath: model.folder.path + "/net.obv"))
    let run = try model.run(["inspect", "net.obv", "--sha256", "--json"])
    #expect(run.code == 65)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains("'net.obv': weights: their sha256 is "))
  }

  @Test func listsPicklesWithoutRunningThem() throws {
    let folder = try TemporaryFolder()
    // os.system("touch run") behind a plain name.
    let evil = try folder.write(
      Array("\u{2}cposix\nsystem\n(S'touch run'\ntR.".utf8), to: "evil.pkl")
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: evil)))
    bytes.insert(0x80, at: 0)
    try folder.write(bytes, to: "evil.pkl")
    let run = try WholeProgram("inspect", "evil.pkl", "--pickle", folder: folder.path)
    #expect(run.code == 0, "\(run.errors)")
    #expect(run.lines.contains { $0.contains("GLOBAL 'posix' 'system'") })
    let convert = try WholeProgram("convert", "evil.pkl", folder: folder.path)
    #expect(convert.code == 65)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["evil.pkl"])
  }
}
