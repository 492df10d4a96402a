import Foundation
import Support
import Testing

struct BenchTests {
  @Test func printsARowForEachThreadCount() throws {
    let model = try ModelFolder("nd64-r0.9")
    let words = ["bench", "-m", "net.obv", "-t", "1,2", "-r", "4", "--warmup", "1"]
    let table = try model.run(words)
    #expect(table.code == 0, "\(table.errors)")
    #expect(table.lines.count == 4)
    #expect(table.lines[0].hasPrefix("| model | type | params |"))
    let csv = try model.run(words + ["--format", "csv"])
    #expect(csv.lines.count == 3)
    let lines = try model.run(words + ["--format", "jsonl", "-o", "here.jsonl"])
    #expect(lines.lines == ["here.jsonl"])
    #expect(try model.data("here.jsonl").split(separator: 10).count == 2)
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
}
