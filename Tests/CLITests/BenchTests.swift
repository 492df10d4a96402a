import CLI
import Foundation
import Support
import Testing

struct BenchTests {
  @Test func printsARowForEachThreadCount() throws {
    let model = try ModelFolder("nd64-r0.9")
    let words = ["bench", "-m", "net.obv", "-t", "1,2", "-r", "4", "--warmup", "1"]
    let table = try model.run(words)
    #expect(table.code == 0, "\(table.errors)")
    #expect(table.errors.isEmpty)
    #expect(table.lines.count == 4)
    #expect(table.lines[0].hasPrefix("| model | type | params |"))
    let csv = try model.run(words + ["--format", "csv"])
    #expect(csv.lines.count == 3)
    let lines = try model.run(words + ["--format", "jsonl", "-o", "here.jsonl"])
    #expect(lines.lines == ["here.jsonl"])
    #expect(try model.data("here.jsonl").split(separator: 10).count == 2)
  }

  /// What can be computed otherwise is; a word that is no algorithm is refused.
  @Test(arguments: ["direct", "winograd", "planar"])
  func takesOneAlgorithmForAll(name: String) throws {
    let model = try ModelFolder("nd64-r0.9")
    let words = ["bench", "-m", "net.obv", "-t", "1", "-r", "1", "--layers", "--json"]
    let run = try model.run(words + ["--algorithm", name])
    #expect(run.code == 0, "\(run.errors)")
    let layers = try #require(run.object()["layers"] as? [[String: Any]])
    let named = layers.compactMap { $0["algorithm"] as? String }
    #expect(named.contains(name))
    // What is small or narrow has no other way than the direct one.
    if name == "direct" { #expect(Set(named) == ["direct"]) }
    #expect(try model.run(words + ["--algorithm", "plane"]).code == 64)
  }

  @Test func keepsEverySample() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try model.run(["bench", "-m", "net.obv", "-t", "1", "-r", "5", "--json"])
    #expect(run.lines[0].hasPrefix(#"{"schema":"obverse.bench/1","model":{"#))
    let runs = try #require(run.object()["runs"] as? [[String: Any]])
    let samples = try #require(runs[0]["samples_ns"] as? [Int])
    #expect(samples.count == 5)
    #expect(runs[0]["median_ns"] as? Int == samples.sorted()[2])
    #expect(runs[0]["min_ns"] as? Int == samples.min())
    #expect((runs[0]["peak_bytes"] as? Int ?? 0) > 1 << 20)
  }

