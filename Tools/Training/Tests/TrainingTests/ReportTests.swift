import Core
import Foundation
import ImageFile
import Obverse
import Testing

@testable import Training

/// Pages of the stored run, whole and damaged; Reference/run.sh made it.
@Suite(.serialized)
struct ReportTests {
  let folder: TemporaryFolder
  /// A copy of the stored run, to be changed.
  let run: String

  init() throws {
    folder = try TemporaryFolder()
    run = folder.path + "/run"
    try FileManager.default.copyItem(atPath: Self.stored("run"), toPath: run)
  }

  static func stored(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Reference/\(name)")
      .path(percentEncoded: false)
  }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(filePath: "\(folder.path)/\(name)"))
  }

  func page(_ evaluations: [String] = []) throws -> ReportPage {
    try ReportPage(runs: [run], evaluations: evaluations.map { "\(folder.path)/\($0)" })
  }

  /// Every start of a tag `name`.
  func count(_ name: String, _ html: String) -> Int {
    html.components(separatedBy: "<\(name)").count - 1
  }

  @Test func showsAllOfARun() throws {
    let page = try ReportPage(
      runs: [run], evaluations: [Self.stored("run-evaluation.json")])
    #expect(page.problems.isEmpty)
    let html = page.html
    for words in [
      "Scores by its own discriminator", "Adversarial losses", "path_penalty", "r1",
      "sheet-000000.png, seeds 0 to 15", "&quot;snapshotTicks&quot;", "2.11.0", "Where it ran",
      "Measures against training length", "491.8777", "run: teacher", "1.02 of 1.02",
    ] {
      #expect(html.contains(words), "\(words)")
    }
    #expect(html.contains("<td>run</td><td>teacher</td>"))
    // One number is no curve over rates.
    #expect(!html.contains("Measures against compression rate"))
    #expect(count("svg ", html) == html.components(separatedBy: "</svg>").count - 1)
    let plain = html.replacingOccurrences(of: "xmlns=\"http://www.w3.org/2000/svg\"", with: "")
    for word in ["http:", "https:", "<script", "<link", "@import", "url(", "src=\"/"] {
      #expect(!plain.contains(word), "\(word)")
    }
    let pictures = html.components(separatedBy: "data:image/png;base64,").dropFirst()
    #expect(pictures.count == 2)
    for picture in pictures {
      let data = try #require(Data(base64Encoded: String(picture.prefix { $0 != "\"" })))
      let pixels = try PNG.decode(Bytes([UInt8](data)))
      #expect(pixels.width == 64 && pixels.height == 16)
    }
  }

  /// As PNG, those of ten runs would make a page of ten megabytes.
  @Test func largerFacesAreJPEG() throws {
    let path = "\(folder.path)/wide.png"
    let row = (0..<1024).flatMap { x in [UInt8](repeating: UInt8(x / 4), count: 3) }
    let rows = repeatElement(row, count: 512).joined()
    let file = try PNG.encode(
      Pixels(width: 1024, height: 512, channels: 3, bytes: Array(rows)))
    try AtomicFile.write(file.span.bytes, to: path)
    let strip = try SheetStrip(path, faceSize: 128)
    #expect(strip.mediaType == "image/jpeg" && strip.seeds == "seeds 0 to 15")
    let shown = try JPEG.decode(Bytes(strip.file))
    #expect(shown.width == 1024 && shown.height == 256)
    #expect(abs(Int(shown.bytes[3 * 512]) - 128) < 4)
  }

  /// A killed program leaves half a line; others may be anything.
  @Test func damagedLinesAreCounted() throws {
    let path = "\(run)/log.jsonl"
    let log = try String(contentsOfFile: path, encoding: .utf8)
    let whole = RunLog(Array(log.utf8))
    #expect(whole.lines == 8 && whole.damaged == 0 && whole.step == 128)
    let bad = [
      "{\"step\":1", "[]", "null", "\u{1}", "{\"images\":5}", "{\"images\":9e9,\"loss_g\":1e31}",
      "{\"images\":\"many\"}", String(repeating: "[", count: 10_000),
    ]
    try (log + bad.joined(separator: "\n")).write(toFile: path, atomically: true, encoding: .utf8)
    let read = RunLog(Array(try Data(contentsOf: URL(filePath: path))))
    #expect(read.lines == 8 && read.damaged == bad.count && read.curves == whole.curves)
    let sentence = "8 of 16 lines of log.jsonl are cut or damaged and left out"
    let page = try page()
    #expect(page.problems == ["run: \(sentence)"])
    #expect(page.html.contains(sentence))
  }

  @Test func missingFilesAreNamed() throws {
    for name in ["log.jsonl", "origin.jsonl", "sheet-000000.png", "sheet-000001.png"] {
      try FileManager.default.removeItem(atPath: "\(run)/\(name)")
    }
    for number in 0...1 {
      try FileManager.default.removeItem(atPath: "\(run)/snapshot-00000\(number).safetensors")
    }
    let page = try page()
    #expect(page.problems.count == 4)
    for words in ["origin.jsonl&#39;: no such file", "log.jsonl&#39;: no such file", "no sheets"] {
      #expect(page.html.contains(words), "\(words)")
    }
    #expect(count("img", page.html) == 0)
    // A sheet that is none is said too, in its place.
    try write("no picture", to: "run/sheet-000003.png")
    #expect(try self.page().html.contains("sheet-000003.png cannot be read"))
  }

  /// A snapshot may be a model alone, and its facts say what a checkpoint's words say.
  @Test func modelsAreSnapshotsToo() throws {
    let snapshot = "\(run)/snapshot-000001"
    let file = try GeneratorFile("\(snapshot).safetensors")
    let words = ["kimg": "1.5", "method": "plain", "trained_against": "efficientnet-lite0,vgg16"]
    try file.writeModel(of: file.generator(), adding: words, to: "\(snapshot).obv")
    for number in 0...1 {
      try FileManager.default.removeItem(atPath: "\(run)/snapshot-00000\(number).safetensors")
    }
    #expect(try page().problems.isEmpty)
    #expect(try RunFolder(run).snapshots.map(\.name) == ["snapshot-000001.obv"])
    let (facts, fingerprint) = try Painter.facts("\(snapshot).obv")
    #expect(facts.kimg == 1.5 && facts.method == "plain" && facts.multiplyAddsFit != nil)
    #expect(fingerprint == (try Model(path: "\(snapshot).obv")).weightsSHA256)
    let side = try file.generator().shape.resolution
    let painter = try Painter("\(snapshot).obv", size: side, on: .cpu)
    #expect(painter.trainedAgainst == ["efficientnet-lite0", "vgg16"])
  }

  /// A snapshot that claims what no machine holds, in tensors of no element or of one.
  @Test(arguments: [("[4611686018427387904,0", 0), ("[1,1", 4)])
  func strangeSnapshotsAreNamed(axes: String, bytes: Int) throws {
    var at = 0
    func tensor(_ name: String, _ shape: String) -> String {
      defer { at += bytes }
      return "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shape)],"
        + "\"data_offsets\":[\(at),\(at + bytes)]}"
    }
    let tensors = [
      tensor("mapping.fc0.weight", axes), tensor("synthesis.b4.const", axes + ",1"),
      tensor("synthesis.b4.conv1.weight", axes + ",1,1"),
      tensor("synthesis.b4.torgb.weight", axes + ",1,1"),
    ]
    let header = Array("{\(tensors.joined(separator: ","))}".utf8)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    try Data(length + header + [UInt8](repeating: 0, count: at))
      .write(to: URL(filePath: "\(run)/snapshot-000001.safetensors"))
    let page = try ReportPage(runs: [run], evaluations: [Self.stored("run-evaluation.json")])
    #expect(page.problems.count == 1)
    #expect(page.problems[0].hasSuffix("its tensors do not fit its widths"), "\(page.problems)")
    #expect(page.html.contains(">run*</text>"))
  }

  @Test func foldersThatAreNoRunAreRefused() throws {
    func word(_ path: String) -> String? {
      do {
        _ = try ReportPage(runs: [path], evaluations: [])
        return nil
      } catch {
        return error.word
      }
    }
    #expect(word(folder.path) == "file-missing")
    #expect(word("\(run)/log.jsonl") == "file-missing")
    #expect(word(run) == nil)
    for text in ["[]", "{", "{\"size\":\"wide\"}", "\u{fffd}{}"] {
      try write(text, to: "run/settings.json")
      #expect(word(run) == "malformed", "\(text)")
    }
    try Data(count: 2 << 20).write(to: URL(filePath: "\(run)/settings.json"))
    #expect(word(run) == "too-large")
  }

  /// Every text of a folder is text in the page.
  @Test func namesAreEscaped() throws {
    let bad = "<b onclick=\"x\">&'\u{1b}[31m"
    let named = "\(folder.path)/\(bad)"
    try FileManager.default.moveItem(atPath: run, toPath: named)
    func write(_ value: [String: Any], to name: String) throws {
      try JSONSerialization.data(withJSONObject: value).write(to: URL(filePath: "\(named)/\(name)"))
    }
    try write(["images": 5, bad: 1, "score_real": 2], to: "log.jsonl")
    try write(["torch": bad, "commit": bad], to: "origin.jsonl")
    try write(["size": 8, "data": bad, "distil": ["method": bad]], to: "settings.json")
    let measure: [String: Any] = [
      "measure": bad, "network": bad, "networkFile": bad, "preparation": bad, "real": 2,
      "drawn": 2, "value": 1, "mark": "unseen",
    ]
    let report: [String: Any] = [
      "model": bad, "modelFingerprint": bad, "producer": bad, "method": bad, "kimg": 0,
      "compressionRate": 50, "pictures": ["data": bad, "size": 8], "measures": [measure],
    ]
    try JSONSerialization.data(withJSONObject: report)
      .write(to: URL(filePath: "\(folder.path)/report.json"))
    let evaluation = "\(folder.path)/report.json"
    let html = try ReportPage(runs: [named, named], evaluations: [evaluation]).html
    #expect(html.contains("&lt;b onclick=&quot;x&quot;&gt;&amp;&#39;"))
    #expect(!html.contains("<b ") && !html.contains("onclick=\"") && !html.contains("\u{1b}"))
    #expect(html.contains("no run of this page holds"))
  }

  /// Numbers at the ends of what is read find a place, or the page would not be made.
  @Test(arguments: [
    ["1e30", "-1e30"], ["1e-300", "1e-290"], ["0", "0"], ["1", "1.0000000000000002"],
    ["1e30", "1e30"], ["-5", "-5"], ["1e-9", "1e9"],
  ])
  func strangeNumbersAreDrawn(values: [String]) throws {
    let lines = values.enumerated().map { i, value in
      "{\"images\":\(1e3 * Double(i + 1)),\"r1\":\(value),\"score_real\":\(value)}"
    }
    try write(lines.joined(separator: "\n"), to: "run/log.jsonl")
    let html = try page().html
    #expect(html.contains("<polyline") && !html.contains("nan") && !html.contains("inf,"))
  }

  /// A thinned curve keeps every value inside its band, and the mean of all.
  @Test func thinningKeepsTheRange() {
    var random = RandomState(seed: 4)
    let values = (0..<1600).map { _ in random.nextDouble() }
    let lines = values.enumerated().map { "{\"images\":\($0 + 1),\"r1\":\($1)}" }
    let log = RunLog(Array(lines.joined(separator: "\n").utf8))
    #expect(log.lines == 1600)
    let thin = ThinnedCurve(log.curves[0])
    #expect(thin.group == 10 && thin.points.count == 160 && thin.band.count == 160)
    for (i, value) in values.enumerated() {
      #expect((thin.band[i / 10].low...thin.band[i / 10].high).contains(value))
    }
    #expect(thin.band.allSatisfy { values.contains($0.low) && values.contains($0.high) })
    let mean = thin.points.reduce(0) { $0 + $1.y } / 160
    #expect(abs(mean - values.reduce(0, +) / 1600) < 1e-12)
    let short = ThinnedCurve(.init(name: "r1", points: Array(log.curves[0].points.prefix(160))))
    #expect(
      short.group == 1 && short.band.isEmpty && short.points.map(\.y) == Array(values[..<160]))
  }

  /// One number changed at a time: what differs in its name has an axis of its own.
  @Test func onlyEqualNamesShareAnAxis() throws {
    func report(
      _ name: String, kimg: Double, _ change: (inout Measure, inout EvaluationReport) -> Void
    ) throws {
      var report = try EvaluationReport(reading: Self.stored("run-evaluation.json"))
      report.kimg = kimg
      report.modelFingerprint = name
      report.model = "\(name)/g.safetensors"
      var measure = report.measures[0]
      measure.value = kimg
      change(&measure, &report)
      report.measures = [measure]
      try report.write(to: "\(folder.path)/\(name).json")
    }
    try report("a", kimg: 1) { _, _ in }
    try report("b", kimg: 2) { _, report in
      (report.compressionRate, report.method) = (75, "plain")
    }
    let together = try page(["a.json", "b.json"])
    // Four curves of the log, one measure over its length, one over its rate.
    #expect(count("div class=\"card\"", together.html) == 6)
    #expect(together.html.contains(">a*</text>") && together.html.contains(">b*</text>"))
    for change: (inout Measure, inout EvaluationReport) -> Void in [
      { measure, _ in measure.measure = "frechet" }, { measure, _ in measure.network = "judge" },
      { measure, _ in measure.networkFile = "2" }, { measure, _ in measure.preparation = "4x4" },
      { measure, _ in measure.real = 31 }, { measure, _ in measure.drawn = 31 },
      { _, report in report.pictures?.skip = 65 }, { _, report in report.pictures?.size = 16 },
    ] {
      try report("b", kimg: 2) { measure, report in
        (report.compressionRate, report.method) = (75, "plain")
        change(&measure, &report)
      }
      #expect(count("div class=\"card\"", try page(["a.json", "b.json"]).html) == 6)
      #expect(!(try page(["a.json", "b.json"]).html.contains("against compression rate")))
    }
  }

  /// The start of a student is a pruned network, and one point, whichever run it was measured in.
  @Test func longestOfEachMethodIsDrawn() throws {
    let stored = try EvaluationReport(reading: Self.stored("run-evaluation.json"))
    func entry(
      _ fingerprint: String, _ method: String?, _ kimg: Double?, _ owners: [String]
    ) -> Measured.Point {
      var report = stored
      (report.modelFingerprint, report.method, report.kimg) = (fingerprint, method, kimg)
      let entry = Measured.Entry(report: report, owners: owners, isMatched: true)
      return Measured.Point(owner: owners[0], entry: entry, measure: report.measures[0])
    }
    let points = [
      entry("start", "plain", 0, ["a"]), entry("start", "plain", 0, ["b"]),
      entry("start", "pruned", nil, ["b"]), entry("a2", "plain", 2, ["a"]),
      entry("a1", "plain", 1, ["a"]), entry("b2", "nickel-dime", 2, ["b"]),
      entry("t0", "teacher", 0, ["t"]), entry("t3", "teacher", 3, ["t"]), entry("u", nil, 1, ["u"]),
    ]
    let found = Measured.longest(points).map {
      [$0.entry.report.modelFingerprint, $0.entry.method]
    }
    #expect(
      Set(found) == [
        ["start", "pruned"], ["a2", "plain"], ["b2", "nickel-dime"], ["t3", "teacher"],
        ["u", "unknown"],
      ])
    #expect(found.count == 5)
  }

  /// A measure belongs to the run that holds its generator, whatever the checkpoint was called.
  @Test func measuresFindTheirRun() throws {
    var report = try EvaluationReport(reading: Self.stored("run-evaluation.json"))
    report.model = "elsewhere/moved.safetensors"
    try report.write(to: "\(folder.path)/e.json")
    #expect(try page(["e.json"]).html.contains(">run</text>"))
    // The other snapshot's length; another generator.
    for change: (inout EvaluationReport) -> Void in [
      { $0.kimg = 0 }, { $0.modelFingerprint = "0" },
    ] {
      var other = report
      change(&other)
      try other.write(to: "\(folder.path)/e.json")
      let html = try page(["e.json"]).html
      #expect(!html.contains(">run</text>") && html.contains(">elsewhere*</text>"))
    }
  }
}
