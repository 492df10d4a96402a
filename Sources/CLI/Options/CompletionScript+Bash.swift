extension CompletionScript {
  /// For bash 4 and later; needs nothing beside bash itself.
  static func bash(_ tables: [CommandTable]) -> String {
    var lines = [
      """
      # bash completion for obverse, made by 'obverse completion bash'
      _obverse_words() {
        mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
      }

      # Files with one of the suffixes, and folders on the way to them; any file without suffixes.
      _obverse_files() {
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

      _obverse() {
        local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
        COMPREPLY=()
        if [ "$COMP_CWORD" -eq 1 ]; then
      """,
      "    _obverse_words \"$word\" \(quoted(topWords(tables)))",
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
        lines.append("    \(names.joined(separator: " | "))) \(bash(option.takes, tables)) ;;")
      }
    }
    lines += [
      "    *)", "      case \"${COMP_WORDS[1]} $word\" in",
    ]
    for table in tables {
      let options = table.options.flatMap(\.spellings).joined(separator: " ")
      lines.append(
        "        \(quoted("\(table.name) -"))*) _obverse_words \"$word\" \(quoted(options)) ;;")
    }
    for table in tables where table.operands.upperBound > 0 {
      lines.append("        \(quoted("\(table.name) "))*) \(bash(table.takes, tables)) ;;")
    }
    return (lines + ["      esac", "      ;;", "  esac", "}", "complete -F _obverse obverse"])
      .joined(separator: "\n")
  }

  private static func topWords(_ tables: [CommandTable]) -> String {
    (tables.map(\.name) + ["--help", "--help-all", "--version"]).joined(separator: " ")
  }

  private static func bash(_ takes: Completed, _ tables: [CommandTable]) -> String {
    if let words = words(takes, tables) {
      return "_obverse_words \"$word\" \(quoted(words.joined(separator: " ")))"
    }
    switch takes {
    case .files(let suffixes):
      return (["_obverse_files \"$word\""] + suffixes).joined(separator: " ")
    case .folders:
      return "compopt -o filenames 2> /dev/null;"
        + " mapfile -t COMPREPLY < <(compgen -d -- \"$word\")"
    case .nothing, .words, .commands: return ":"
    }
  }
}
