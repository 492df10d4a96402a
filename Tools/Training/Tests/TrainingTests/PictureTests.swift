import Checkpoint
import Core
import Foundation
import Obverse
import Testing

import Torch

@testable import Training

@Suite(.serialized)
struct PictureTests {
  /// 8 px; run.sh made it.
  static let model = path("Tools/Training/Tests/TrainingTests/Reference/toy.obv")
  let folder: TemporaryFolder
  let set: String

  /// A file of the repository.
  static func path(_ file: String) -> String {
    var root = URL(filePath: #filePath)
    for _ in 0..<5 { root.deleteLastPathComponent() }
    return root.appending(path: file).path(percentEncoded: false)
  }

  init() throws {
    Torch.threads = 1
    folder = try TemporaryFolder()
    set = folder.path + "/set"
  }

  /// Draws to the end, or until `most` have been drawn by this call.
  @discardableResult
  func draw(
    _ count: Int?, _ source: PictureMaker.Source = .seeds(from: 7, psi: 1), sizes: [Int] = [4, 2],
    into set: String? = nil, most: Int = .max, threads: Int = 1
  ) throws -> PictureMaker {
    let maker = try PictureMaker(
      model: Self.model, sizes: sizes, source: source, count: count, folder: set ?? self.set,
      threads: threads)
    var drawn = 0
    do throws(ObverseError) {
      try maker.draw(progress: { _ in drawn += 1 }, stop: { drawn == most })
    } catch {
      guard error == .cancelled, drawn == most else { throw error }
    }
    return maker
  }

  func bytes(_ name: String, of set: String? = nil) throws -> [UInt8] {
    try Bytes(mapping: "\(set ?? self.set)/\(name)").array
  }

  /// Each picture is the mean of the squares of what the runtime draws of its seed, and of its own w.
  @Test func picturesAreTheRuntimesAveraged() throws {
    try draw(3)
    let generator = try Obverse.Generator(try Model(path: Self.model), threads: 1)
    for size in [4, 2] {
      let pictures = try PictureSet(set, size: size)
      #expect(pictures.count == 3)
      let step = 8 / size
      let batch = pictures.batch([0, 1, 2], on: .cpu).floats
      for i in 0..<3 {
        let w = try generator.map(z: generator.latent(seed: UInt32(7 + i)))
        #expect(pictures.w([i], on: .cpu).floats == w)
        let drawn = try generator.face(seed: UInt32(7 + i)).pixels
        for c in 0..<3 {
          for y in 0..<size {
            for x in 0..<size {
              var sum = 0.0
              for dy in 0..<step {
                for dx in 0..<step {
                  sum += Double(drawn[((y * step + dy) * 8 + x * step + dx) * 3 + c])
                }
              }
              let mean = (sum / Double(step * step)).rounded(.toNearestOrAwayFromZero)
              let found = batch[((i * 3 + c) * size + y) * size + x]
              // One rounding of a product and of a sum, around 1.
              #expect(abs(Double(found) - (mean / 127.5 - 1)) < 2e-7)
            }
          }
        }
      }
    }
  }

  /// Stopped, cut off in the middle of a picture, and made longer: the same bytes as without.
  @Test func drawingGoesOnWhereItStopped() throws {
    let whole = folder.path + "/whole"
    try draw(6, into: whole)
    try draw(4, most: 2)
    #expect(try PictureSet(set, size: 4).count == 2)
    for (name, length) in [("4.u8", 2 * 48), ("2.u8", 2 * 12)] {
      #expect(try bytes(name).count == length)
    }
    // A kill can leave one size ahead of the other, and part of a picture.
    let torn = try bytes("4.u8") + [UInt8](repeating: 9, count: 48 + 5)
    try Data(torn).write(to: URL(filePath: set + "/4.u8"))
    #expect(try draw(6, threads: 2).found == 2)
    for name in ["4.u8", "2.u8", "w.npy", "pictures.json"] {
      #expect(try bytes(name) == bytes(name, of: whole), "\(name)")
    }
    #expect(try draw(6).found == 6)
    // Fewer than there are: nothing is thrown away.
    try draw(3)
    #expect(try PictureSet(set, size: 2).count == 6)
  }

  /// A file of w gives the pictures of these w, whatever truncation made them.
  @Test func aFileOfLatentsGivesItsPictures() throws {
    try draw(5, .seeds(from: 0, psi: 0.5))
    let other = folder.path + "/other"
    try draw(nil, .file(set + "/w.npy", skip: 2), into: other)
    for (name, picture) in [("4.u8", 48), ("2.u8", 12)] {
      #expect(try bytes(name, of: other) == bytes(name).suffix(3 * picture))
    }
    let generator = try Obverse.Generator(try Model(path: Self.model), threads: 1)
    let w = try generator.map(z: generator.latent(seed: 3))
    let truncated = try generator.ws(from: w, psi: 0.5).prefix(4)
    #expect(try PictureSet(other, size: 4).latent(1) == Array(truncated))
  }

  /// What was drawn of something else is never mixed in.
  @Test func anotherSourceIsRefused() throws {
    try draw(2)
    let before = try bytes("4.u8")
    for (source, sizes) in [
      (PictureMaker.Source.seeds(from: 8, psi: 1), [4, 2]), (.seeds(from: 7, psi: 0.7), [4, 2]),
      (.file(set + "/w.npy", skip: 0), [4, 2]), (.seeds(from: 7, psi: 1), [4]),
    ] {
      #expect(throws: ObverseError.self) { try draw(2, source, sizes: sizes) }
    }
    #expect(try bytes("4.u8") == before)
    let holder = try draw(2)
    let refused = #expect(throws: ObverseError.self) { try draw(3) }
    withExtendedLifetime(holder) {}
    #expect(refused == .cannotCreate(path: set, why: "another program is drawing into it"))
  }

  /// A set stands where pictures are asked for, and parts of it are held out by position.
  @Test func aSetIsData() throws {
    try draw(5)
    let data = try ImageData(set, size: 4, part: 3..<5)
    let pictures = try PictureSet(set, size: 4)
    #expect(data.count == 2 && data.listedCount == 5)
    #expect(
      try data.batch([0, 1], mirrored: [false, false], on: .cpu).floats
        == pictures.batch([3, 4], on: .cpu).floats)
    #expect(data.w([1], on: .cpu)?.floats == pictures.latent(4))
    let mirrored = try data.batch([0], mirrored: [true], on: .cpu).floats
    let plain = try data.batch([0], mirrored: [false], on: .cpu).floats
    #expect(Array(mirrored[0..<4]) == plain[0..<4].reversed() && mirrored != plain)
  }

