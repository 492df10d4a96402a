// Damaged files for every reader: `swift run -c release fuzz --help`.

import CFuzzer
import Core
import Glibc

@main
struct Fuzz {
  private static let usage = """
    usage: fuzz [--inputs N | --seconds T] [--seed S] [--from K] [--only READER]...
                [--save DIR] [--list]
           fuzz seeds DIR
           fuzz guided \(Guided.allCases.map(\.rawValue).joined(separator: "|")) [LIBFUZZER'S WORDS]

    Gives damaged files to the readers, to the converter and to the engine, the list of published
    attacks first. Each must end in success, or in an error of one sentence with exit code 65 or 66,
    within 2 seconds of processor time and 4 times the file and 64 MB of memory (not counted where a
    sanitizer multiplies it).

      --inputs N     how many (default 10000)
      --seconds T    stop after this long instead
      --seed S       another seed gives other inputs (default 1)
      --from K       begin at input K, to see a finding again; leaves the attacks out if K > 0
      --only READER  \(Reader.allCases.map(\.rawValue).joined(separator: ", "))
      --list         a line for each input, with what became of it
      --save DIR     keep inputs that were found

    'seeds' writes the small sound files, 'guided' runs libFuzzer on one kind of code: README.md says
    how to build a program that can.
    """

  private var inputs = 10_000
  private var seconds: Double?
  private var seed: UInt64 = 1
  private var from = 0
  private var readers: [Reader] = []
  private var saves: String?
  private var lists = false

  static func main() {
    let words = CommandLine.arguments.dropFirst()
    if words.count == 2, words.first == "seeds" {
      guard let corpus = try? Corpus(readers: Reader.allCases) else { exit(70) }
      corpus.write(to: words[2])
      return
    }
    if words.count > 1, words.first == "guided", let guided = Guided(rawValue: words[2]) {
      guard obv_fuzz_is_linked() != 0 else {
        say("fuzz: this program was built without libFuzzer; Tests/Fuzz/README.md says how to")
        exit(64)
      }
      exit(guided.run(Array(words.dropFirst(2))))
    }
    guard let fuzz = Fuzz(CommandLine.arguments.dropFirst()) else {
      say(usage)
      exit(CommandLine.arguments.dropFirst() == ["--help"] ? 0 : 64)
    }
    do {
      let run = try Run(
        seed: fuzz.seed, from: fuzz.from, inputs: fuzz.inputs, seconds: fuzz.seconds,
        readers: fuzz.readers.isEmpty ? Reader.allCases : fuzz.readers,
        saves: fuzz.saves, lists: fuzz.lists)
      exit(run.supervise() ? 0 : 1)
    } catch {
      say("fuzz: the corpus cannot be made: \(error)")
      exit(70)
    }
  }

  private init?(_ words: ArraySlice<String>) {
    var words = words
    while let word = words.popFirst() {
      if word == "--list" {
        lists = true
        continue
      }
      guard let value = words.popFirst() else { return nil }
      switch word {
      case "--inputs":
        guard let number = Int(value), number > 0 else { return nil }
        inputs = number
      case "--seconds":
        guard let number = Double(value), number > 0 else { return nil }
        seconds = number
        inputs = .max / 2
      case "--seed":
        guard let number = UInt64(value) else { return nil }
        seed = number
      case "--from":
        guard let number = Int(value), number >= 0 else { return nil }
        from = number
      case "--only":
        guard let reader = Reader(rawValue: value) else { return nil }
        readers.append(reader)
      case "--save": saves = value
      default: return nil
      }
    }
  }
}