  @Test func measuresSeveralModels() throws {
    let model = try ModelFolder("nd64-r0.9")
    try FileManager.default.copyItem(
      atPath: model.folder.path + "/net.obv", toPath: model.folder.path + "/other.obv")
    let run = try model.run([
      "bench", "-m", "net.obv", "-m", "other.obv", "-t", "1,2", "-r", "2", "--json",
    ])
    #expect(run.code == 0, "\(run.errors)")
    let object = try run.object()
    let runs = try #require(object["runs"] as? [[String: Any]])
    #expect(
      runs.map { $0["path"] as? String } == ["net.obv", "net.obv", "other.obv", "other.obv"])
    #expect(runs.map { $0["threads"] as? Int } == [1, 2, 1, 2])
    #expect((object["models"] as? [Any])?.count == 2)
  }

  @Test func drawsBatchesAndEncodes() throws {
    let model = try ModelFolder("nd64-r0.9")
    let words = ["bench", "-m", "net.obv", "-t", "2", "-r", "3", "--batch", "5", "--encode", "png"]
    let run = try model.run(words + ["--json"])
    #expect(run.code == 0, "\(run.errors)")
    let result = try #require((run.object()["runs"] as? [[String: Any]])?.first)
    #expect(result["batch"] as? Int == 5)
    #expect(result["faces"] as? Int == 15)
    #expect((result["encode_samples_ns"] as? [Int])?.count == 3)
    let median = try #require(result["median_ns"] as? Double)
    let rate = try #require(result["faces_per_s"] as? Double)
    #expect(abs(rate * median / 5e9 - 1) < 1e-6)
    let titles = try model.run(words + ["--format", "csv"]).lines[0].split(separator: ",")
    #expect(titles.contains("batch") && titles.contains("PNG ms"))
  }

  @Test func timesTheStepsOfAFace() throws {
    let model = try ModelFolder("nv64-skip")
    for rule in ["in", "out", "fit"] {
      let run = try model.run([
        "bench", "-m", "net.obv", "-t", "1", "-r", "9", "--layers", "--count", rule, "--json",
      ])
      #expect(run.code == 0, "\(run.errors)")
      let object = try run.object()
      let layers = try #require(object["layers"] as? [[String: Any]])
      let macs = layers.compactMap { $0["macs"] as? Int }
      let inspected = try model.run(["inspect", "net.obv", "--count", rule, "--json"]).object()
      let network = try #require(inspected["network"] as? [String: Any])
      #expect(macs.reduce(0, +) == network["macs"] as? Int)

      let result = try #require((object["runs"] as? [[String: Any]])?.first)
      let timing = try #require(result["step_timing"] as? [String: Any])
      // Every layer is in one part, and the parts lie within the whole, however long that took.
      let whole = try #require(timing["whole_ns"] as? Int)
      let times = layers.compactMap { $0["ns"] as? Int }
      #expect(times.count == layers.count && times.allSatisfy { $0 > 0 })
      #expect(times.reduce(0, +) <= whole)
      let timed = layers.compactMap { $0["layers"] as? [String] }.flatMap(\.self)
      let listed = try model.run(["inspect", "net.obv", "--layers", "--json"]).object()
      let names = try #require(listed["layers"] as? [[String: Any]]).compactMap {
        $0["name"] as? String
      }.map { $0.hasPrefix("fc") ? "mapping" : $0 }
      #expect(!names.isEmpty && Set(names).isSubset(of: timed), "\(names) \(timed)")
      #expect(Set(timed).count == timed.count)
      #expect(timing["overhead"] is Double)
      let roof = try #require(result["roof"] as? [String: Any])
      #expect((roof["flops_per_s"] as? Double ?? 0) > 1e8)
    }
    let table = try model.run(["bench", "-m", "net.obv", "-t", "1", "-r", "4", "--layers"])
    #expect(table.lines.contains { $0.hasPrefix("| layer") && $0.contains("| % roof | bound") })
    #expect(table.lines.contains { $0.hasPrefix("| mapping") })
    #expect(table.lines.contains { $0.hasPrefix("roof: ") })
    let csv = try model.run([
      "bench", "-m", "net.obv", "-t", "1,2", "-r", "4", "--layers", "--format", "csv",
    ]).lines
    #expect(csv[0].hasPrefix("model,threads,layer,MMAC,"))
    #expect(csv.filter { $0.contains(",total,") }.count == 2)
  }

  @Test func measuresTheMachine() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try model.run([
      "bench", "-m", "net.obv", "-t", "1", "-r", "2", "--machine", "--format", "csv",
    ])
    #expect(run.code == 0, "\(run.errors)")
    let titles = run.lines[0].split(separator: ",").map(String.init)
    let cells = run.lines[1].split(separator: ",", omittingEmptySubsequences: false)
    let place = try #require(titles.firstIndex(of: "peak GFLOP/s"))
    #expect((Double(cells[place]) ?? 0) > 0.1)
    // Counters are there, or one sentence says why not.
    if titles.contains("M instructions") {
      #expect(run.errors.isEmpty)
    } else {
      #expect(run.errors.hasPrefix("hardware counters are left out: "))
      #expect(run.errors.split(separator: "\n").count == 1)
    }
  }

  @Test func showsTheAlgorithmOfEachConvolution() throws {
    let model = try ModelFolder("nv64-skip")
    let run = try model.run(["inspect", "net.obv", "--layers", "--json"])
    let layers = try #require(run.object()["layers"] as? [[String: Any]])
    for layer in layers {
      let isConv = ["conv3x3", "upConv3x3"].contains(layer["kind"] as? String)
      let algorithm = layer["algorithm"] as? String
      #expect(isConv == (algorithm != nil), "\(layer)")
      #expect(algorithm.map { ["direct", "winograd", "planar"].contains($0) } ?? true)
    }
  }
}

