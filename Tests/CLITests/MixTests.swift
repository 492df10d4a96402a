import Core
import Foundation
import ImageFile
import Support
import Testing

/// `mix`, with the names and the places of NVlabs' style_mixing.py.
struct MixTests {
  private func pixels(_ model: ModelFolder, _ name: String) throws -> Pixels {
    try PNG.decode(Bytes([UInt8](try model.data(name))))
  }

  @Test func namesAndPlacesAsNVlabs() throws {
    let model = try ModelFolder("nv64-skip")
    let run = try model.run([
      "mix", "-m", "net.obv", "--rows", "5,2", "--cols", "7,5,9", "--trunc", "0.6",
    ])
    #expect(run.code == 0, "\(run.errors)")
    let wanted = [
      "7-7", "5-5", "9-9", "5-7", "5-9", "2-2", "2-7", "2-5", "2-9", "grid",
    ]
    #expect(run.lines == wanted.map { "out/\($0).png" })
    #expect(try model.files() == wanted.map { "\($0).png" }.sorted())

    let sheet = try pixels(model, "out/grid.png")
    #expect(sheet.width == 4 * 64 && sheet.height == 3 * 64)
    let cells = [
      [nil, "7-7", "5-5", "9-9"], ["5-5", "5-7", "5-5", "5-9"], ["2-2", "2-7", "2-5", "2-9"],
    ]
    for (row, names) in cells.enumerated() {
      for (column, name) in names.enumerated() {
        let single = try name.map { try pixels(model, "out/\($0).png").bytes }
        for y in 0..<64 {
          let at = ((row * 64 + y) * 256 + column * 64) * 3
          let line = sheet.bytes[at..<at + 192]
          if let single {
            #expect(line == single[y * 192..<(y + 1) * 192])
          } else {
            #expect(line.allSatisfy { $0 == 0 })
          }
        }
      }
    }
  }

  @Test func drawsASeedAsGenerateDoes() throws {
    let model = try ModelFolder("nv64-skip")
    _ = try model.run(["mix", "-m", "net.obv", "--rows", "5", "--cols", "7", "--trunc", "0.6"])
    _ = try model.generate("--seeds", "5,7", "--trunc", "0.6")
    #expect(try pixels(model, "out/5-5.png") == pixels(model, "out/seed0005.png"))
    #expect(try pixels(model, "out/7-7.png") == pixels(model, "out/seed0007.png"))
    // Every layer from the column: the column's face; none of them: not expressible, but layer 0
    // alone leaves neither.
    let all = try model.run([
      "mix", "-m", "net.obv", "--rows", "5", "--cols", "7", "--trunc", "0.6", "--styles", "0-9",
      "--outdir", "all",
    ])
    #expect(all.code == 0, "\(all.errors)")
    #expect(try pixels(model, "all/5-7.png") == pixels(model, "out/7-7.png"))
    let mixed = try pixels(model, "out/5-7.png")
    #expect(try mixed != pixels(model, "out/7-7.png") && mixed != pixels(model, "out/5-5.png"))
  }

  // The same mix through --projected-w, put together here.
  @Test func mixesWsLayerByLayer() throws {
    let model = try ModelFolder("nv64-skip")
    _ = try model.generate("--seeds", "5,7", "--save-w")
    _ = try model.run([
      "mix", "-m", "net.obv", "--rows", "5", "--cols", "7", "--styles", "1,3-4",
    ])
    let script = """
      import zipfile, io, struct
      def read(name):
          data = zipfile.ZipFile(name).read('w.npy')
          at = 10 + struct.unpack('<H', data[8:10])[0]
          return data[:at], data[at:]
      head, a = read('out/seed0005.npz')
      _, b = read('out/seed0007.npz')
      size = len(a) // 10
      w = b''.join((b if i in (1, 3, 4) else a)[i * size:(i + 1) * size] for i in range(10))
      open('w.npy', 'wb').write(head + w)
      """
    #expect(try Tool.run("python3", ["-c", script], folder: model.folder.path).code == 0)
    let run = try model.generate("--projected-w", "w.npy", "-o", "mixed.png")
    #expect(run.code == 0, "\(run.errors)")
    #expect(try pixels(model, "mixed.png") == pixels(model, "out/5-7.png"))
  }

  @Test func writesTheSheetAlone() throws {
    let model = try ModelFolder("nd64-r0.9")
    let words = ["mix", "-m", "net.obv", "--rows", "1", "--cols", "2-3"]
    let file = try model.run(words + ["-o", "sheets/mix.ppm"])
    #expect(file.lines == ["sheets/mix.ppm"])
    let raw = try model.run(words + ["-o", "-", "--format", "rgb"])
    #expect(raw.output.count == 192 * 128 * 3)
    #expect(try model.data("sheets/mix.ppm").suffix(192 * 128 * 3) == raw.output)
    #expect(try model.run(words + ["-o", "sheets/mix.ppm", "--no-clobber"]).lines.isEmpty)
    let json = try model.run(words + ["--json"]).object()
    #expect(json["schema"] as? String == "obverse.mix/1")
    #expect((json["images"] as? [Any])?.count == 5)
  }

  @Test func refusesLayersBeyondTheModel() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try model.run([
      "mix", "-m", "net.obv", "--rows", "1", "--cols", "2", "--styles", "0-10",
    ])
    #expect(run.code == 64)
    #expect(
      run.errors
        == "obverse: error: --styles 0-10: this model has the style layers 0 to 9, not 10\n")
    #expect(!FileManager.default.fileExists(atPath: model.folder.path + "/out"))
  }
}
