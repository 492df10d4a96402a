import Checkpoint
import Core
import Foundation
import Testing

import Networks
import Torch

@testable import Training

/// The built program, run as users run it.
struct WholeProgram {
  let code: Int32
  let output: String
  let errors: String

  /// It lies beside the tests.
  private static let path = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "obverse-train").path(percentEncoded: false)

  /// Runs to the end, on one thread where it computes something.
  ///
  /// `limit` is the longest file that it can write, in bytes, a multiple of 512: what goes beyond is
  /// refused as a full disk refuses it.
  init(_ words: [String], limit: Int? = nil, computes: Bool = true) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    // POSIX counts blocks of 512 bytes; the signal would end the program before the error could.
    let prefix = limit.map { "trap '' XFSZ; ulimit -f \($0 / 512) || exit 99; " } ?? ""
    process.arguments =
      ["-c", prefix + "exec \"$0\" \"$@\"", Self.path] + words
      + (computes ? ["--threads", "1", "--device", "cpu"] : [])
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    // Neither says more than a pipe holds.
    process.waitUntilExit()
    code = process.terminationStatus
    self.output = String(
      decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    self.errors = String(
      decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
  }

  /// Lines that begin as an error does.
  var sentences: [String] {
    errors.split(separator: "\n").map(String.init).filter { $0.contains("error: ") }
  }
}

@Suite(.serialized)
struct ProgramTests {
  let folder: TemporaryFolder
  let data: String
  let run: String
  let state: String

  /// A folder with pictures, and a run of two steps.
  init() throws {
    Torch.threads = 1
    folder = try TemporaryFolder()
    data = try RunTests.pictures(in: folder)
    run = folder.path + "/run"
    state = run + "/state.safetensors"
    let started = try Run.start(
      RunTests.settings(data), in: run, device: .cpu, report: { _ in })
    var steps = 0
    _ = try started.train {
      steps += 1
      return steps == 2
    }
  }

