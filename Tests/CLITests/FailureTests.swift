import Foundation
import Support
import Testing

/// Inputs that cannot be read and outputs that cannot be written: the sentence, the exit code, and
/// nothing half-written.
struct FailureTests {
  struct Case: Sendable, CustomStringConvertible {
    let input: String
    let code: Int32
    let part: String
    var description: String { input }
  }

  static let inputs = [
    Case(input: "missing.pkl", code: 66, part: "'missing.pkl': no such file"),
    Case(input: "empty.pkl", code: 65, part: "'empty.pkl': the file is empty"),
    Case(input: "text.pkl", code: 65, part: "'text.pkl': not a checkpoint: it is a text file"),
    Case(input: "picture.png", code: 65, part: "it is a PNG image"),
    Case(input: "cut.pkl", code: 65, part: "'cut.pkl': "),
    Case(input: "/dev/zero", code: 66, part: "cannot read '/dev/zero': it is not a regular file"),
  ]

  @Test(arguments: inputs, ["convert", "inspect"])
  func saysWhatIsWrongWithAnInput(input: Case, command: String) throws {
    let folder = try TemporaryFolder()
    try folder.write([], to: "empty.pkl")
    try folder.write(Array("hello, world\n".utf8), to: "text.pkl")
    try folder.write([0x89] + Array("PNG\r\n\u{1a}\n".utf8), to: "picture.png")
    let whole = try Data(contentsOf: URL(filePath: Fixture.named("nd64-r0.9").checkpoint))
    try folder.write([UInt8](whole.prefix(whole.count / 2)), to: "cut.pkl")
    let before = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    let run = try WholeProgram(command, input.input, folder: folder.path)
    #expect(run.code == input.code)
    #expect(run.errors.hasPrefix("obverse: error: "))
    #expect(run.errors.contains(input.part), "\(run.errors)")
    #expect(run.output.isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == before)
  }

  @Test func refusesOtherFilesAsModels() throws {
    let fixture = try Fixture.named("nd64-r0.9")
    let run = try WholeProgram("generate", "-m", fixture.checkpoint, "--seeds", "0")
    #expect(run.code == 65)
    #expect(run.errors.contains("this is a PyTorch/NVlabs pickle, not an .obv file"))
    #expect(run.errors.contains("hint: obverse convert \(fixture.checkpoint) -o face.obv"))
    let folder = try TemporaryFolder()
    let directory = try WholeProgram("generate", "-m", folder.path, "--seeds", "0")
    #expect(directory.code == 65)
    #expect(directory.errors.contains("it is a folder, and a model is one file"))
    #expect(directory.errors.contains("hint: obverse convert \(folder.path) -o face.obv"))
  }

  @Test func saysWhereItCannotWrite() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try model.generate("--seeds", "0", "--outdir", "/proc/nowhere/out")
    #expect(run.code == 73)
    #expect(run.errors.contains("cannot create '/proc/nowhere'"))
    let convert = try model.run(["convert", "net.obv", "-o", "/proc/nowhere/a.obv"])
    #expect(convert.code == 73)
  }

  @Test func saysThatADiskIsFull() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try model.generate("--seeds", "0", "-o", "/dev/full")
    #expect(run.code == 74)
    #expect(run.errors == "obverse: error: '/dev/full': no space left on device\n")
    let convert = try model.run(["convert", "net.obv", "-o", "/dev/full"])
    #expect(convert.code == 74)
  }

  @Test func keepsDevices() throws {
    let model = try ModelFolder("nd64-r0.9")
    #expect(try model.generate("--seeds", "0", "-o", "/dev/null").code == 0)
    var status = stat()
    #expect(stat("/dev/null", &status) == 0)
    #expect(status.st_mode & S_IFMT == S_IFCHR)
  }

  @Test func endsQuietlyWhenTheReaderGoes() throws {
    let model = try ModelFolder("nd64-r0.9")
    let process = WholeProgram.process(
      ["generate", "-m", "net.obv", "--seeds", "0-9999", "--format", "rgb", "-o", "-"],
      folder: model.folder.path)
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    _ = try output.fileHandleForReading.read(upToCount: 100)
    try output.fileHandleForReading.close()
    process.waitUntilExit()
    #expect(process.terminationStatus == 141)
    #expect(try errors.fileHandleForReading.readToEnd() ?? Data() == Data())
  }

  /// The kernel sends SIGBUS where a mapped file has lost the page that is read.
  @Test func saysThatAFileBecameShorter() throws {
    let model = try ModelFolder("nd64-r0.9")
    let process = WholeProgram.process(
      ["generate", "-m", "net.obv", "--seeds", "-", "--format", "rgb", "-o", "-", "-q"],
      folder: model.folder.path)
    let (input, output, errors) = (Pipe(), Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: Data("1\n".utf8))
    _ = try output.fileHandleForReading.read(upToCount: 100)
    kill(process.processIdentifier, SIGBUS)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 66)
    #expect(
      String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        == "obverse: error: a file became shorter while it was read\n")
  }

  /// Weights that are no numbers give a black picture, and a word about it.
  @Test(arguments: ["f32", "f16"])
  func warnsOfWeightsThatAreNoNumbers(type: String) throws {
    let model = try ModelFolder("nd64-r0.9")
    #expect(try model.run(["convert", "net.obv", "--type", type, "-o", "bad.obv", "-q"]).code == 0)
    #expect(try !model.run(["inspect", "bad.obv"]).errors.contains("finite"))
    let path = model.folder.path + "/bad.obv"
    var bytes = try Data(contentsOf: URL(filePath: path))
    // The bias of the last layer, which makes the picture's three channels, comes last, as floats. All
    // bits set are NaN.
    bytes.replaceSubrange((bytes.count - 12)..., with: [UInt8](repeating: 0xff, count: 12))
    try bytes.write(to: URL(filePath: path))
    #expect(try model.run(["inspect", "bad.obv"]).errors.contains("that are not finite"))
    #expect(
      try model.run(["compare", "net.obv", "bad.obv", "--seeds", "0"]).errors
        .contains("'bad.obv': tensor "))
    let run = try model.run(["generate", "-m", "bad.obv", "--seeds", "0-1"])
    #expect(run.code == 0)
    #expect(run.errors.components(separatedBy: "one colour alone").count == 2, "\(run.errors)")
  }

  @Test func stopsOnControlC() throws {
    let model = try ModelFolder("nd64-r0.9")
    let process = WholeProgram.process(
      ["generate", "-m", "net.obv", "--seeds", "0-999999"], folder: model.folder.path)
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    _ = try output.fileHandleForReading.read(upToCount: 20)
    process.interrupt()
    let rest = try output.fileHandleForReading.readToEnd()
    process.waitUntilExit()
    #expect(rest != nil)
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 130)
    let said = String(
      decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    #expect(said.contains(" of 1000000 images were finished\nobverse: error: interrupted\n"))
    #expect(try model.files().allSatisfy { $0.hasPrefix("seed") && $0.hasSuffix(".png") })
  }
}
