extension CompletionScript {
  /// For bash 4 and later; needs nothing beside bash itself.
  var bash: String {
    var lines = [
      """
      # bash completion for \(program), made by '\(program) completion bash'
      _\(identifier)_words() {
        mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
      }

      # Files with one of the suffixes, and folders on the way to them; any file without suffixes.
      _\(identifier)_files() {
        local word=$1 suffix
        shift
        compopt -o filenames 2> /dev/null
        if [ $# -eq 0 ]; then
          mapfile -t COMPREPLY < <(compgen -f -- "$word")
        else
          mapfile -t COMPREPLY < <(
            compgen -d -- "$word"
            for suffix in "$@"; do compgen -f -X "!*.$suffix" -- "$word"; done
          )
        fi
      }

      _\(identifier)() {
        local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
        COMPREPLY=()
        if [ "$COMP_CWORD" -eq 1 ]; then
      """,
      "    " + offer(tables.map(\.name) + ["--help", "--help-all", "--version"]),
      """
          return
        fi
        # Bash parts --name=value at the equals sign.
        if [ "$word" = = ]; then
          word=
        elif [ "$before" = = ]; then
          before=${COMP_WORDS[COMP_CWORD - 2]}
        fi
        case "${COMP_WORDS[1]} $before" in
      """,
    ]
    for table in tables {
      for option in table.options where option.value != nil {
        let names = option.spellings.map { quoted("\(table.name) \($0)") }
        lines.append("    \(names.joined(separator: " | "))) \(bash(option.takes)) ;;")
      }
    }
    lines += [
      "    *)", "      case \"${COMP_WORDS[1]} $word\" in",
    ]
    for table in tables {
      let options = offer(table.options.flatMap(\.spellings))
      lines.append("        \(quoted("\(table.name) -"))*) \(options) ;;")
    }
    for table in tables where table.operands.upperBound > 0 {
      lines.append("        \(quoted("\(table.name) "))*) \(bash(table.takes)) ;;")
    }
    return
      (lines + ["      esac", "      ;;", "  esac", "}", "complete -F _\(identifier) \(program)"])
      .joined(separator: "\n")
  }

  /// Completes the word with some words.
  private func offer(_ words: [String]) -> String {
    "_\(identifier)_words \"$word\" \(quoted(words.joined(separator: " ")))"
  }

  private func bash(_ takes: Completed) -> String {
    if let words = words(takes) { return offer(words) }
    switch takes {
    case .files(let suffixes):
      return (["_\(identifier)_files \"$word\""] + suffixes).joined(separator: " ")
    case .folders:
      return "compopt -o filenames 2> /dev/null;"
        + " mapfile -t COMPREPLY < <(compgen -d -- \"$word\")"
    case .nothing, .words, .commands: return ":"
    }
  }
}
