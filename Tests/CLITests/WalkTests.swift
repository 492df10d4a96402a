import CLI
import Checkpoint
import Core
import Foundation
import ImageFile
import Support
import Testing

/// `walk` as frames and as streams.
struct WalkTests {
  private func walk(_ model: ModelFolder, _ words: String...) throws -> WholeProgram {
    try model.run(["walk", "-m", "net.obv", "--w-frames", "3"] + words)
  }

  @Test func passesThroughItsSeeds() throws {
    let model = try ModelFolder("nv64-skip")
    let run = try walk(model, "--seeds", "4,1,8", "--trunc", "0.6")
    #expect(run.code == 0, "\(run.errors)")
    #expect(run.lines == (0..<9).map { "out/frame000\($0).png" })
    _ = try model.generate("--seeds", "4,1,8", "--trunc", "0.6")
    for (frame, seed) in [(0, 4), (3, 1), (6, 8)] {
      #expect(
        try PNG.decode(Bytes([UInt8](model.data("out/frame000\(frame).png"))))
          == PNG.decode(Bytes([UInt8](model.data("out/seed000\(seed).png")))))
    }
    let raw = try walk(
      model, "--seeds", "4,1,8", "--trunc", "0.6", "--no-loop", "-o", "-", "--format", "rgb")
    #expect(raw.output.count == 7 * 64 * 64 * 3)
    let last = try PNG.decode(Bytes([UInt8](model.data("out/seed0008.png"))))
    #expect([UInt8](raw.output.suffix(64 * 64 * 3)) == last.bytes)
    let again = try walk(model, "--seeds", "4,1,8", "--trunc", "0.6", "--no-clobber")
    #expect(again.lines.isEmpty)
    #expect(again.errors.contains("9 files kept as they were"))
  }

  @Test func sharesSeedsOutAmongCells() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try walk(
      model, "--seeds", "0-5", "--grid", "3x1", "-o", "f%d.png", "--interp", "linear")
    #expect(run.lines.count == 6)
    _ = try model.generate("--seeds", "0,2,4,1,3,5", "--grid", "3x2")
    let first = try PNG.decode(Bytes([UInt8](model.data("f0.png"))))
    let fourth = try PNG.decode(Bytes([UInt8](model.data("f3.png"))))
    let sheet = try PNG.decode(Bytes([UInt8](model.data("out/grid.png"))))
    #expect(first.bytes + fourth.bytes == sheet.bytes)
    let json = try walk(
      model, "--seeds", "0-3", "--grid", "3x1", "--num-keyframes", "2", "-o", "w.rgb", "--json")
    let object = try json.object()
    #expect(object["schema"] as? String == "obverse.walk/1")
    #expect(object["frames"] as? Int == 6 && object["width"] as? Int == 192)
    let wrong = try walk(model, "--seeds", "0-3", "--grid", "3x1")
    #expect(wrong.code == 64)
    #expect(
      wrong.errors
        == "obverse: error: 4 seeds cannot be shared out among the 3 cells of --grid 3x1\n"
        + "hint: add --num-keyframes N\n")
  }

  @Test(.enabled(if: Tool.exists("ffmpeg"), "ffmpeg is not installed"))
  func streamsWhatFFmpegReads() throws {
    let model = try ModelFolder("nv64-skip")
    let words = ["--seeds", "4,1", "--trunc", "0.6", "--grid", "2x1", "--fps", "25"]
    let stream = try model.run(["walk", "-m", "net.obv"] + words + ["-o", "walk.y4m"])
    #expect(stream.lines == ["walk.y4m"], "\(stream.errors)")
    #expect(
      try model.data("walk.y4m").starts(
        with: "YUV4MPEG2 W128 H64 F25:1 Ip A1:1 C444 XCOLORRANGE=LIMITED\nFRAME\n".utf8))
    let back = try Tool.run(
      "ffmpeg",
      ["-v", "error", "-i", "walk.y4m", "-f", "rawvideo", "-pix_fmt", "rgb24", "back.rgb"],
      folder: model.folder.path)
    #expect(back.code == 0 && back.errors.isEmpty, "\(back.errors)")
    _ = try model.run(["walk", "-m", "net.obv"] + words + ["-o", "walk.rgb"])
    let (found, wanted) = (try model.data("back.rgb"), try model.data("walk.rgb"))
    #expect(found.count == 120 * 128 * 64 * 3)
    #expect(found.count == wanted.count)
    let difference = Difference([UInt8](found), [UInt8](wanted))
    #expect(difference.largest <= 3)
    #expect(difference.mean <= 1)
  }

  // Nobody draws a million frames a second, and the first is never late; the pace itself is for
  // `PaceTests`.
  @Test func saysHowManyFramesCameTooLate() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try walk(
      model, "--seeds", "0-3", "--realtime", "--fps", "1000000", "-o", "w.rgb", "--json")
    let object = try run.object()
    let (written, dropped) = (object["written"] as? Int ?? 0, object["dropped"] as? Int ?? 0)
    #expect(written >= 1 && dropped >= 1 && written + dropped == 12)
    #expect(try model.data("w.rgb").count == written * 64 * 64 * 3)
    #expect(run.errors.contains("\(dropped) of 12 frames came too late and were dropped\n"))
  }

  @Test func walksThroughProjectedLatents() throws {
    let model = try ModelFolder("nv64-skip")
    _ = try model.generate("--seeds", "4,1", "--trunc", "0.6", "--save-w", "--outdir", "ws")
    // Both ws in one file, one behind the other, as projectors of several images leave them.
    let (first, second) = (
      try NumPyFile(model.data("ws/seed0004.npz")), try NumPyFile(model.data("ws/seed0001.npz"))
    )
    try model.folder.write(first.joined(second), to: "w.npy")
    let run = try walk(model, "--projected-w", "w.npy", "--trunc", "0.2", "--json")
    #expect(run.code == 0, "\(run.errors)")
    let object = try run.object()
    #expect(object["frames"] as? Int == 6 && object["projected_ws"] as? [Int] == [0, 1])
    #expect(object["trunc"] == nil, "no truncation is applied")
    for (frame, seed) in [(0, 4), (3, 1)] {
      #expect(
        try PNG.decode(Bytes([UInt8](model.data("out/frame000\(frame).png"))))
          == PNG.decode(Bytes([UInt8](model.data("ws/seed000\(seed).png")))))
    }
    // Between key frames every layer has a w of its own, here halfway on a straight line.
    let linear = try walk(
      model, "--projected-w", "w.npy", "--interp", "linear", "--w-frames", "2", "-o", "l%d.png")
    #expect(linear.code == 0)
    try model.folder.write(first.joined(second, halfway: true), to: "half.npy")
    _ = try model.generate("--projected-w", "half.npy")
    #expect(
      try PNG.decode(Bytes([UInt8](model.data("l1.png"))))
        == PNG.decode(Bytes([UInt8](model.data("out/proj00.png")))))
    let shared = try walk(model, "--projected-w", "w.npy", "--grid", "3x1")
    #expect(shared.code == 64)
    #expect(shared.errors.contains("2 projected w cannot be shared out among the 3 cells"))
  }

  @Test func shufflesKeyFramesAsNVlabsDoes() throws {
    let model = try ModelFolder("nd64-r0.9")
    let words = ["--w-frames", "1", "--interp", "linear"]
    let shuffled = try walk(
      model, "--seeds", "10-19", "--shuffle-seed", "5", "-o", "a.rgb", "--w-frames", "1")
    #expect(shuffled.code == 0, "\(shuffled.errors)")
    // RandomState(5).shuffle of ten.
    let plain = try model.run(
      ["walk", "-m", "net.obv", "--seeds", "19,15,12,14,17,11,10,18,16,13", "-o", "b.rgb"] + words)
    #expect(plain.code == 0)
    #expect(try model.data("a.rgb") == model.data("b.rgb"))
  }

  @Test func tellsTelevisionsRates() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try walk(model, "--seeds", "0", "--fps", "23.976", "-o", "w.y4m")
    #expect(run.code == 0, "\(run.errors)")
    #expect(try model.data("w.y4m").starts(with: "YUV4MPEG2 W64 H64 F24000:1001 ".utf8))
  }

  // A pipe must never be replaced by a file, and its reader gets all of it.
  @Test func streamsIntoANamedPipe() throws {
    let model = try ModelFolder("nd64-r0.9")
    let script = """
      mkfifo pipe
      "$0" walk -m net.obv --seeds 0-1 --w-frames 6 --format rgb -o pipe -q &
      { head -c 12288 > first; cat > rest; } < pipe
      wait $!
      test -p pipe
      """
    let run = try Tool.run("bash", ["-ec", script, WholeProgram.path], folder: model.folder.path)
    #expect(run.code == 0, "\(run.errors)")
    let file = try model.run([
      "walk", "-m", "net.obv", "--seeds", "0-1", "--w-frames", "6", "-o", "walk.rgb",
    ])
    #expect(file.code == 0)
    #expect(
      try model.data("first") + model.data("rest") == model.data("walk.rgb"))
  }

  @Test func endsQuietlyWhenItsReaderGoes() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try Tool.run(
      "bash",
      [
        "-c",
        "\"$0\" walk -m net.obv --seeds 0-7 --format y4m -o - | head -c 1000 > head;"
          + " echo ${PIPESTATUS[0]}", WholeProgram.path,
      ], folder: model.folder.path)
    #expect(run.output == "141\n")
    #expect(run.errors.isEmpty)
  }
}

/// The array of an npz file that `--save-w` wrote.
private struct NumPyFile {
  private let shape: [Int]
  private let floats: [Float]

  init(_ npz: Data) throws {
    let folder = try TemporaryFolder()
    let tensor = try CheckpointFile.open(try folder.write([UInt8](npz), to: "w.npz")).tensors[0]
    shape = tensor.tensor.shape
    floats = tensor.tensor.floats
  }

  /// An npy file of this array and another, or of the one halfway between them.
  func joined(_ other: NumPyFile, halfway: Bool = false) -> [UInt8] {
    let values =
      halfway ? zip(floats, other.floats).map { 0.5 * $0 + 0.5 * $1 } : floats + other.floats
    return NumPy.npyHeader(shape: [halfway ? 1 : 2] + shape.dropFirst())
      + values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init) }
  }
}
