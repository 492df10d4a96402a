import CLI
import Core
import Foundation
import ImageFile
import ModelFile
import Support
import Testing

/// `generate` with models that have classes, or lack what others have.
struct ClassTests {
  /// A folder with `net.obv` of random weights.
  private func folder(_ description: ModelDescription) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try ModelFile.write(description, to: folder.path + "/net.obv")
    return folder
  }

  private func run(_ folder: TemporaryFolder, _ words: String...) throws -> WholeProgram {
    try WholeProgram(words: words, folder: folder.path)
  }

  private func pixels(_ folder: TemporaryFolder, _ name: String) throws -> Pixels {
    try PNG.decode(Bytes([UInt8](Data(contentsOf: URL(filePath: "\(folder.path)/\(name)")))))
  }

  @Test func drawsEveryClassIntoOneSheet() throws {
    let folder = try folder(SyntheticModel.conditional.description)
    for label in 0..<3 {
      let single = try run(
        folder, "generate", "-m", "net.obv", "--seeds", "4,9", "--grid", "1x2", "--class",
        "\(label)", "-o", "\(label).png")
      #expect(single.code == 0, "\(single.errors)")
    }
    let all = try run(folder, "generate", "-m", "net.obv", "--seeds", "4,9", "--class", "all")
    #expect(all.lines == ["out/grid.png"], "\(all.errors)")
    let sheet = try pixels(folder, "out/grid.png")
    let side = sheet.height / 2
    #expect(sheet.width == 3 * side)
    for label in 0..<3 {
      let column = try pixels(folder, "\(label).png")
      for y in 0..<2 * side {
        let row = sheet.bytes[(y * 3 + label) * side * 3..<(y * 3 + label + 1) * side * 3]
        #expect(row.elementsEqual(column.bytes[y * side * 3..<(y + 1) * side * 3]))
      }
    }
    let json = try run(
      folder, "generate", "-m", "net.obv", "--seeds", "4", "--class", "all", "--json"
    ).object()
    #expect(json["grid"] as? String == "2x2", "one seed's classes are near a square")
    let images = try #require(json["images"] as? [[String: Any]])
    #expect(images.map { $0["class"] as? Int } == [0, 1, 2])
    let file = try Data(contentsOf: URL(filePath: folder.path + "/out/grid.png"))
    #expect(
      try PNG.text(Bytes([UInt8](file))).contains {
        $0.value.contains(#""seeds":[4,4,4],"classes":[0,1,2]"#)
      })
  }

  @Test func refusesEveryClassWhereThereAreNone() throws {
    let folder = try folder(SyntheticModel.skip.description)
    let run = try run(folder, "generate", "-m", "net.obv", "--seeds", "0", "--class", "all")
    #expect(run.code == 64)
    #expect(run.errors == "obverse: error: --class all: this model is unconditional\n")
  }

  @Test(arguments: [
    ["generate", "--seeds", "0"], ["mix", "--rows", "0", "--cols", "1", "--styles", "0"],
    ["walk", "--seeds", "0", "--w-frames", "1"],
  ])
  func warnsThatAModelHasNoStoredNoise(words: [String]) throws {
    var maker = ModelMaker(random: RandomState(seed: 3), storesNoise: false)
    let folder = try folder(maker.styleGAN2(.skip, widths: [8, 8]))
    let run = try WholeProgram(words: words + ["-m", "net.obv"], folder: folder.path)
    #expect(run.code == 0, "\(run.errors)")
    #expect(
      run.errors.hasPrefix(
        "obverse: warning: the model has no stored noise: drawn without\n"), "\(run.errors)")
  }
}
