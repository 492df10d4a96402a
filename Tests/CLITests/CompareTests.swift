import CLI
import Foundation
import Support
import Testing

/// `compare` as a gate.
struct CompareTests {
  @Test func findsEqualModelsEqual() throws {
    let model = try ModelFolder("nd64-r0.9")
    let run = try model.run(["compare", "net.obv", "net.obv", "--seeds", "3,1", "--psnr", "99"])
    #expect(run.code == 0, "\(run.errors)")
    #expect(
      run.lines == [
        "| seed | max |   mean | PSNR dB |", "|-----:|----:|-------:|--------:|",
        "|    3 |   0 | 0.0000 |     inf |", "|    1 |   0 | 0.0000 |     inf |",
        "|  all |   0 | 0.0000 |     inf |",
      ])
  }

  @Test func passesAndFailsByEachLimit() throws {
    let model = try ModelFolder("nv64-skip")
    #expect(try model.run(["convert", "net.obv", "-o", "half.obv", "--type", "f16"]).code == 0)
    func run(_ words: String...) throws -> WholeProgram {
      try model.run(["compare", "net.obv", "half.obv", "--seeds", "0-3"] + words)
    }
    let all = try run("--format", "json")
    let object = try all.object()
    #expect(object["schema"] as? String == "obverse.compare/1")
    let images = try #require(object["images"] as? [[String: Any]])
    #expect(images.map { $0["seed"] as? Int } == [0, 1, 2, 3])
    let largest = images.compactMap { $0["max"] as? Int }.max() ?? 0
    let mean = images.compactMap { $0["mean"] as? Double }.max() ?? 0
    let psnr = images.compactMap { $0["psnr_db"] as? Double }.min() ?? 0
    #expect(largest > 0 && mean > 0 && psnr > 40)
    for (option, passing, failing) in [
      ("--max-diff", "\(largest)", "\(largest - 1)"),
      ("--mean-diff", "\(mean * 1.01)", "\(mean * 0.99)"),
      ("--psnr", "\(psnr - 0.1)", "\(psnr + 0.1)"),
    ] {
      #expect(try run(option, passing).code == 0)
      let refused = try run(option, failing)
      #expect(refused.code == 1)
      #expect(refused.lines.count == 7)  // the table comes nevertheless
      #expect(refused.errors.hasPrefix("obverse: error: seed "))
      #expect(refused.errors.contains("than \(option) "))
    }
    #expect(try run("--format", "csv").lines[0] == "seed,max,mean,PSNR dB")
    #expect(try run("-o", "table.md").lines == ["table.md"])
  }

  @Test func agreesWithArithmeticByHand() {
    let difference = Difference([0, 10, 255, 7], [1, 10, 250, 7])
    #expect(difference.largest == 5)
    #expect(difference.mean == 1.5)
    #expect(abs(difference.psnr - 10 * log10(255 * 255 / 6.5)) < 1e-12)
    var set = Difference()
    set.add(difference)
    set.add(Difference([0], [0]))
    #expect(set.mean == 1.2 && set.largest == 5)
  }

  @Test func refusesModelsThatDrawOtherSizes() throws {
    let model = try ModelFolder("nd64-r0.9")
    let other = try ModelFolder("rosi32-legacy")
    let run = try model.run(["compare", "net.obv", other.folder.path + "/net.obv"])
    #expect(run.code == 64)
    #expect(run.errors.contains("have 64 and 32 pixels a side"))
  }
}
