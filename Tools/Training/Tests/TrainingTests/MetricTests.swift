import Core
import Foundation
import Testing

import Networks
import Torch

@testable import Training

@Suite(.serialized)
struct MetricTests {
  init() { Torch.threads = 1 }

  /// Two clouds of four points whose covariances do not commute: for 2x2 matrices the trace of the
  /// root of A·B is `√(tr AB + 2 √det AB)`.
  @Test func frechetFollowsItsFormula() {
    let a: [[Double]] = [[2, 1], [-2, -1], [1, -1], [-1, 1]]
    let b: [[Double]] = [[4, 3], [2, 3], [3, 1], [3, 5]]
    func moments(_ x: [[Double]]) -> (m: [Double], s: [[Double]]) {
      let m = [0, 1].map { j in x.map { $0[j] }.reduce(0, +) / 4 }
      func covariance(_ i: Int, _ j: Int) -> Double {
        var sum = 0.0
        for row in x { sum += (row[i] - m[i]) * (row[j] - m[j]) }
        return sum / 4
      }
      return (
        m, [[covariance(0, 0), covariance(0, 1)], [covariance(1, 0), covariance(1, 1)]]
      )
    }
    let ((m, s), (n, t)) = (moments(a), moments(b))
    func determinant(_ x: [[Double]]) -> Double { x[0][0] * x[1][1] - x[0][1] * x[1][0] }
    var (product, means) = (0.0, 0.0)
    for i in 0..<2 {
      for j in 0..<2 { product += s[i][j] * t[j][i] }
      means += (m[i] - n[i]) * (m[i] - n[i])
    }
    let root = (product + 2 * (determinant(s) * determinant(t)).squareRoot()).squareRoot()
    let traces = s[0][0] + s[1][1] + t[0][0] + t[1][1]
    let expected = means + traces - 2 * root
    func tensor(_ x: [[Double]]) -> Tensor { .values(x.joined().map(Float.init), [4, 2]) }
    #expect(abs(FeatureDistance.frechet(tensor(a), tensor(b)) - expected) < 1e-9)
    #expect(abs(FeatureDistance.frechet(tensor(a), tensor(a))) < 1e-9)
  }

  /// Against the double sum, diagonal left out within a set.
  @Test func kernelDistanceFollowsItsFormula() {
    Torch.seed(2)
    let (a, b) = (Tensor.normal([5, 3]), Tensor.normal([5, 3]) + 0.5)
    let (x, y) = (a.floats.map(Double.init), b.floats.map(Double.init))
    func k(_ p: [Double], _ i: Int, _ q: [Double], _ j: Int) -> Double {
      let dot = (0..<3).reduce(0.0) { $0 + p[3 * i + $1] * q[3 * j + $1] }
      return (dot / 3 + 1) * (dot / 3 + 1) * (dot / 3 + 1)
    }
    var expected = 0.0
    for i in 0..<5 {
      for j in 0..<5 {
        if i != j { expected += (k(x, i, x, j) + k(y, i, y, j)) / 20 }
        expected -= 2 * k(x, i, y, j) / 25
      }
    }
    #expect(abs(FeatureDistance.kernel(a, b) - expected) < 1e-9)
  }

  /// Centres 0, 1, 3, 7 on a line: with k = 1 their radii are 1, 1, 2, 4.
  @Test func coverageCountsBalls() {
    let centres = Tensor.values([0, 1, 3, 7], [4, 1])
    let points = Tensor.values([-0.5, -1.5, 5, 11.5, 10.5], [5, 1])
    #expect(abs(FeatureDistance.coverage(of: points, by: centres, k: 1) - 0.6) < 1e-12)
  }

