import CLI
import Core

/// What a command line did, run inside the test.
struct Outcome {
  let code: Int32
  let output: String
  let errors: String

  init(
    _ words: String..., environment: [String: String] = [:], terminal: Bool = false,
    columns: Int = 80
  ) {
    self.init(words: words, environment: environment, terminal: terminal, columns: columns)
  }

  init(
    words: [String], environment: [String: String] = [:], terminal: Bool = false,
    columns: Int = 80
  ) {
    let output = Stream(terminal: terminal, columns: columns)
    let errors = Stream(terminal: terminal, columns: columns)
    let environment = Environment(environment)
    let console = Console(output: output, errors: errors, environment: environment)
    code = Program.run(words, console, environment)
    self.output = output.text
    self.errors = errors.text
  }
}

/// Words that are refused, and how.
struct Refusal: Sendable, CustomStringConvertible {
  let words: [String]
  let sentence: String
  let hint: String?

  init(_ words: [String], _ sentence: String, _ hint: String? = nil) {
    self.words = words
    self.sentence = sentence
    self.hint = hint
  }

  var description: String { words.joined(separator: " ") }
}
