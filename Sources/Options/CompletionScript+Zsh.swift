extension CompletionScript {
  /// For zsh's own completion system, as a file of `$fpath` or sourced after `compinit`.
  var zsh: String {
    var lines = [
      "#compdef \(program)", "# zsh completion for \(program), made by '\(program) completion zsh'",
      "_\(identifier)() {", "  local -a commands", "  commands=(",
    ]
    for table in tables {
      lines.append("    \(quoted("\(table.name):\(escaped(table.purpose))"))")
    }
    lines += [
      """
        )
        if (( CURRENT == 2 )); then
          _describe -t commands command commands
          return
        fi
        local command=$words[2]
        shift words
        (( CURRENT-- ))
        case $command in
      """
    ]
    for table in tables {
      lines.append("    \(table.name))")
      lines.append("      _arguments \\")
      for option in table.options {
        for spelling in option.spellings { lines.append("        \(spec(option, spelling)) \\") }
      }
      let operands =
        table.operands.upperBound == 0
        ? "" : quoted("*:\(table.name) of:\(action(table.takes))")
      lines += ["        \(operands)", "      ;;"]
    }
    lines += [
      """
        esac
      }
      if [ "$funcstack[1]" = _\(program) ]; then
        _\(identifier) "$@"
      else
        compdef _\(identifier) \(program)
      fi
      """
    ]
    return lines.joined(separator: "\n")

    func spec(_ option: Option, _ spelling: String) -> String {
      let meaning = escaped(option.meaning)
      guard let value = option.value else { return quoted("\(spelling)[\(meaning)]") }
      let equals = spelling.hasPrefix("--") ? "=" : ""
      return quoted(
        "\(spelling)\(equals)[\(meaning)]:\(escaped(value)):\(action(option.takes))")
    }
  }

  private func action(_ takes: Completed) -> String {
    if let words = words(takes) { return "(\(words.joined(separator: " ")))" }
    return switch takes {
    case .files(let suffixes) where suffixes.isEmpty: "_files"
    case .files(let suffixes): "_files -g \"*.(\(suffixes.joined(separator: "|")))\""
    case .folders: "_files -/"
    case .nothing, .words, .commands: " "
    }
  }

  /// What `_arguments` would take for the end of a text.
  private func escaped(_ text: String) -> String {
    text.map { "[]:\\".contains($0) ? "\\\($0)" : String($0) }.joined()
  }
}
