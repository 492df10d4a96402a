extension CompletionScript {
  /// For fish 3 and later.
  static func fish(_ tables: [CommandTable]) -> String {
    var lines = [
      """
      # fish completion for obverse, made by 'obverse completion fish'
      function __obverse_command
        set -l words (commandline -opc)
        test (count $words) -gt 1; and test $words[2] = $argv[1]
      end
      function __obverse_files
        for suffix in $argv
          __fish_complete_suffix $suffix
        end
      end
      complete -c obverse -f
      """
    ]
    for table in tables {
      lines.append(
        "complete -c obverse -n 'test (count (commandline -opc)) -eq 1' -a \(table.name)"
          + " -d \(quoted(table.purpose))")
    }
    for table in tables {
      let start = "complete -c obverse -n '__obverse_command \(table.name)'"
      for option in table.options {
        var names = option.short.map { " -s \($0)" } ?? ""
        names += ([option.name] + option.aliases).map { " -l \($0)" }.joined()
        let value = option.value == nil ? "" : fish(option.takes, tables)
        lines.append("\(start)\(names)\(value) -d \(quoted(option.meaning))")
      }
      if table.operands.upperBound > 0 { lines.append(start + fish(table.takes, tables)) }
    }
    return lines.joined(separator: "\n")
  }

  private static func fish(_ takes: Completed, _ tables: [CommandTable]) -> String {
    if let words = words(takes, tables) {
      return " -x -a \(quoted(words.joined(separator: " ")))"
    }
    switch takes {
    case .files(let suffixes) where suffixes.isEmpty: return " -r -F"
    case .files(let suffixes):
      let list = suffixes.map { ".\($0)" }.joined(separator: " ")
      return " -x -k -a \(quoted("(__obverse_files \(list))"))"
    case .folders: return " -x -a '(__fish_complete_directories)'"
    case .nothing, .words, .commands: return " -x"
    }
  }
}
