import CLI
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
    #expect(again.errors.contains("9 files kept as before"))
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

  @Test func dropsFramesThatComeTooLate() throws {
    // A frame each 10 ms: frame 2 is due at 20 and late once frame 3 is due.
    let pace = Pace(start: 1_000_000_000, framesPerSecond: 100)
    #expect(pace.due(2) == 1_020_000_000)
    #expect(!pace.isLate(2, now: 1_029_999_999))
    #expect(pace.isLate(2, now: 1_030_000_000))
    let model = try ModelFolder("nd64-r0.9")
    // Nobody draws a million frames a second, and nobody is late for the first.
    let run = try walk(
      model, "--seeds", "0-3", "--realtime", "--fps", "1000000", "-o", "w.rgb", "--json")
    let object = try run.object()
    let (written, dropped) = (object["written"] as? Int ?? 0, object["dropped"] as? Int ?? 0)
    #expect(written >= 1 && dropped >= 1 && written + dropped == 12)
    #expect(try model.data("w.rgb").count == written * 64 * 64 * 3)
    #expect(run.errors.contains("\(dropped) of 12 frames came too late and were dropped\n"))
  }

  @Test func keepsTimeWhereItCan() throws {
    let model = try ModelFolder("nd64-r0.9")
    let start = ContinuousClock.now
    let run = try walk(model, "--seeds", "0-1", "--realtime", "--fps", "20", "-o", "w.rgb")
    // Frame 5 is due after 250 ms; without pacing all six take a tenth of that.
    #expect(ContinuousClock.now - start >= .milliseconds(250))
    #expect(run.code == 0)
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