struct BaselineTests {
  @Test func addsRatios() throws {
    let model = try ModelFolder("nd64-r0.9")
    let words = ["bench", "-m", "net.obv", "-r", "3", "-t"]
    #expect(try model.run(words + ["1", "--json", "-o", "base.json"]).code == 0)
    let run = try model.run(words + ["1,2", "--json", "--baseline", "base.json"])
    #expect(run.code == 0, "\(run.errors)")
    #expect(
      run.errors == "obverse: warning: 'base.json' has no run of net with 2 threads, batch 1\n")
    let runs = try #require(run.object()["runs"] as? [[String: Any]])
    let base = try #require(
      try JSONSerialization.jsonObject(with: model.data("base.json")) as? [String: Any])
    let then = try #require((base["runs"] as? [[String: Any]])?.first?["median_ns"] as? Double)
    let now = try #require(runs[0]["median_ns"] as? Double)
    let ratios = try #require(runs[0]["ratios"] as? [String: Double])
    #expect(abs((ratios["median"] ?? 0) - now / then) < 1e-9)
    #expect(runs[1]["ratios"] == nil)
    let csv = try model.run(words + ["1", "--format", "csv", "--baseline", "base.json"])
    #expect(csv.lines[0].hasSuffix(",median / base,peak / base"))
  }

  @Test func refusesWhatIsNoBaseline() throws {
    let model = try ModelFolder("nd64-r0.9")
    func refusal(_ text: String) throws -> WholeProgram {
      try model.folder.write(Array(text.utf8), to: "base.json")
      let run = try model.run(["bench", "-m", "net.obv", "-r", "1", "--baseline", "base.json"])
      #expect(run.output.isEmpty)
      return run
    }
    let cases: [(String, String)] = [
      ("", "'base.json': the file is empty"),
      ("{", "'base.json': baseline: a key is wanted at byte 1"),
      ("{\"schema\":\"obverse.info/1\"}", "it is no obverse.bench/1 object with runs"),
      ("{\"schema\":\"obverse.bench/1\",\"runs\":[{}]}", "run 0 names no model or no threads"),
      (
        "{\"schema\":\"obverse.bench/1\",\"runs\":[{\"sha256\":\"a\",\"threads\":1}]}",
        "run 0 has no load_ns above 0"
      ),
      (
        """
        {"schema":"obverse.bench/1","runs":[{"sha256":"a","threads":1,"load_ns":1,"first_ns":1,
        "median_ns":1,"p95_ns":1,"min_ns":1,"peak_bytes":1}]}
        """, "'base.json': baseline: it has no run of this model"
      ),
    ]
    for (text, sentence) in cases {
      let run = try refusal(text)
      #expect(run.code == 65)
      #expect(run.errors.contains(sentence), "\(run.errors)")
    }
    let missing = try model.run(["bench", "-m", "net.obv", "--baseline", "none.json"])
    #expect(missing.code == 66)
  }

  @Test(
    arguments: [
      Refusal(
        ["--layers", "--batch", "2"],
        "--layers and --batch exclude each other: faces of a batch are at different steps"),
      Refusal(
        ["--html", "-"], "--html needs a file: standard output carries the figures"),
      Refusal(["--encode", "jpeg"], "option '--encode' is one of png, none, not 'jpeg'"),
      Refusal(["--count", "both"], "option '--count' is one of in, out, fit, not 'both'"),
      Refusal(
        ["--batch", "0"], "option '--batch' needs a whole number from 1 to 10000, not '0'"),
      Refusal(["--html", ""], "an output needs a name"),
    ])
  func refusesWords(refusal: Refusal) {
    let outcome = Outcome(words: ["bench"] + refusal.words)
    #expect(outcome.code == 64)
    #expect(outcome.errors.hasPrefix("obverse: error: \(refusal.sentence)\n"))
    #expect(outcome.output.isEmpty)
  }
}
