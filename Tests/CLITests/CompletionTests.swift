import CLI
import Foundation
import Support
import Testing

/// What the shells make of our completion scripts.
struct CompletionTests {
  /// Every option of every command, as `COMMAND --NAME`.
  static let options: [String] = Program.table.commands.flatMap { table in
    table.options.flatMap { option in
      ([option.name] + option.aliases).map { "\(table.name) --\($0)" }
        + (option.short.map { ["\(table.name) -\($0)"] } ?? [])
    }
  }

  private func script(_ shell: String, in folder: TemporaryFolder) throws -> String {
    let outcome = Outcome("completion", shell)
    #expect(outcome.code == 0)
    return try folder.write(Array(outcome.output.utf8), to: "script")
  }

  /// What bash itself offers for command lines, each a line of words up to the one to complete.
  private func bash(_ lines: [[String]]) throws -> [[String]] {
    let folder = try TemporaryFolder()
    let path = try script("bash", in: folder)
    for name in ["a.obv", "b c.obv", "d.png", "e.npy"] { try folder.write([], to: name) }
    try FileManager.default.createDirectory(
      atPath: folder.path + "/sub", withIntermediateDirectories: true)
    var text = "source \(path)\n"
    for line in lines {
      let words = line.map { "'\($0)'" }.joined(separator: " ")
      text += """
        COMP_WORDS=(\(words)); COMP_CWORD=\(line.count - 1); COMPREPLY=(); _obverse
        printf '%s|' "${COMPREPLY[@]}"; echo

        """
    }
    let run = try Tool.run("bash", ["--norc", "-c", text], folder: folder.path)
    #expect(run.code == 0 && run.errors.isEmpty, "\(run.errors)")
    return run.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map {
      $0.split(separator: "|").map(String.init)
    }
  }

  @Test func bashOffersEveryOption() throws {
    let names = Program.table.commands.map(\.name)
    let found = try bash(names.map { ["obverse", $0, "-"] })
    let offered = Set(zip(names, found).flatMap { name, words in words.map { "\(name) \($0)" } })
    #expect(offered == Set(Self.options))
  }

  @Test func bashOffersCommandsWordsAndFiles() throws {
    let cases: [([String], [String])] = [
      (["co"], ["convert", "compare", "completion"]), (["--h"], ["--help", "--help-all"]),
      (["generate", "--noise-mode", ""], ["const", "random", "none"]),
      (["generate", "--noise-mode", "=", "r"], ["random"]),
      (["generate", "--noise-mode", "="], ["const", "random", "none"]),
      (["convert", "a.pkl", "--type", "f"], ["f32", "f16"]),
      (["generate", "-m", ""], ["sub", "a.obv", "b c.obv"]),
      (["generate", "--network", "a"], ["a.obv"]),
      (["generate", "--latents", ""], ["sub", "e.npy"]), (["mix", "--outdir", ""], ["sub"]),
      (["walk", "--interp", ""], ["cubic", "linear"]), (["walk", "--seeds", ""], []),
      (["walk", ""], []), (["compare", "a.obv", "b"], ["b c.obv"]), (["help", "wa"], ["walk"]),
      (["completion", ""], ["bash", "zsh", "fish"]), (["mix", "--sty"], ["--styles"]),
    ]
    let found = try bash(cases.map { ["obverse"] + $0.0 })
    for (words, (line, wanted)) in zip(found, cases) {
      // In no order: files come as the folder lists them.
      #expect(words.sorted() == wanted.sorted(), "\(line.joined(separator: " "))")
    }
  }

  @Test func zshKnowsEveryOption() throws {
    let text = Outcome("completion", "zsh").output
    for table in Program.table.commands {
      let start = try #require(text.range(of: "\n    \(table.name))\n"))
      let rest = text[start.upperBound...]
      let part = try rest[..<#require(rest.range(of: ";;")).lowerBound]
      for option in table.options {
        for name in [option.name] + option.aliases {
          #expect(part.contains("'--\(name)\(option.value == nil ? "" : "=")["))
        }
        if let short = option.short { #expect(part.contains("'-\(short)[")) }
      }
    }
  }

  @Test(.enabled(if: Tool.exists("zsh"), "zsh is not installed"))
  func zshReadsItsScript() throws {
    let folder = try TemporaryFolder()
    let run = try Tool.run("zsh", ["-f", "-n", try script("zsh", in: folder)])
    #expect(run.code == 0 && run.errors.isEmpty, "\(run.errors)")
  }

  @Test func fishKnowsEveryOption() {
    let lines = Outcome("completion", "fish").output.split(separator: "\n").map { "\($0) " }
    for table in Program.table.commands {
      let own = lines.filter { $0.contains("-n '__obverse_command \(table.name)'") }
      for option in table.options {
        for name in [option.name] + option.aliases {
          #expect(own.contains { $0.contains(" -l \(name) ") }, "\(table.name) \(name)")
        }
        if let short = option.short { #expect(own.contains { $0.contains(" -s \(short) ") }) }
      }
    }
  }

  @Test(.enabled(if: Tool.exists("fish"), "fish is not installed"))
  func fishOffersOptionsAndWords() throws {
    let folder = try TemporaryFolder()
    let path = try script("fish", in: folder)
    func offers(_ line: String) throws -> [String] {
      let run = try Tool.run(
        "fish", ["--no-config", "-c", "source \(path); complete -C '\(line)'"],
        folder: folder.path)
      #expect(run.errors.isEmpty, "\(run.errors)")
      return run.output.split(separator: "\n").compactMap {
        $0.split(separator: "\t").first.map(String.init)
      }
    }
    for table in Program.table.commands {
      let wanted = Self.options.filter { $0.hasPrefix("\(table.name) --") }
      #expect(
        try Set(offers("obverse \(table.name) --").map { "\(table.name) \($0)" }) == Set(wanted))
    }
    #expect(try offers("obverse generate --noise-mode ") == ["const", "none", "random"])
    #expect(try offers("obverse comp") == ["compare", "completion"])
  }

  @Test func refusesOtherShells() {
    let outcome = Outcome("completion", "fisch")
    #expect(outcome.code == 64)
    #expect(
      outcome.errors == """
        obverse: error: no completion for 'fisch': bash, zsh and fish are known
        hint: obverse completion fish

        """)
  }
}
