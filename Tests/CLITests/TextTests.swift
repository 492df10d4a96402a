import CLI
import Core
import Foundation
import Page
import Support
import Testing

/// Numbers, names, tables and JSON as text.
struct TextTests {
  @Test(arguments: [
    (0.0, 0, "0"), (0.05, 1, "0.1"), (2.675, 1, "2.7"), (-0.04, 1, "0.0"), (-1.25, 1, "-1.3"),
    (1234.5, 2, "1234.50"), (9.999, 2, "10.00"), (.nan, 2, "nan"), (.infinity, 2, "inf"),
  ])
  func roundsToDecimals(value: Double, digits: Int, text: String) {
    #expect(Format.fixed(value, digits) == text)
  }

  @Test(arguments: [
    (14.9, "14.9"), (3.73, "3.73"), (1.386, "1.39"), (0.6184, "0.618"), (0.16338, "0.163"),
    (0.0475, "0.0475"), (45.1246, "45.1"), (149.97, "150"), (9.996, "10.0"), (0, "0.00"),
  ])
  func showsThreeDigits(value: Double, text: String) {
    #expect(Format.significant(value) == text)
  }

  @Test func scalesCountsAndBytes() {
    #expect(Format.scaled(2_690_000) == "2.69 M")
    #expect(Format.scaled(999) == "999")
    #expect(Format.bytes(5_800_000) == "5.8 MB")
    #expect(Format.bytes(12) == "12 B")
    #expect(Format.duration(6_104_233) == "6.1 ms")
    #expect(Format.duration(27_000_000) == "27 ms")
    #expect(Format.duration(3_040_000_000) == "3.0 s")
    #expect(Format.duration(600_000_000_000) == "10 min")
  }

  /// The same characters are escaped on every way to a terminal.
  @Test(arguments: ["\u{1b}", "\u{7f}", "\u{9b}", "\u{202e}", "\u{2028}", "\u{e000}", "\u{e0001}"])
  func escapesTheSameEverywhere(scalar: String) throws {
    let text = "a\(scalar)b"
    #expect(!text.printable.contains(scalar))
    #expect(!Markup.escaped(text).contains(scalar))
    let line = JSON.text(text).line
    #expect(line.utf8.allSatisfy { (0x20..<0x7f).contains($0) })
    let parsed = try JSONSerialization.jsonObject(
      with: Data(line.utf8), options: .fragmentsAllowed)
    #expect(parsed as? String == text)
    let errors = CLI.Stream()
    let console = Console(output: CLI.Stream(), errors: errors, environment: Environment([:]))
    console.level = .debug
    console.detail(text)
    console.note(text)
    console.warn(text)
    #expect(!errors.text.contains(scalar))
  }

  @Test func factsOfOneNameAreAList() {
    let facts = [("kimg", "1"), ("ratio", "0.9"), ("kimg", "2")]
    #expect(
      Listing.facts(facts.map { (name: $0.0, value: $0.1) }).line
        == #"{"kimg":["1","2"],"ratio":"0.9"}"#)
  }

  @Test func factsAreCut() {
    let long = String(repeating: "\u{1b}", count: 65_000)
    let many = (0..<256).map { (name: "\($0)", value: long) }
    let line = Listing.facts(many).line
    #expect(line.utf8.count < Listing.facts * (Listing.fact + 64) * 6)
    #expect(Listing.rest(256, of: Listing.facts, "fact") == "and 192 more facts")
    #expect(Listing.rest(64, of: Listing.facts, "fact") == nil)
  }

  @Test func makesFoldersHoweverDeep() throws {
    let folder = try TemporaryFolder()
    let deep = folder.path + String(repeating: "/a", count: 1500)
    try Path.makeFolder(deep)
    #expect(Path.isFolder(deep))
    let endless = folder.path + String(repeating: "/a", count: 65_000)
    #expect(throws: ObverseError.cannotCreate(path: endless, why: "file name too long")) {
      try Path.makeFolder(endless)
    }
    #expect(throws: ObverseError.self) { try Path.makeFolder("/dev/null/a/b") }
  }

  @Test(arguments: [
    ("face-%04d.png", 85, "face-0085.png"), ("%d", 123456, "123456"), ("%2d.png", 7, "07.png"),
    ("100%%-%d", 1, "100%-1"), ("plain.png", 9, "plain.png"), ("50%%.png", 9, "50%.png"),
  ])
  func fillsPatterns(pattern: String, number: Int, name: String) throws {
    #expect(try Pattern(pattern).name(number) == name)
  }

  @Test(arguments: [
    "%s", "%", "a%", "%04", "%d%d", "%99d", "%-4d", "%n", "%123456789012345678901d",
  ])
  func refusesOtherPatterns(pattern: String) {
    #expect(throws: ObverseError.self) { try Pattern(pattern) }
  }

  @Test(arguments: ["4", "4x", "0x2", "4x2x1", "-1x2", "2000x1", "ax2"])
  func refusesWhatIsNoGrid(text: String) {
    #expect(throws: ObverseError.self) { try Grid(text) }
  }

  @Test func writesJSONInOrder() {
    let value = JSON.object([
      ("schema", .text("a/1")), ("b", .list([.integer(-1), .number(0.5), .number(3), .null])),
      ("a", .text("\"\\\n\u{1}é")), ("t", .bool(true)), ("psi", .float(0.7)),
      ("inf", .number(.infinity)),
    ])
    #expect(
      value.line == #"{"schema":"a/1","b":[-1,0.5,3,null],"a":"\"\\\n\u0001é","t":true,"#
        + #""psi":0.7,"inf":null}"#)
  }

  @Test func alignsTables() {
    var table = TextTable([.init("name"), .init("ms", number: true)])
    table.add(["a,b", "1.5"])
    #expect(
      table.markdown == ["| name |  ms |", "|------|----:|", "| a,b  | 1.5 |"])
    #expect(table.csv == ["name,ms", "\"a,b\",1.5"])
  }

  @Test func takesQuantiles() {
    #expect(Samples.median([]) == 0)
    #expect(Samples.median([3, 1, 2]) == 2)
    #expect(Samples.median([4, 1, 2, 3]) == 2)
    #expect(Samples.quantile(Array(1...20), 95) == 19)
    #expect(Samples.quantile([7], 95) == 7)
  }

  @Test func splitsPaths() {
    #expect(Path.folder("out/a.png") == "out")
    #expect(Path.folder("a.png") == ".")
    #expect(Path.folder("/a.png") == "/")
    #expect(Path.stem("x/network-0.9.pkl") == "network-0.9")
    #expect(Path.stem("x/.hidden") == ".hidden")
    #expect(Path.suffix("a.b/c") == nil)
    #expect(Path.suffix("a.PNG") == "png")
    #expect(Path.join(".", "a") == "a")
    #expect(Path.join("out/", "a") == "out/a")
  }
}
