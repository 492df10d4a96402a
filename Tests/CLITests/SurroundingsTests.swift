import CLI
import Core
import Foundation
import Support
import Testing

/// What the program makes of the descriptors, signals, limits and names it is started with.
struct SurroundingsTests {
  /// Runs a line of bash in the model's folder, in which `$0` is the program.
  private func bash(_ line: String, in model: ModelFolder) throws -> Tool {
    try Tool.run("bash", ["-c", line, WholeProgram.path], folder: model.folder.path)
  }

  @Test func keepsTalkOutOfPicturesWhereStandardErrorIsClosed() throws {
    let model = try ModelFolder("nd64-r0.9")
    let words = "walk -m net.obv --seeds 0-1 --w-frames 3 --progress json"
    let run = try bash("\"$0\" \(words) -o a.y4m && \"$0\" \(words) -o b.y4m 2>&-", in: model)
    #expect(run.code == 0, "\(run.errors)")
    #expect(try model.data("a.y4m") == model.data("b.y4m"))
    let none = try bash("\"$0\" \(words) -o c.y4m <&- >&- 2>&-", in: model)
    #expect(none.code == 74, "the path cannot be listed")
    #expect(try model.data("a.y4m") == model.data("c.y4m"))
  }

  @Test func saysThatStandardOutputIsClosed() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try bash("\"$0\" info >&-", in: model)
    #expect(run.code == 74)
    #expect(run.errors == "obverse: error: 'standard output': bad file descriptor\n")
  }

  // The request arrives while the second seed is waited for, so no clock decides what is there.
  @Test(arguments: [SIGHUP, SIGTERM])
  func leavesNoHalfFileWhenItIsToldToEnd(signal: Int32) throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try Conversation(model, ["-o", "faces.rgb"])
    run.ask("1\n")
    #expect(run.answer.hasPrefix(#"{"event":"progress","done":1"#))
    kill(run.process.processIdentifier, signal)
    run.process.waitUntilExit()
    #expect(run.process.terminationReason == .exit && run.process.terminationStatus == 130)
    #expect(try model.files(".") == ["net.obv"])
  }

  @Test func livesOnWithoutItsTerminalUnderNohup() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try Conversation(model, ["-o", "faces.rgb"], under: ["env", "--ignore-signal=HUP"])
    run.ask("1\n")
    _ = run.answer
    kill(run.process.processIdentifier, SIGHUP)
    run.ask("2\n")
    #expect(run.answer.hasPrefix(#"{"event":"progress","done":2"#))
    run.end()
    #expect(run.process.terminationStatus == 0)
    #expect(try model.data("faces.rgb").count == 2 * 64 * 64 * 3)
  }

  @Test func saysThatAFileMayNotBeSoLarge() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try bash(
      "ulimit -f 2; \"$0\" generate -m net.obv --seeds 0-9 -o faces.rgb", in: model)
    #expect(run.code == 74)
    #expect(run.errors == "obverse: error: 'faces.rgb': file too large\n")
    #expect(try model.files(".") == ["net.obv"])
  }

  // Latin-1, as old archives have it.
  @Test func opensAndWritesNamesThatAreNoUTF8() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try bash(
      #"""
      mv net.obv $'n\xe9t.obv'
      "$0" generate -m $'n\xe9t.obv' --seeds 7 --outdir $'\xff' -o $'f\xe9e-%d.png' > list
      "$0" inspect $'n\xe9t.obv' > /dev/null
      "$0" convert $'n\xe9t.obv' -o $'\xe8.obv' -q >> list
      xargs -d '\n' ls < list && cat list
      """#, in: model)
    #expect(run.code == 0, "\(run.errors)")
    let list = [0x66, 0xE9] + Array("e-7.png\n".utf8) + [0xE8] + Array(".obv\n".utf8)
    #expect(try model.data("list") == Data(list))
    let missing = try bash(#""$0" generate -m $'\xe9' --seeds 0 --outdir a"#, in: model)
    #expect(missing.errors.hasPrefix(#"obverse: error: '\xE9': no such file"#))
    let json = try bash(
      #""$0" generate -m $'n\xe9t.obv' --seeds 7 -o $'\xff.png' --json"#, in: model)
    #expect(json.output.contains(#""path":"\\xFF.png""#))
  }

  /// Whether a folder can be laid over another for one process, which takes some rights.
  private static let canHide = (try? Tool.run("unshare", ["-m", "true"]).code) == 0

  @Test(.enabled(if: canHide, "unshare -m is not permitted"))
  func hearsItsWordsWithoutProc() throws {
    let run = try Tool.run(
      "unshare",
      ["-m", "sh", "-c", "mount -t tmpfs none /proc && exec \"$0\" nonsense", WholeProgram.path])
    #expect(run.code == 64)
    #expect(run.errors.hasPrefix("obverse: error: unknown command 'nonsense'\n"))
  }

  // As a shell finds it, by PATH: its name alone does not say where it is.
  @Test(.enabled(if: canHide, "unshare -m is not permitted"))
  func knowsItsFolderWithoutProc() throws {
    let script = "PATH=$(dirname \"$0\"):$PATH && exec \"$(basename \"$0\")\" info --json"
    let wanted = try Tool.run("sh", ["-c", script, WholeProgram.path])
    let run = try Tool.run(
      "unshare", ["-m", "sh", "-c", "mount -t tmpfs none /proc && " + script, WholeProgram.path])
    #expect(run.code == 0, "\(run.errors)")
    let list = #/"model_folders":\[[^\]]+\]/#
    let folders = [wanted, run].map { $0.output.firstMatch(of: list)?.output }
    #expect(folders[0] == folders[1] && folders[0] != nil)
  }

  @Test func findsTheDefaultModelOfItsClone() throws {
    let clone = try TemporaryFolder()
    for folder in ["Models", ".build/x86_64-unknown-linux-gnu/release"] {
      try Path.makeFolder("\(clone.path)/\(folder)")
    }
    let model = try clone.write([1], to: "Models/faces.obv")
    let environment = Environment(
      [:], binaryFolder: "\(clone.path)/.build/x86_64-unknown-linux-gnu/release")
    #expect(try environment.modelPath(nil) == model)
    #expect(try environment.modelPath("faces") == model)
    // Who has no faces draws avatars; who names faces is told that there are none.
    let free = try clone.write([1], to: "Models/avatars.obv")
    #expect(try environment.modelPath(nil) == model)
    try FileManager.default.removeItem(atPath: model)
    #expect(try environment.modelPath(nil) == free)
    #expect(throws: ObverseError.self) { try environment.modelPath("faces") }
    let installed = Environment([:], binaryFolder: "/usr/bin")
    #expect(installed.modelFolders == ["/usr/share/obverse"])
  }

  // What lies in the working folder is a model only for those who name it.
  @Test func takesNoDefaultModelFromTheWorkingFolder() throws {
    let folder = try TemporaryFolder()
    try Path.makeFolder(folder.path + "/Models")
    for name in ["faces", "faces.obv", "Models/faces.obv"] {
      try folder.write([1], to: name)
    }
    let info = try WholeProgram("info", "--json", folder: folder.path).object()
    let folders = try #require(info["model_folders"] as? [String])
    #expect(!folders.isEmpty && folders.allSatisfy { $0.hasPrefix("/") })
    #expect((info["model_path"] as? String)?.hasPrefix("/") != false)
    let named = try WholeProgram("inspect", "faces", folder: folder.path)
    #expect(named.code == 65, "somebody named it")
  }
}

/// A run of `generate --seeds -` that is asked seed after seed.
private struct Conversation {
  let process: Process
  private let input = Pipe()
  private let errors = Pipe()

  init(_ model: ModelFolder, _ words: [String], under: [String] = []) throws {
    let command = ["generate", "-m", "net.obv", "--seeds", "-", "--progress", "json"] + words
    process = WholeProgram.process(command, folder: model.folder.path)
    if !under.isEmpty {
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = Array(under.dropFirst()) + [WholeProgram.path] + command
    }
    process.standardInput = input
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    try process.run()
  }

  func ask(_ line: String) { input.fileHandleForWriting.write(Data(line.utf8)) }

  /// The next line on standard error, waited for.
  var answer: String {
    var line = Data()
    while let byte = try? errors.fileHandleForReading.read(upToCount: 1), !byte.isEmpty,
      byte != Data([10])
    {
      line += byte
    }
    return String(decoding: line, as: UTF8.self)
  }

  /// Closes the input and waits for the end.
  func end() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }
}
