import Core
import Options
import Testing

/// A command of every kind of option.
enum Try: ListedCommand {
  static let name = "try"
  static let table = CommandTable(
    name: "try", purpose: "Tries.", usage: "FILE", examples: ["test-try try a"], operands: 0...1,
    groups: [
      OptionGroup(
        "all",
        [
          Option("model", "FILE", "a model", short: "m", aliases: ["network"]),
          Option("trunc", "PSI", "a number", preset: "1"), Option("trunc-cutoff", "N", "a count"),
          Option("projected-w", "FILE", "a file"), Option("json", nil, "a flag", short: "j"),
          Option("seen", "FILE ...", "files", rare: true, detail: "As many as there are."),
        ])
    ])
}

/// A program of one command, whose name has a hyphen.
let program = ProgramTable(
  name: "test-try", title: "Test", version: "1.2", does: "tries.", purpose: "try",
  description: ["Tries what it is given."], notes: ["A note on - things."],
  examples: ["test-try try a"],
  commands: [Try.self], common: OptionGroup("talk", Option.standing),
  environment: [("TRY", "how often it tries")],
  ownExitCodes: [(2, "it was tried in vain")])

/// Words, and the sentence and hint that refuse them.
struct Refusal: Sendable {
  let words: [String]
  let sentence: String
  let hint: String?

  init(_ words: [String], _ sentence: String, _ hint: String? = nil) {
    self.words = words
    self.sentence = sentence
    self.hint = hint
  }
}

struct ParsedOptionsTests {
  private func parse(_ words: String...) throws -> ParsedOptions {
    try ParsedOptions(words, for: program.commands[0])
  }

  @Test func takesAValueAsNextWordOrBehindEquals() throws {
    #expect(try parse("--model", "a").text("model") == "a")
    #expect(try parse("--model=a=b").text("model") == "a=b")
    #expect(try parse("--model=").text("model") == "")
    #expect(try parse("-m", "a").text("model") == "a")
    #expect(try parse("--network", "a").text("model") == "a")
  }

  @Test func readsUnderscoresAsHyphens() throws {
    #expect(try parse("--projected_w", "x").text("projected-w") == "x")
    #expect(try parse("--trunc_cutoff=3").integer("trunc-cutoff", in: 0...9) == 3)
  }

  @Test(
    arguments: [("-0.5", -0.5), ("-.5", -0.5), ("-3", -3), ("1e-3", 0.001)] as [(String, Float)])
  func takesNegativeNumbersAsValues(word: String, value: Float) throws {
    #expect(try parse("--trunc", word).number("trunc") == value)
  }

  @Test func takesAHyphenAsValue() throws {
    #expect(try parse("--model", "-").text("model") == "-")
  }

  @Test func endsOptionsAtTwoHyphens() throws {
    let parsed = try parse("--json", "--", "--trunc", "-m")
    #expect(parsed.has("json"))
    #expect(!parsed.has("trunc"))
    #expect(parsed.operands == ["--trunc", "-m"])
  }

  @Test func takesTheLastOfRepeatedOptions() throws {
    #expect(try parse("--trunc", "1", "--trunc=2").number("trunc") == 2)
  }

  @Test func takesAllWordsUpToTheNextOption() throws {
    let parsed = try parse("--seen", "a", "b", "-3", "--json", "--seen=c", "d", "--seen", "e")
    #expect(parsed.texts("seen") == ["a", "b", "-3", "c", "e"])
    #expect(parsed.operands == ["d"])
    #expect(parsed.given == ["json", "seen"])
  }

  @Test func asksForNumbersOfAtLeastABound() throws {
    let parsed = try parse("--trunc", "-0.5")
    #expect(try parsed.number("trunc", least: -0.5) == -0.5)
    #expect(
      throws: ObverseError.usage(
        "option '--trunc' needs a finite number of at least 0.0, not '-0.5'", hint: nil)
    ) { try parsed.number("trunc", least: 0.0) }
  }

  static let refusals: [Refusal] = [
    Refusal(["--trunk", "1"], "unknown option '--trunk'", "did you mean '--trunc'?"),
    Refusal(["--truncation", "1"], "unknown option '--truncation'", "did you mean '--trunc'?"),
    Refusal(["--mdoel", "x"], "unknown option '--mdoel'", "did you mean '--model'?"),
    Refusal(["--zzz"], "unknown option '--zzz'", "test-try help try"),
    Refusal(["-x"], "unknown option '-x'", "test-try help try"),
    Refusal(["-mfaces"], "unknown option '-mfaces'", "did you mean '-m faces'?"),
    Refusal(["--trunc"], "option '--trunc' needs a value: PSI"),
    Refusal(["--model", "--json"], "option '--model' needs a value: FILE"),
    Refusal(["--model", "-v.obv"], "option '--model' needs a value: FILE", "--model=-v.obv"),
    Refusal(["--json=1"], "option '--json' takes no value"),
  ]

  @Test(arguments: refusals)
  func namesWhatIsWrong(_ refusal: Refusal) {
    #expect(throws: ObverseError.usage(refusal.sentence, hint: refusal.hint)) {
      try ParsedOptions(refusal.words, for: program.commands[0])
    }
  }

  @Test(arguments: ["nan", "inf", "", "1x", "0.7,"])
  func refusesWhatIsNoFiniteNumber(text: String) throws {
    let parsed = try parse("--trunc=\(text)")
    #expect(
      throws: ObverseError.usage(
        "option '--trunc' needs a finite number, not '\(text)'", hint: nil)
    ) { let _: Float? = try parsed.number("trunc") }
  }

  @Test(arguments: ["10", "-1", "1.5", "99999999999999999999"])
  func refusesIntegersOutsideOfTheRange(text: String) throws {
    let parsed = try parse("--trunc-cutoff=\(text)")
    #expect(throws: ObverseError.self) { try parsed.integer("trunc-cutoff", in: 0...9) }
  }

  @Test func countsOperands() throws {
    let parsed = try parse("a", "b")
    #expect(
      throws: ObverseError.usage(
        "'b' is one word too many for 'test-try try'", hint: "test-try help try")
    ) { try parsed.checkOperands() }
  }
}
