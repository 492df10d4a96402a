extension CompletionScript {
  /// For fish 3 and later.
  var fish: String {
    var lines = [
      """
      # fish completion for \(program), made by '\(program) completion fish'
      function __\(identifier)_command
        set -l words (commandline -opc)
        test (count $words) -gt 1; and test $words[2] = $argv[1]
      end
      function __\(identifier)_files
        for suffix in $argv
          __fish_complete_suffix $suffix
        end
      end
      complete -c \(program) -f
      """
    ]
    for table in tables {
      lines.append(
        "complete -c \(program) -n 'test (count (commandline -opc)) -eq 1' -a \(table.name)"
          + " -d \(quoted(table.purpose))")
    }
    for table in tables {
      let start = "complete -c \(program) -n '__\(identifier)_command \(table.name)'"
      for option in table.options {
        var names = option.short.map { " -s \($0)" } ?? ""
        names += ([option.name] + option.aliases).map { " -l \($0)" }.joined()
        let value = option.value == nil ? "" : fish(option.takes)
        lines.append("\(start)\(names)\(value) -d \(quoted(option.meaning))")
      }
      if table.operands.upperBound > 0 { lines.append(start + fish(table.takes)) }
    }
    return lines.joined(separator: "\n")
  }

  private func fish(_ takes: Completed) -> String {
    if let words = words(takes) {
      return " -x -a \(quoted(words.joined(separator: " ")))"
    }
    switch takes {
    case .files(let suffixes) where suffixes.isEmpty: return " -r -F"
    case .files(let suffixes):
      let list = suffixes.map { ".\($0)" }.joined(separator: " ")
      return " -x -k -a \(quoted("(__\(identifier)_files \(list))"))"
    case .folders: return " -x -a '(__fish_complete_directories)'"
    case .nothing, .words, .commands: return " -x"
    }
  }
}
