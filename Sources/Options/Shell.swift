import Core

/// A shell that can complete our command lines.
enum Shell: String, CaseIterable {
  case bash, zsh, fish

  /// The shell of a name, for a program.
  ///
  /// - Throws: `usage`.
  init(_ name: String, of program: String) throws(ObverseError) {
    guard let shell = Shell(rawValue: name) else {
      throw .usage(
        "no completion for '\(name)': bash, zsh and fish are known",
        hint: Nearest.of(name, among: Shell.allCases.map(\.rawValue)).map {
          "\(program) completion \($0)"
        })
    }
    self = shell
  }

  /// The command `completion`.
  static func table(_ program: String) -> CommandTable {
    CommandTable(
      name: "completion", purpose: "Prints what lets bash, zsh or fish complete command lines.",
      usage: "bash|zsh|fish",
      examples: [
        "\(program) completion bash > ~/.local/share/bash-completion/completions/\(program)",
        "\(program) completion fish > ~/.config/fish/completions/\(program).fish",
      ],
      operands: 1...1, groups: [],
      notes: [
        "For one session: source <(\(program) completion bash). For zsh, write it as _\(program)"
          + " into a folder of $fpath."
      ], takes: .choices(Shell.self))
  }

  /// The script that teaches it the commands and options of a program.
  func script(for program: ProgramTable) -> String {
    let script = CompletionScript(program)
    return switch self {
    case .bash: script.bash
    case .zsh: script.zsh
    case .fish: script.fish
    }
  }
}

/// The scripts, made from a program's tables.
struct CompletionScript {
  let program: String
  let tables: [CommandTable]

  init(_ program: ProgramTable) {
    self.program = program.name
    tables = program.commands
  }

  /// The program's name as a part of functions' names.
  var identifier: String { String(program.map { $0 == "-" ? "_" : $0 }) }

  /// The words that complete a value, where words do.
  func words(_ takes: Completed) -> [String]? {
    switch takes {
    case .words(let words): words
    case .commands: tables.map(\.name)
    case .nothing, .files, .folders: nil
    }
  }

  func quoted(_ text: String) -> String { text.quotedForShell }
}

extension String {
  /// The text between single quotes, as shells take it for one word.
  public var quotedForShell: String {
    "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
  }
}
