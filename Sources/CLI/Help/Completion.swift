import Core

/// `obverse completion`: a script that teaches a shell our commands and options.
struct Completion: Command {
  static let table = CommandTable(
    name: "completion", purpose: "Prints what lets bash, zsh or fish complete command lines.",
    usage: "bash|zsh|fish",
    examples: [
      "obverse completion bash > ~/.local/share/bash-completion/completions/obverse",
      "obverse completion fish > ~/.config/fish/completions/obverse.fish",
    ],
    operands: 1...1, groups: [CommonOptions.talk],
    notes: [
      "For one session: source <(obverse completion bash). For zsh, write it as _obverse into a"
        + " folder of $fpath."
    ], takes: .choices(Shell.self))

  private enum Shell: String, CaseIterable {
    case bash, zsh, fish
  }

  private let shell: Shell

  init(_ parsed: ParsedOptions, _ environment: Environment) throws(ObverseError) {
    let name = parsed.operands.first ?? ""
    guard let shell = Shell(rawValue: name) else {
      throw .usage(
        "no completion for '\(name)': bash, zsh and fish are known",
        hint: Nearest.of(name, among: Shell.allCases.map(\.rawValue)).map {
          "obverse completion \($0)"
        })
    }
    self.shell = shell
  }

  func run(_ console: Console) throws(ObverseError) {
    let script =
      switch shell {
      case .bash: CompletionScript.bash(Program.tables)
      case .zsh: CompletionScript.zsh(Program.tables)
      case .fish: CompletionScript.fish(Program.tables)
      }
    try console.line(script)
  }
}

/// The scripts, made from the commands' tables.
enum CompletionScript {
  /// Text between single quotes.
  static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#)
      + "'"
  }

  /// The words that complete a value, where words do.
  static func words(_ takes: Completed, _ tables: [CommandTable]) -> [String]? {
    switch takes {
    case .words(let words): words
    case .commands: tables.map(\.name)
    case .nothing, .files, .folders: nil
    }
  }
}

extension Option {
  /// All spellings: `-m`, `--model`, `--network`.
  var spellings: [String] {
    (short.map { ["-\($0)"] } ?? []) + ([name] + aliases).map { "--\($0)" }
  }
}