  /// Names and bytes of all files below a folder.
  func files(_ folder: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      files[name] = try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
    }
    return files
  }

  /// A disk that is full for the largest, the larger and all files: state and snapshots stay as they
  /// were, nothing is left beside them, and the run goes on once there is room.
  @Test func aRunSurvivesAFullDisk() throws {
    let before = try files(run)
    let (stateBytes, snapshotBytes) = (
      try #require(before["state.safetensors"]).count,
      try #require(before["snapshot-000000.safetensors"]).count
    )
    #expect(snapshotBytes > 4096 && stateBytes > 2 * snapshotBytes)
    let limits = [stateBytes / 512 * 512, snapshotBytes / 512 * 512, 512, 0]
    for (limit, path) in zip(
      limits, ["state.safetensors", "snapshot-000000.safetensors", "log.jsonl", "origin.jsonl"])
    {
      let copy = "\(folder.path)/limit-\(limit)"
      try FileManager.default.copyItem(atPath: run, toPath: copy)
      let full = try WholeProgram(["teacher", "--resume", copy], limit: limit)
      #expect(full.code == 74, "\(limit)")
      #expect(
        full.sentences == ["obverse-train: error: '\(copy)/\(path)': file too large"], "\(limit)")
      let after = try files(copy)
      #expect(after["state.safetensors"] == before["state.safetensors"], "\(limit)")
      #expect(Set(after.keys).isSubset(of: Set(before.keys).union(["origin.jsonl"])), "\(limit)")
      for (name, _) in after where name.hasSuffix(".safetensors") {
        _ = try CheckpointFile.open("\(copy)/\(name)")
      }
      let again = try WholeProgram(["teacher", "--resume", copy])
      #expect(again.code == 0, "\(limit): \(again.errors)")
      let state = try CheckpointFile.open("\(copy)/state.safetensors")
      #expect(state.attributes["__metadata__.step"] == .text("8"), "\(limit)")
    }
  }

  /// Every other command that writes a file: one sentence, the old file stays, nothing beside it.
  @Test func outputsSurviveAFullDisk() throws {
    let (out, judge) = (folder.path + "/out", folder.path + "/judge.safetensors")
    let pictures = ["--data", data, "--size", "16"]
    let quick = ["judge"] + pictures + ["--steps", "1", "--batch", "4", "--out"]
    #expect(try WholeProgram(quick + [judge]).code == 0)
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    let file = out + "/file"
    try Data("the old one".utf8).write(to: URL(filePath: file))
    let commands: [[String]] = [
      ["prune", "--teacher", run, "--ratio", "0.5", "--score", "random", "--out", file],
      quick + [file],
      ["evaluate", "--model", run, "--count", "4", "--judge", judge, "--out", file] + pictures,
    ]
    for words in commands {
      let full = try WholeProgram(
        words + ["--json"].filter { _ in words[0] != "evaluate" }, limit: 512)
      #expect(full.code == 74, "\(words[0]): \(full.errors)")
      #expect(full.sentences == ["obverse-train: error: '\(file)': file too large"], "\(words[0])")
      #expect(full.output == "", "\(words[0])")
      #expect(try files(out) == ["file": Data("the old one".utf8)], "\(words[0])")
    }
  }

  /// A light state that does not fit leaves none of its parts, and the one before stays.
  @Test func lightStatesSurviveAFullDisk() throws {
    let parts = folder.path + "/parts"
    try FileManager.default.createDirectory(atPath: parts, withIntermediateDirectories: true)
    let entries: [Registry.Entry] = [("a", .zeros([500])), ("b", .zeros([9000]))]
    try LightState.save(entries, metadata: [:], images: 1, in: parts, mostBytes: 2000)
    let before = try files(parts)
    #expect(before.count == 2)
    let refused = try Self.withFileLimit(4096) {
      #expect(throws: ObverseError.self) {
        try LightState.save(entries, metadata: [:], images: 2, in: parts, mostBytes: 2000)
      }
    }
    #expect(refused?.exitCode == 74)
    #expect(try files(parts) == before)
  }

  @Test func momentsSurviveAFullDisk() throws {
    let path = folder.path + "/moments.safetensors"
    try Data("the old one".utf8).write(to: URL(filePath: path))
    let generator = try GeneratorFile(state).generator()
    let eye = SmallEye(.normal([7, 3, 3, 3]))
    var settings = MomentMaker.Settings()
    (settings.count, settings.batch) = (2, 2)
    let refused = try Self.withFileLimit(256) {
      #expect(throws: ObverseError.self) {
        try MomentMaker.write(generator, [eye], settings, to: path)
      }
    }
    #expect(refused == .inputOutput(path: path, why: "file too large"))
    #expect(try Data(contentsOf: URL(filePath: path)) == Data("the old one".utf8))
  }

  /// Limits this process's own files for a while.
  static func withFileLimit<R>(_ bytes: UInt, _ body: () throws -> R) throws -> R {
    var old = rlimit()
    #expect(getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old) == 0)
    let handler = signal(SIGXFSZ, SIG_IGN)
    var new = rlimit(rlim_cur: rlim_t(bytes), rlim_max: old.rlim_max)
    #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &new) == 0)
    defer {
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old)
      signal(SIGXFSZ, handler)
    }
    return try body()
  }

  /// What cannot be written is said before the work, and what is no file stays what it is.
  @Test func badOutputsAreRefusedFirst() throws {
    // In place of a device, which a broken program would replace for the whole machine.
    let pipe = folder.path + "/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    let pictures = ["--data", data, "--size", "16"]
    for (path, why) in [
      ("/proc/nowhere/file", "no such file or directory"),
      (pipe, "it is no regular file"), (data, "it is a directory"),
    ] {
      for words in [
        ["prune", "--teacher", run, "--ratio", "0.5"], ["judge"] + pictures,
        ["evaluate", "--model", run] + pictures,
        ["moments", "--teacher", run, "--efficientnet", state],
      ] {
        let refused = try WholeProgram(words + ["--out", path])
        #expect(refused.code == 73, "\(words[0]) \(path)")
        #expect(refused.sentences == ["obverse-train: error: cannot create '\(path)': \(why)"])
      }
    }
    var status = stat()
    #expect(stat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
  }

  /// Options of a file, of which the last word counts; a run that begins, goes on longer, and keeps
  /// its settings.
  @Test func aRunGoesOnByTheWordsThatBeganIt() throws {
    let pictures = folder.path + "/my pictures"
    try FileManager.default.copyItem(atPath: data, toPath: pictures)
    let (file, grown) = (folder.path + "/small.options", folder.path + "/grown")
    try Data(
      """
      # A small one.
      --data \(pictures)
      --size\t16
        --batch 4
      --kimg 0.004
      --base 64
      --widest 8
      --z-dim 8
      --w-dim 8
      --mapping-layers 1

      """.utf8
    ).write(to: URL(filePath: file))
    let words = ["teacher", "--go-on", "@" + file, "--out", grown]
    #expect(try WholeProgram(words).code == 0)
    let first = try files(grown)
    #expect(try Run.settings(in: grown).data == pictures)
    #expect(try Run.settings(in: grown).widest == 8)

    let longer = try WholeProgram(words + ["--kimg", "0.012"])
    #expect(longer.code == 0 && longer.errors.contains("resumed at 0.004 of 0.012 kimg"))
    #expect(try files(grown)["settings.json"] == first["settings.json"])
    let log = try String(contentsOfFile: grown + "/log.jsonl", encoding: .utf8)
    #expect(log.contains("\"images\":12"))

    let other = try WholeProgram(words + ["--rate", "0.1", "--widest=4"])
    #expect(other.code == 64)
    #expect(
      other.sentences == [
        "obverse-train: error: the run in '\(grown)' has other settings than these words make:"
          + " widest, rate"
      ])
    #expect(other.errors.contains("hint: --resume \(grown) goes on with its own"))
  }

  @Test func namesTheLineThatIsNoOption() throws {
    let file = folder.path + "/bad.options"
    try Data("--size 16\n\ndata pictures\n".utf8).write(to: URL(filePath: file))
    let refused = try WholeProgram(["teacher", "@" + file])
    #expect(refused.code == 64)
    #expect(
      refused.sentences == [
        "obverse-train: error: line 3 of '\(file)' begins with no option: 'data pictures'"
      ])
    let missing = try WholeProgram(["teacher", "@\(folder.path)/none"])
    #expect(missing.code == 66)
  }

  /// Every command's helps in 80 columns, the short one in 25 lines; hints for words mistyped.
  @Test func explainsItself() throws {
    let overview = try WholeProgram(["--help"], computes: false).output
    let commands = overview.split(separator: "\n").drop { $0 != "COMMANDS" }.dropFirst()
      .prefix { $0.hasPrefix("  ") }.compactMap { $0.split(separator: " ").first.map(String.init) }
    #expect(commands.count == 14)
    #expect(overview.split(separator: "\n").allSatisfy { $0.count <= 80 })
    for command in commands {
      let short = try WholeProgram([command, "--help"], computes: false).output.split(
        separator: "\n", omittingEmptySubsequences: false)
      #expect(short.count - 1 <= 25, "\(command)")
      let full = try WholeProgram([command, "--help-all"], computes: false).output.split(
        separator: "\n")
      #expect((short + full).allSatisfy { $0.count <= 80 }, "\(command)")
    }
    let mistyped = try WholeProgram(["distil", "--studnet", "x"], computes: false)
    #expect(mistyped.code == 64)
    #expect(mistyped.errors.hasSuffix("hint: did you mean '--student'?\n"))
    for method in ["nickel-dime", "plain", "cagc", "stylekd", "itgc", "gcc", "gs"] {
      #expect(try WholeProgram(["distil", "--help"], computes: false).output.contains(method))
    }
    let page = try WholeProgram(["help", "distil", "--man"], computes: false).output
    #expect(page.hasPrefix(#".TH OBVERSE\-TRAIN\-DISTIL 1 "#))
  }

  /// One object on standard output and talk on the other, for scripts.
  @Test func pruneAndJudgeAnswerInJSON() throws {
    let file = folder.path + "/\"pruned\".safetensors"
    let pruned = try WholeProgram(
      [
        "prune", "--teacher", run, "--ratio", "0.5", "--score", "random", "--seed", "3", "--out",
        file, "--json",
      ])
    #expect(pruned.code == 0 && pruned.errors.contains("wrote"))
    #expect(pruned.output.hasPrefix("{\"schema\":\"obverse-train.prune/1\",\"path\":"))
    #expect(pruned.output.hasSuffix("}\n") && pruned.output.filter { $0 == "\n" }.count == 1)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(pruned.output.utf8)) as? [String: Any])
    #expect(object["path"] as? String == file)
    #expect(object["sha256"] as? String == (try Bytes(mapping: file).withSpan { SHA256.hex($0) }))
    #expect(object["ratio"] as? Double == 0.5 && object["seed"] as? Int == 3)
    let teacher = try GeneratorFile(run).generator()
    let student = try GeneratorFile(file).generator()
    #expect(object["teacher_fingerprint"] as? String == teacher.fingerprint)
    #expect(object["widths"] as? [Int] == student.shape.widths)
    let counts: [(String, GeneratorShape)] = [("", student.shape), ("teacher_", teacher.shape)]
    for (prefix, shape) in counts {
      #expect(object[prefix + "parameters"] as? Int == shape.network.parameters)
      #expect(object[prefix + "macs_in"] as? Int == shape.network.macs(.input))
      #expect(object[prefix + "macs_fit"] as? Int == shape.network.macs(.fit))
    }

    let judge = folder.path + "/judge.safetensors"
    let words = ["judge", "--data", data, "--size", "16", "--batch", "4", "--steps", "2"]
    let trained = try WholeProgram(words + ["--out", judge, "--json", "--quiet"])
    #expect(trained.code == 0 && trained.errors == "")
    #expect(trained.output.hasPrefix("{\"schema\":\"obverse-train.judge/1\",\"path\":"))
    let facts = try #require(
      try JSONSerialization.jsonObject(with: Data(trained.output.utf8)) as? [String: Any])
    #expect(facts["sha256"] as? String == (try Bytes(mapping: judge).withSpan { SHA256.hex($0) }))
    for (key, value) in ["images": 12, "size": 16, "steps": 2, "batch": 4, "seed": 0] {
      #expect(facts[key] as? Int == value, "\(key)")
    }
    #expect((facts["loss"] as? Double).map { $0 > 0 && $0 < 10 } == true)
  }
}
