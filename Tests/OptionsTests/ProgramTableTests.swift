import Core
import Foundation
import Options
import Support
import Testing

/// What a program says of itself, on one whose name has a hyphen.
struct ProgramTableTests {
  /// The text that words ask for.
  private func answer(_ words: String...) throws -> String {
    switch try program.request(words) {
    case .answer(let text): return text
    case .command(let name, let parsed):
      try parsed.checkOperands()
      return try #require(try program.answer(name, parsed))
    }
  }

  @Test func overviewHasALineForEachCommand() throws {
    let text = try answer("--help")
    #expect(
      text == """
        Test 1.2 tries.

        USAGE  test-try COMMAND [OPTIONS]

        EXAMPLES
          test-try try a

        COMMANDS
          try         Tries.
          completion  Prints what lets bash, zsh or fish complete command lines.
          help        Explains the program, or one command.

        See 'test-try COMMAND --help', 'test-try --help-all' and 'test-try help --man'.
        """)
    #expect(try answer("-h") == text && answer("help") == text)
    #expect(
      try answer()
        == text.replacing(
          """
          COMMANDS
            try         Tries.
            completion  Prints what lets bash, zsh or fish complete command lines.
            help        Explains the program, or one command.
          """, with: "COMMANDS  try completion help"))
    #expect(try answer("--help-all").hasPrefix(text))
    #expect(
      try answer("--help-all").hasSuffix(
        """
        A note on - things.

        ENVIRONMENT
          TRY                     how often it tries

        EXIT CODES
          0    done
          2    it was tried in vain
          64   usage: a bad option or value
          65   an input file is malformed, unsupported or refused
          66   an input file is missing or unreadable
          70   a bug of ours
          71   out of memory or threads
          73   the output cannot be created
          74   read or write error, disk full
          130  interrupted
        """))
    #expect(
      try answer("--version") == "test-try 1.2" && answer("try", "--version") == "test-try 1.2")
  }

  @Test func hidesRareOptionsInTheShortHelpAlone() throws {
    #expect(try !answer("try", "-h").contains("--seen"))
    #expect(try answer("try", "--help-all").contains("      --seen FILE ...     files\n"))
    #expect(try answer("try", "-h").contains("      --trunc PSI         a number [1]\n"))
    #expect(try answer("help", "try") == answer("try", "-h"))
  }

  @Test func writesAPageForEachCommand() throws {
    let page = try answer("help", "try", "--man")
    #expect(page.hasPrefix(#".TH TEST\-TRY\-TRY 1 "" "test-try 1.2" "User Commands""#))
    #expect(page.contains("\n" + #"test\-try\-try \- tries"# + "\n"))
    #expect(page.contains(#"\fB\-\-seen\fR \fIFILE ...\fR"# + "\nfiles. As many as there are.\n"))
    #expect(!page.contains("completion"))
    let whole = try answer("help", "--man")
    #expect(whole.contains("\n" + #".SS test-try completion bash|zsh|fish"#))
    #expect(whole.contains("\n" + #"A note on \- things."# + "\n"))
  }

  @Test(
    .enabled(if: Tool.exists("man"), "man is not installed"),
    arguments: [["help", "--man"], ["help", "try", "--man"], ["help", "help", "--man"]])
  func manReadsItsPages(words: [String]) throws {
    let folder = try TemporaryFolder()
    guard case .command(let name, let parsed) = try program.request(words) else { return }
    let text = try #require(try program.answer(name, parsed))
    let path = try folder.write(Array(text.utf8), to: "page.1")
    let run = try Tool.run("man", ["--warnings", "-l", path])
    #expect(run.code == 0 && run.errors.isEmpty, "\(run.errors)")
  }

  static let refusals: [Refusal] = [
    Refusal(["tri"], "unknown command 'tri'", "did you mean 'try'?"),
    Refusal(["zzzzz"], "unknown command 'zzzzz'", "test-try help"),
    Refusal(
      ["--model"], "options come after a command, as in 'test-try try --model'", "test-try help"),
    Refusal(["help", "tri"], "unknown command 'tri'", "test-try help try"),
    Refusal(
      ["completion", "bsh"], "no completion for 'bsh': bash, zsh and fish are known",
      "test-try completion bash"),
    Refusal(
      ["completion"], "'test-try completion' needs one of bash, zsh, fish",
      "test-try completion bash > ~/.local/share/bash-completion/completions/test-try"),
  ]

  @Test(arguments: refusals)
  func namesWhatIsWrong(_ refusal: Refusal) {
    #expect(throws: ObverseError.usage(refusal.sentence, hint: refusal.hint)) {
      guard case .command(let name, let parsed) = try program.request(refusal.words) else { return }
      try parsed.checkOperands()
      _ = try program.answer(name, parsed)
    }
  }

  @Test func bashCompletesAProgramWithAHyphen() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(answer("completion", "bash").utf8), to: "script")
    let run = try Tool.run(
      "bash",
      [
        "--norc", "-c",
        "source \(path); COMP_WORDS=(test-try try --tr); COMP_CWORD=2; _test_try;"
          + " echo \"${COMPREPLY[@]}\"; complete -p test-try",
      ])
    #expect(run.code == 0 && run.errors.isEmpty, "\(run.errors)")
    #expect(run.output == "--trunc --trunc-cutoff\ncomplete -F _test_try test-try\n")
  }
}