  @Test func badRequestsAreSaidInOneSentence() throws {
    let words = ["pictures", "--model", Self.model, "--out", set]
    for (more, code, sentence) in [
      (["--size", "3", "--count", "2"], 64, "pictures of 8 px cannot be averaged to 3"),
      (["--size", "4,4", "--count", "2"], 64, "needs different whole numbers"),
      (["--size", "4"], 64, "pictures of seeds need --count"),
      (["--size", "4", "--count", "2", "--seeds", "4294967295"], 64, "seeds end at 4294967295"),
      (["--size", "4", "--w", "/nowhere/w.npy"], 66, "'/nowhere/w.npy': no such file"),
      (["--size", "4", "--w", "w.npy", "--psi", "1"], 64, "not from both"),
      (["--size", "4", "--count", "2", "--skip", "1"], 64, "'--skip' belongs to --w"),
    ] {
      let refused = try WholeProgram(words + more)
      #expect(refused.code == code, "\(more)")
      #expect(refused.sentences.count == 1 && refused.sentences[0].contains(sentence), "\(more)")
      #expect(!PictureSet.exists(at: set), "\(more)")
    }
    let classes = Self.path("Tests/Fixtures/ModelFile/format2.obv")
    let refused = try WholeProgram(
      ["pictures", "--model", classes, "--size", "8", "--count", "1", "--out", set])
    #expect(refused.code == 64 && refused.sentences.first?.contains("4 classes") == true)

    let full = try WholeProgram(words + ["--size", "4", "--count", "40"], limit: 1024)
    #expect(full.code == 74)
    #expect(full.sentences == ["obverse-train: error: '\(set)/4.u8': file too large"])
    // What was whole stays, and there is room again.
    let drawn = try WholeProgram(words + ["--size", "4", "--count", "40"])
    #expect(drawn.code == 0 && drawn.errors.contains("21 pictures were there"))
    #expect(try PictureSet(set, size: 4).count == 40)
    let asked = #expect(throws: ObverseError.self) { try PictureSet(set, size: 2) }
    #expect(asked?.description == "'\(set)' holds pictures of 4 px, not of 2")
    try Data("{}".utf8).write(to: URL(filePath: set + "/pictures.json"))
    #expect(throws: ObverseError.self) { try PictureSet(set, size: 4) }
  }
}