  /// The levels of a pyramid add up to the image again, and a plane has no detail.
  @Test func pyramidSplitsAnImage() {
    Torch.seed(1)
    let gauss: [Float] = [1, 4, 6, 4, 1].map { $0 / 16 }
    let filter = Tensor.values(gauss.flatMap { a in gauss.map { a * $0 } }, [1, 1, 5, 5])
    let plane = SlicedWasserstein.pyramid(.full(0.5, [1, 3, 64, 64]), filter)
    #expect(plane.map { $0.shape[2] } == [64, 32, 16])
    #expect(plane[0].magnitude.floats.max() ?? 1 < 1e-6)
    #expect(largestDifference(plane[2], .full(0.5, [1, 3, 16, 16])) < 1e-6)
  }

  @Test func patchesTellSetsApart() throws {
    let folder = try TemporaryFolder()
    try RunTests.writeImages(12, to: folder.path)
    let data = try ImageData(folder.path, size: 32)
    let generator = Generator(GeneratorShape(zDim: 8, wDim: 8, widths: [8, 8, 8, 8, 8, 8, 8, 8]))
    let real = ImageSet(data, count: 12, on: .cpu)
    let drawn = ImageSet(generator, count: 12, seed: 1, on: .cpu)
    let same = try SlicedWasserstein.distances(real, real, seed: 4, on: .cpu)
    #expect(same.map(\.distance) == [0, 0] && same.map(\.size) == [32, 16])
    let other = try SlicedWasserstein.distances(real, drawn, seed: 4, on: .cpu)
    #expect(other.allSatisfy { $0.distance > 50 })
    // Of a set that is longer by more than a batch, the first pictures count.
    let lengths = try [64, 200].map { count in
      let drawn = ImageSet(generator, count: count, seed: 1, on: .cpu)
      return try SlicedWasserstein.distances(real, drawn, seed: 4, on: .cpu).map(\.distance)
    }
    #expect(lengths[0] == lengths[1])
  }

