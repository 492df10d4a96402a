import Checkpoint
import Core
import Foundation
import ImageFile
import Support
import Testing

/// `generate` on small models.
struct GenerateTests {
  private func pixels(_ model: ModelFolder, _ name: String) throws -> Pixels {
    try PNG.decode(Bytes([UInt8](try model.data(name))))
  }

  @Test func namesFilesBySeedAndListsThem() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try model.generate("--seeds", "3,12345,0-1", "--trunc", "0.7")
    #expect(run.code == 0, "\(run.errors)")
    #expect(
      run.lines == [
        "out/seed0003.png", "out/seed12345.png", "out/seed0000.png", "out/seed0001.png",
      ])
    #expect(run.errors.hasPrefix("4 faces, 64x64, "))
    #expect(run.errors.hasSuffix(" PNG\n"))
  }

  // Each path of the program has to give the bytes that the others give.
  @Test func drawsTheSamePixelsWhateverTheWay() throws {
    let model = try ModelFolder("nv64-skip")
    let one = try model.generate("--seeds", "5-7", "--trunc", "0.5", "--outdir", "a", "-t", "1")
    let three = try model.generate("--seeds", "7,6,5", "--trunc", "0.5", "--outdir", "b", "-t", "3")
    #expect(one.code == 0 && three.code == 0)
    for seed in 5...7 {
      #expect(try model.data("a/seed000\(seed).png") == model.data("b/seed000\(seed).png"))
    }
    let singles = try (5...7).map { try pixels(model, "a/seed000\($0).png") }

    #expect(try model.generate("--seeds", "5-7", "--trunc=0.5", "--grid", "2x2").code == 0)
    let sheet = try pixels(model, "out/grid.png")
    #expect(sheet.width == 128 && sheet.height == 128)
    for (i, single) in singles.enumerated() {
      let (left, top) = (i % 2 * 64, i / 2 * 64)
      for y in 0..<64 {
        let at = ((top + y) * 128 + left) * 3
        #expect(sheet.bytes[at..<at + 192] == single.bytes[y * 192..<(y + 1) * 192])
      }
    }
    #expect(sheet.bytes[((64 * 128) + 64) * 3..<((64 * 128) + 128) * 3].allSatisfy { $0 == 0 })

    let raw = try model.generate("--seeds", "5-7", "--trunc=0.5", "--format", "rgb", "-o", "-")
    #expect([UInt8](raw.output) == singles.flatMap(\.bytes))
    let ppm = try model.generate("--seeds", "6", "--trunc=0.5", "--format", "ppm", "-o", "-")
    #expect([UInt8](ppm.output) == Array("P6\n64 64\n255\n".utf8) + singles[1].bytes)
  }

  // Ring three: NVlabs' own images of the same seeds, within the tolerance of whole networks.
  @Test(arguments: ["nv64-skip", "nv64-skip-old", "nd64-r0.9"])
  func drawsTheReferenceImagesFromSeeds(name: String) throws {
    let model = try ModelFolder(name)
    let seeds = try #require(model.fixture.meta("z_seeds_numpy_randomstate_randn", as: [Int].self))
    let list = seeds.map(String.init).joined(separator: ",")
    for (options, array) in [
      ([], "image_const"), (["--noise-mode", "none"], "image_none"),
      (["--trunc", "0.7"], "image_const_psi0.7"),
    ] {
      let run = try model.run(
        ["generate", "-m", "net.obv", "--seeds", list, "-o", "all.npy"] + options)
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.lines == ["all.npy"])
      try compare(model, "all.npy", array)
    }
  }

  @Test(arguments: ["rosi64-zip", "cagc64-odd", "rosi32-legacy"])
  func drawsTheReferenceImagesFromLatents(name: String) throws {
    let model = try ModelFolder(name)
    let z = NumPy.npy(
      shape: try model.fixture.shape("z"), floats: try model.fixture.expected("z"))
    try model.folder.write(z, to: "z.npy")
    let run = try model.generate("--latents", "z.npy", "-o", "all.npy")
    #expect(run.code == 0, "\(run.errors)")
    try compare(model, "all.npy", "image_const")
    #expect(try model.generate("--latents", "z.npy").lines.first == "out/latent00.png")
  }

  private func compare(_ model: ModelFolder, _ file: String, _ array: String) throws {
    let found = try NumPy.readFile(Bytes([UInt8](try model.data(file))), path: file)
      .tensors[0].tensor
    #expect(try found.shape == model.fixture.shape(array))
    let wanted = try model.fixture.expected(array)
    let largest = wanted.reduce(0) { max($0, $1.magnitude) }
    let worst = zip(found.floats, wanted).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
    // The whole-network tolerance for f32 models.
    #expect(worst <= 5e-5 * largest, "\(array): \(worst) of \(largest)")
  }

  @Test func savesWAndDrawsItAgain() throws {
    let model = try ModelFolder("nv64-skip")
    let run = try model.generate("--seeds", "4", "--trunc", "0.6", "--save-w")
    #expect(run.lines == ["out/seed0004.png", "out/seed0004.npz"])
    let again = try model.generate("--projected_w", "out/seed0004.npz", "--no-metadata")
    #expect(again.lines == ["out/proj00.png"])
    #expect(try pixels(model, "out/proj00.png") == pixels(model, "out/seed0004.png"))
    let wrong = try ModelFolder("rosi32-legacy")
    let refused = try wrong.generate("--projected-w", model.folder.path + "/out/seed0004.npz")
    #expect(refused.code == 65)
    #expect(refused.errors.contains("array w: it is f32 [1,10,64], the model needs floats of"))
  }

  /// An array of as many w as there are style layers is one face; with an axis of one it is many.
  @Test func tellsOneFaceFromMany() throws {
    let model = try ModelFolder("nv64-skip")
    let values = (0..<640).map { Float($0 % 17) / 8 - 1 }
    for (shape, count) in [
      ([10, 64], 1), ([1, 10, 64], 1), ([10, 1, 64], 10), ([64], 1), ([9, 64], 9),
    ] {
      let array = Array(values.prefix(shape.reduce(1, *)))
      try Data(NumPy.npy(shape: shape, floats: array)).write(
        to: URL(filePath: "\(model.folder.path)/w.npy"))
      let run = try model.generate("--projected-w", "w.npy")
      #expect(run.lines.count == count, "\(shape) \(run.errors)")
    }
    try Data(NumPy.npy(shape: [10, 64], floats: values)).write(
      to: URL(filePath: "\(model.folder.path)/w.npy"))
    try Data(NumPy.npy(shape: [1, 10, 64], floats: values)).write(
      to: URL(filePath: "\(model.folder.path)/plus.npy"))
    _ = try model.generate("--projected-w", "w.npy", "--outdir", "a", "--no-metadata")
    _ = try model.generate("--projected-w", "plus.npy", "--outdir", "b", "--no-metadata")
    #expect(try model.data("a/proj00.png") == model.data("b/proj00.png"))
  }

  @Test func takesSettingsFromAnImage() throws {
    let model = try ModelFolder("nv64-skip")
    _ = try model.generate(
      "--seeds", "9", "--trunc", "-0.25", "--trunc-cutoff", "3", "--noise-mode", "random",
      "--noise-seed", "77")
    let first = try model.data("out/seed0009.png")
    let again = try model.generate("--params-from", "out/seed0009.png", "-o", "again.png")
    #expect(again.code == 0, "\(again.errors)")
    #expect(try model.data("again.png") == first)
    let other = try model.generate(
      "--params-from", "out/seed0009.png", "--trunc", "1", "-o", "other.png")
    #expect(other.code == 0)
    #expect(try model.data("other.png") != first)
    let stranger = try ModelFolder("nd64-r0.9")
    let refused = try stranger.generate("--params-from", model.folder.path + "/out/seed0009.png")
    #expect(refused.code == 64)
    #expect(refused.errors.contains("was drawn by another model"))
    _ = try model.generate("--seeds", "9", "--no-metadata", "-o", "plain.png")
    let plain = try model.generate("--params-from", "plain.png")
    #expect(plain.code == 65)
    #expect(plain.errors.contains("it has no text chunk 'obverse' to take settings from"))
  }

  @Test func writesNoPathAndNoTimeIntoAnImage() throws {
    let model = try ModelFolder("nv64-skip")
    _ = try model.generate("--seeds", "1", "--trunc", "0.7")
    let texts = try PNG.text(Bytes([UInt8](try model.data("out/seed0001.png"))))
    #expect(texts.map(\.key) == ["Software", "obverse", PNG.xmpKey])
    #expect(texts[1].value.hasPrefix(#"{"schema":"obverse.image/1","model":""#))
    #expect(texts[1].value.hasSuffix(#"","seed":1,"trunc":0.7,"noise":"const"}"#))
  }

  @Test func keepsFilesThatAreThere() throws {
    let model = try ModelFolder("nd64-r0.9")
    _ = try model.generate("--seeds", "1")
    let before = try model.data("out/seed0001.png")
    let run = try model.generate("--seeds", "0-2", "--trunc", "0", "--no-clobber")
    #expect(run.lines == ["out/seed0000.png", "out/seed0002.png"])
    #expect(try model.data("out/seed0001.png") == before)
    #expect(run.errors.contains("1 file kept as it was"))
    let grid = try model.generate("--seeds", "0", "--grid", "1x1")
    #expect(grid.lines == ["out/grid.png"])
    #expect(try model.generate("--seeds", "1", "--grid", "1x1", "--no-clobber").lines.isEmpty)
  }

  @Test func answersStandardInputLineByLine() throws {
    let model = try ModelFolder("nd64-r0.9")
    let process = WholeProgram.process(
      ["generate", "-m", "net.obv", "--seeds", "-", "--format", "rgb", "-o", "-"],
      folder: model.folder.path)
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    for seed in [7, 3] {
      try input.fileHandleForWriting.write(contentsOf: Data("\(seed)\n".utf8))
      // Would wait for ever if the answer came only at the end of the input.
      let image = try output.fileHandleForReading.read(upToCount: 64 * 64 * 3)
      let single = try model.generate("--seeds", "\(seed)", "--format", "rgb", "-o", "-")
      #expect(image == single.output)
    }
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  // A path on standard output says that the file is whole, before the next seed is sent.
  @Test func namesEachFileBeforeTheNextLineComes() throws {
    let model = try ModelFolder("nd64-r0.9")
    let process = WholeProgram.process(
      ["generate", "-m", "net.obv", "--seeds", "-"], folder: model.folder.path)
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    for seed in [7, 3] {
      try input.fileHandleForWriting.write(contentsOf: Data("\(seed)\n".utf8))
      let line = "out/seed000\(seed).png\n"
      #expect(
        try output.fileHandleForReading.read(upToCount: line.utf8.count) == Data(line.utf8))
      #expect(try PNG.decode(Bytes([UInt8](model.data("out/seed000\(seed).png")))).width == 64)
    }
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  @Test func namesABadLineAndKeepsWhatWasDrawn() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try model.generate("--seeds", "-", input: "4\n\n5\nsix\n7\n")
    #expect(run.code == 64)
    #expect(run.errors.hasSuffix("obverse: error: line 4 of standard input: 'six' is not a seed\n"))
    #expect(run.lines == ["out/seed0004.png", "out/seed0005.png"])
    #expect(try model.files() == ["seed0004.png", "seed0005.png"])
    let end = try model.generate("--seeds", "-", "--outdir", "b", input: "8")
    #expect(end.lines == ["b/seed0008.png"])
  }

  @Test func reportsAsJSON() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try model.generate("--seeds", "8,9", "--json", "--progress", "json")
    #expect(run.lines.count == 1)
    #expect(run.lines[0].hasPrefix(#"{"schema":"obverse.generate/1","model":{"path":"net.obv","#))
    let images = try #require(run.object()["images"] as? [[String: Any]])
    #expect(images.map { $0["seed"] as? Int } == [8, 9])
    #expect(images[0]["path"] as? String == "out/seed0008.png")
    #expect((images[0]["generate_ns"] as? Int ?? 0) > 0)
    #expect(
      run.errors == """
        {"event":"progress","done":1,"total":2}
        {"event":"progress","done":2,"total":2}

        """)
  }

  @Test func drawsFreshSeeds() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try model.generate("--random", "3")
    #expect(run.code == 0)
    #expect(try model.files().count == 3)
  }

  @Test func writesEveryFormat() throws {
    let model = try ModelFolder("nd64-r0.9")
    for (format, suffix, size) in [
      ("jpeg", "jpg", nil), ("ppm", "ppm", 13 + 12288), ("rgb", "rgb", 12288),
      ("f32", "f32", 49152), ("npy", "npy", 128 + 49152),
    ] as [(String, String, Int?)] {
      let run = try model.generate("--seeds", "2", "--format", format)
      #expect(run.lines == ["out/seed0002.\(suffix)"])
      let data = try model.data("out/seed0002.\(suffix)")
      if let size { #expect(data.count == size) }
    }
    let jpeg = try JPEG.decode(Bytes([UInt8](try model.data("out/seed0002.jpg"))))
    #expect(jpeg.width == 64 && jpeg.channels == 3)
    let pattern = try model.generate("--seeds", "2-3", "-o", "faces/f-%03d.jpg", "--quality", "50")
    #expect(pattern.lines == ["faces/f-002.jpg", "faces/f-003.jpg"])
  }

  @Test func refusesWhatTheModelCannotDo() throws {
    let model = try ModelFolder("nd64-r0.9")
    let label = try model.generate("--seeds", "0", "--class", "1")
    #expect(label.code == 64)
    #expect(label.errors.contains("--class 1: this model is unconditional"))
    let grid = try model.generate("--seeds", "0-4", "--grid", "2x2")
    #expect(grid.code == 64)
    #expect(grid.errors.contains("--grid 2x2 has 4 cells, but 5 images are asked for"))
  }

  @Test func findsABareName() throws {
    let model = try ModelFolder("nd64-r0.9")
    let elsewhere = try TemporaryFolder()
    let run = try WholeProgram(
      "generate", "-m", "net", "--seeds", "0", folder: elsewhere.path,
      environment: ["OBVERSE_MODEL_PATH": "/nowhere:\(model.folder.path)"])
    #expect(run.code == 0, "\(run.errors)")
    let preset = try WholeProgram(
      "generate", "--seeds", "0", folder: elsewhere.path,
      environment: ["OBVERSE_MODEL": "net", "OBVERSE_MODEL_PATH": model.folder.path])
    #expect(preset.code == 0, "\(preset.errors)")
  }
}
