import Checkpoint
import Core
import Foundation
import ImageFile
import Obverse
import Testing

import Torch

@testable import Training

@Suite(.serialized)
struct FidelityTests {
  let folder: TemporaryFolder

  init() throws {
    Torch.threads = 1
    folder = try TemporaryFolder()
  }

  /// Against means written down in Double, over planes of floats.
  @Test func sumsAgreeWithDouble() {
    let size = 6
    var random = SplitMix64(seed: 11, stream: 0)
    func picture(_ contrast: UInt64) -> [UInt8] {
      (0..<3 * size * size).map { _ in UInt8(40 + random.next() % contrast) }
    }
    let pairs = (0..<4).map { _ in (picture(200), picture(50)) }
    var sums = Fidelity.Sums()
    for (a, b) in pairs { sums.add(a[...], b[...], size: size) }

    func detail(_ picture: [UInt8]) -> Double {
      var sum = 0.0
      for i in picture.indices {
        let (plane, y, x) = (i / (size * size), i / size % size, i % size)
        var mean = 0.0
        for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
          mean += Double(picture[(plane * size + y / 2 * 2 + dy) * size + x / 2 * 2 + dx]) / 4
        }
        sum += abs(Double(picture[i]) - mean)
      }
      return sum
    }
    var (distance, ratio) = (0.0, 0.0)
    for (a, b) in pairs {
      let differences = zip(a, b).map { (Double($0) - Double($1)) / 127.5 }
      distance += differences.reduce(0) { $0 + abs($1) } / Double(a.count)
      let error = differences.reduce(0) { $0 + $1 * $1 } / Double(a.count)
      // The peak of a range of -1 to 1 is 2.
      ratio += 10 * log10(4 / error)
    }
    let sharpness =
      pairs.reduce(0) { $0 + detail($1.1) } / pairs.reduce(0) { $0 + detail($1.0) }
    #expect(abs(sums.meanDistance - distance / 4) < 1e-12)
    #expect(abs(sums.meanRatio - ratio / 4) < 1e-10)
    #expect(abs(sums.sharpness - sharpness) < 1e-12 && sharpness < 0.5)
  }

  private func evaluate(_ words: [String]) throws -> (WholeProgram, [String: Measure]) {
    let out = folder.path + "/report.json"
    let run = try WholeProgram(["evaluate", "--size", "8", "--no-patches", "--out", out] + words)
    guard run.code == 0 else { return (run, [:]) }
    let measures = try EvaluationReport(reading: out).measures
    return (run, Dictionary(uniqueKeysWithValues: measures.map { ($0.measure, $0) }))
  }

  /// A model is itself; and LibTorch draws what the runtime draws, to the rounding of bytes.
  @Test func aModelIsFaithfulToItself() throws {
    let source = ["--source", PictureTests.model, "--count", "5"]
    let (run, own) = try evaluate(["--model", PictureTests.model] + source)
    #expect(run.code == 0, "\(run.errors)")
    #expect(own["L1 of 2"]?.value == 0 && own["sharpness ratio"]?.value == 1)
    #expect(own["L1 of 2"]?.drawn == 5)
    // Of a uniform error of half a byte.
    #expect(abs((own["PSNR in dB"]?.value ?? 0) - 58.92) < 0.01)

    let snapshot = PictureTests.path(
      "Tools/Training/Tests/TrainingTests/Reference/run/snapshot-000001.safetensors")
    let (_, twin) = try evaluate(["--model", snapshot] + source)
    #expect(twin["L1 of 2"].map { $0.value < 0.1 / 127.5 } == true)
    // Other w are other pictures: seeds from 1 on instead of from 0.
    let set = folder.path + "/set"
    try PictureMaker(
      model: PictureTests.model, sizes: [8], source: .seeds(from: 1, psi: 1), count: 6, folder: set,
      threads: 1
    ).draw(progress: { _ in }, stop: { false })
    let w = set + "/w.npy"
    let (_, others) = try evaluate(
      ["--model", PictureTests.model, "--data", set, "--skip", "2", "--take", "3"])
    #expect(others["L1 of 2"]?.value == 0 && others["L1 of 2"]?.drawn == 3)
    let (_, latents) = try evaluate(
      ["--model", PictureTests.model, "--source", PictureTests.model, "--w", w, "--skip", "4"])
    #expect(latents["L1 of 2"]?.value == 0 && latents["L1 of 2"]?.drawn == 2)
    // The set's w drawn wrongly would be seen: a reversed file of them is another set.
    let reversed = try PictureSet(set, size: 8)
    let rows = (0..<6).reversed().flatMap { reversed.latent($0) }
    try Data(NumPy.npy(shape: [6, 4], floats: rows)).write(to: URL(filePath: w))
    let (_, wrong) = try evaluate(["--model", PictureTests.model, "--data", set])
    #expect(wrong["L1 of 2"].map { $0.value > 0.01 } == true)
  }

  /// Above the source's pictures, below the model's, which are the same here.
  @Test func aStripShowsPairs() throws {
    for name in ["strip.png", "strip.jpg"] {
      let strip = "\(folder.path)/\(name)"
      let (run, _) = try evaluate(
        ["--model", PictureTests.model, "--source", PictureTests.model, "--count", "9"]
          + ["--strip", strip])
      #expect(run.code == 0, "\(run.errors)")
      let file = try Bytes(mapping: strip)
      let pixels = try JPEG.matches(file) ? JPEG.decode(file) : PNG.decode(file)
      #expect(
        pixels.width == 64 && pixels.height == 16 && JPEG.matches(file) == (name != "strip.png"))
      guard name == "strip.png" else { continue }
      #expect(pixels.bytes[0..<1536].elementsEqual(pixels.bytes[1536...]))
      let face = try Obverse.Generator(try Model(path: PictureTests.model), threads: 1).face(
        seed: 5)
      let row = 5 * 8 * 3..<6 * 8 * 3
      #expect(Array(pixels.bytes[row]) == Array(face.pixels[0..<24]))
    }
  }

  private static func rows(_ firsts: [Float?]) -> [[Float]?] {
    firsts.map { $0.map { [$0] + [Float](repeating: 0.5, count: 127) } }
  }

  @Test func identitiesAreCounted() {
    // The second has no face; the third drawn face is as near to the fourth source as to its own;
    // the fourth is nearer to the third.
    let found = Identity.compare(
      Self.rows([0, 1, 4, 6]), Self.rows([0.5, nil, 5, 4.5]))
    #expect(found.pairs == 3 && found.found == 0.75)
    #expect(abs(found.distance - (0.5 + 1 + 1.5) / 3) < 1e-12)
    #expect(found.own == 2.0 / 3)
    let none = Identity.compare(Self.rows([0, nil]), Self.rows([nil, 1]))
    #expect(none.pairs == 0 && none.found == 0.5 && none.distance.isNaN)
  }

  /// A program in place of the recogniser; it hands out numbers that lie there.
  private func recogniser(_ script: String) throws -> String {
    let path = folder.path + "/it's one"
    try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(filePath: path))
    #expect(chmod(path, 0o700) == 0)
    return path
  }

  @Test func theRecogniserIsAsked() throws {
    for (name, firsts) in [("source", [0, 3, 7]), ("drawn", [1, nil, 7] as [Float?])] {
      let values = firsts.flatMap { first in
        [first ?? .nan] + [Float](repeating: first == nil ? .nan : 0.5, count: 127)
      }
      try Data(NumPy.npy(shape: [3, 128], floats: values))
        .write(to: URL(filePath: "\(folder.path)/\(name).npy"))
    }
    // Three pictures of 3x8x8 bytes in each file, or no numbers.
    let program = try recogniser(
      """
      echo talk
      [ "$1 $2" = "describe 8" ] && [ $(wc -c < "$3") = 576 ] && [ $(wc -c < "$5") = 576 ] || exit 3
      cp '\(folder.path)/source.npy' "$4" && cp '\(folder.path)/drawn.npy' "$6"
      """)
    let words = ["--model", PictureTests.model, "--source", PictureTests.model, "--count", "3"]
    let (run, measures) = try evaluate(words + ["--identity", program])
    #expect(run.code == 0 && run.output == "", "\(run.errors)")
    #expect(measures["face found"].map { $0.value == 2.0 / 3 && $0.drawn == 3 } == true)
    #expect(measures["identity distance"].map { $0.value == 0.5 && $0.drawn == 2 } == true)
    #expect(measures["own source nearest"].map { $0.value == 1 && $0.real == 3 } == true)
    // In one dimension: (10/3 - 4)² + (s1 - s2)², s of 0, 3, 7 and of 1, 7, over N.
    let spread = (74.0 / 9).squareRoot() - 3
    #expect(
      abs((measures["frechet"]?.value ?? 0) - (4.0 / 9 + spread * spread)) < 1e-3,
      "\(measures["frechet"]?.value ?? 0)")
    #expect(
      measures.values.filter { $0.network == "dlib-resnet-v1" }.allSatisfy { $0.mark == .unseen })

    for (script, code, sentence) in [
      ("exit 4", 74, "it failed; its own words are above"),
      ("touch \"$4\" \"$6\"", 65, "the file is empty"),
      ("cp '\(folder.path)/source.npy' \"$4\"; cp '\(folder.path)/wide.npy' \"$6\"", 65, "[3,9]"),
    ] {
      try Data(NumPy.npy(shape: [3, 9], floats: .init(repeating: 0, count: 27)))
        .write(to: URL(filePath: folder.path + "/wide.npy"))
      let (refused, _) = try evaluate(words + ["--identity", try recogniser(script)])
      #expect(refused.code == code, "\(script): \(refused.errors)")
      #expect(refused.sentences.count == 1 && refused.sentences[0].contains(sentence))
    }
  }

  @Test func badRequestsAreSaidInOneSentence() throws {
    let model = ["--model", PictureTests.model]
    let faces = folder.path + "/faces"
    try FileManager.default.createDirectory(atPath: faces, withIntermediateDirectories: true)
    try RunTests.writeImages(3, to: faces)
    let other = PictureTests.path("Models/faces.obv")
    for (words, code, sentence) in [
      (["--data", faces, "--identity", "/bin/true"], 64, "pictures without w"),
      (["--source", PictureTests.model, "--data", faces], 64, "not from both"),
      (["--source", PictureTests.model, "--count", "3", "--take", "2"], 64, "'--take'"),
      (["--source", PictureTests.model, "--count", "3", "--identity", "/nowhere"], 66, "/nowhere"),
      (["--source", PictureTests.model, "--count", "3", "--identity", faces], 66, "no program"),
      (["--source", other, "--count", "2"], 64, "takes w of 4 numbers"),
      (["--data", faces, "--w", "w.npy"], 64, "'--w' belongs to --source"),
    ] as [([String], Int32, String)] {
      let (refused, _) = try evaluate(model + words)
      #expect(refused.code == code, "\(words): \(refused.errors)")
      #expect(
        refused.sentences.count == 1 && refused.sentences[0].contains(sentence),
        "\(words): \(refused.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder.path + "/report.json"))
    }
  }

  /// The recogniser itself, where it is installed.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["OBVERSE_IDENTITY"] != nil))
  func facesAreRecognised() throws {
    let recognizer = try Recognizer(
      ProcessInfo.processInfo.environment["OBVERSE_IDENTITY"] ?? "")
    let model = PictureTests.path("Models/faces.obv")
    let size = try Model(path: model).resolution
    var files: [(pictures: String, numbers: String)] = []
    for (first, psi) in [(0, 0.7), (0, 0.6), (100, 0.7)] {
      let set = "\(folder.path)/\(first)-\(psi)"
      try PictureMaker(
        model: model, sizes: [size], source: .seeds(from: first, psi: psi), count: 6, folder: set,
        threads: 1
      ).draw(progress: { _ in }, stop: { false })
      files.append((pictures: set + "/\(size).u8", numbers: set + "/identity.npy"))
    }
    let described = try recognizer.describe(files, size: size)
    let alike = Identity.compare(described[0], described[1])
    let strangers = Identity.compare(described[0], described[2])
    #expect(alike.found == 1 && strangers.found == 1)
    #expect(alike.distance < 0.35 && alike.own == 1)
    // Soft faces of 64 px are nearer to each other than photographs are.
    #expect(strangers.distance > alike.distance + 0.15)
  }
}