  /// A whole report, and the marks that a checkpoint's words ask for.
  @Test func numbersCarryTheirNames() throws {
    let folder = try TemporaryFolder()
    try RunTests.writeImages(12, to: folder.path)
    let data = try ImageData(folder.path, size: 16, part: 2..<12)
    #expect(data.count == 10)
    let judge = folder.path + "/judge.safetensors"
    var trainer = JudgeTrainer(size: 16)
    (trainer.steps, trainer.batch) = (100, 10)
    var losses: [Double] = []
    try trainer.train(data, to: judge, on: .cpu) { losses.append($1) }
    #expect(losses.count == 2 && losses[1] < losses[0])
    let generator = Generator(GeneratorShape(zDim: 8, wDim: 8, widths: [8, 8, 8, 8, 8, 8]))
    var settings = Evaluation.Settings()
    settings.count = 10
    settings.networks = [try FeatureKind.judge.network(judge, on: .cpu)]
    for (words, mark) in [
      (nil, Measure.Mark.unknown), ("efficientnet-lite0", .unseen),
      ("judge,efficientnet-lite0", .trainedAgainst),
    ] {
      let path = folder.path + "/g.safetensors"
      try SafetensorsWriter.write(
        generator.tensors, metadata: words.map { ["trained_against": $0] } ?? [:], to: path)
      let measures = try Evaluation.measure(path, data: data, settings, on: .cpu)
      #expect(measures.first?.network == "pixels")
      let seen = measures.filter { $0.network == "judge" }
      #expect(
        seen.map(\.measure) == [
          "frechet", "kid x1000 (1 groups of 10)", "precision k=3", "recall k=3",
        ])
      #expect(seen.allSatisfy { $0.mark == mark && $0.real == 10 && $0.value.isFinite })
      let file = folder.path + "/report.json"
      let report = try EvaluationReport(
        measures, of: path, pictures: .init(data: "faces", size: 16, skip: 2, take: nil), seed: 3)
      try report.write(to: file)
      #expect(try EvaluationReport(reading: file) == report)
      let text = try String(contentsOfFile: file, encoding: .utf8)
      #expect(text.contains(mark.rawValue))
    }
  }

  /// The names that scripts rely on, and what each kind of checkpoint says of itself.
  @Test func reportsNameTheirGenerator() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/g.safetensors"
    let generator = Generator(GeneratorShape(zDim: 8, wDim: 8, widths: [8, 8, 8, 8, 8, 8]))
    let fit = generator.shape.network.macs(.fit)
    let measure = Measure(
      measure: "frechet", network: "judge", networkFile: "ab", preparation: "none", real: 10,
      drawn: 12, value: 1.5, mark: .unseen)
    func report(_ words: [String: String]) throws -> [String: Any] {
      try SafetensorsWriter.write(generator.tensors, metadata: words, to: path)
      let report = try EvaluationReport(
        [measure], of: path, pictures: .init(data: "faces", size: 16, skip: 2, take: nil), seed: 3)
      try report.write(to: folder.path + "/report.json")
      let json = try Data(contentsOf: URL(filePath: folder.path + "/report.json"))
      return try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
    }
    let student = try report(
      ["method": "plain", "kimg": "1.5", "teacher_macs_fit": "\(4 * fit)"])
    #expect(
      Set(student.keys) == [
        "model", "modelFingerprint", "producer", "method", "kimg", "multiplyAdds",
        "multiplyAddsFit", "compressionRate", "pictures", "seed", "measures",
      ])
    #expect(student["method"] as? String == "plain" && student["kimg"] as? Double == 1.5)
    #expect(student["multiplyAdds"] as? Int == generator.shape.network.macs(.input))
    #expect(student["multiplyAddsFit"] as? Int == fit && student["seed"] as? Int == 3)
    #expect(student["compressionRate"] as? Double == 75)
    #expect(student["modelFingerprint"] as? String == generator.fingerprint)
    let pictures = try #require(student["pictures"] as? [String: Any])
    #expect(Set(pictures.keys) == ["data", "size", "skip"])
    let measures = try #require(student["measures"] as? [[String: Any]])
    #expect(
      Set(measures[0].keys) == [
        "measure", "network", "networkFile", "preparation", "real", "drawn", "value", "mark",
      ])
    // A state counts images; a teacher has lost nothing; a file that says nothing leaves gaps.
    let teacher = try report(["method": "teacher", "images": "2500"])
    #expect(teacher["kimg"] as? Double == 2.5 && teacher["compressionRate"] as? Double == 0)
    let pruned = try report(["pruning_ratio": "0.5", "teacher_macs_fit": "0"])
    #expect(pruned["method"] as? String == "pruned" && pruned["compressionRate"] == nil)
    let silent = try report([:])
    #expect(silent["kimg"] == nil && silent["method"] == nil)
  }

  /// The least that is a report.
  static func report(value: String, more: String = "") -> String {
    """
    {"model":"a/g.safetensors","modelFingerprint":"1","producer":"test"\(more),"measures":[{
    "measure":"frechet","network":"judge","preparation":"none","real":10,"drawn":10,
    "value":\(value),"mark":"unseen"}]}
    """
  }

  @Test(arguments: [
    ("", "empty"), ("{", "malformed"), ("[1]", "malformed"), ("{\"model\":\"a\"}", "malformed"),
    (MetricTests.report(value: "1e31"), "malformed"),
    (MetricTests.report(value: "1e999"), "malformed"),
    (MetricTests.report(value: "1", more: ",\"kimg\":-1"), "malformed"),
    (MetricTests.report(value: "1", more: ",\"compressionRate\":100"), "malformed"),
  ])
  func foreignReportsAreRefused(text: String, word: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/report.json"
    try Data(text.utf8).write(to: URL(filePath: path))
    let error = #expect(throws: ObverseError.self) { try EvaluationReport(reading: path) }
    #expect(error?.word == (word == "empty" ? "file-empty" : word))
    // The same with a good number is read.
    try Data(MetricTests.report(value: "1").utf8).write(to: URL(filePath: path))
    #expect(try EvaluationReport(reading: path).measures.count == 1)
  }
}
