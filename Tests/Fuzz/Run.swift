import Core
import Glibc

/// All inputs of one run, in child processes, so that a crash costs one input and not the run.
struct Run {
  private let seed: UInt64
  private let first: Int
  private let end: Int
  private let seconds: Double?
  private let measuresMemory: Bool
  private let saves: String?
  private let lists: Bool
  private let corpus: Corpus
  private let attacks: [Input]
  private let folder: String
  private let numbers: SharedNumbers
  private let start = Clock.seconds

  /// Places in `numbers`: the input at work, findings, the slowest input in microseconds, the
  /// largest growth of memory in bytes; from `counts` on, reads and refusals by reader.
  private enum Place {
    static let current = 0
    static let findings = 1
    static let slowest = 2
    static let slowestInput = 3
    static let growth = 4
    static let growthInput = 5
    /// Memory in use when the kernel was last asked to forget its peak.
    static let floor = 6
    static let counts = 8
  }

  /// A run that finds this much stops: the same few mistakes would fill the screen.
  private static let mostFindings = 50

  init(
    seed: UInt64, from: Int, inputs: Int, seconds: Double?, readers: [Reader],
    saves: String?, lists: Bool
  ) throws(ObverseError) {
    self.seed = seed
    self.seconds = seconds
    measuresMemory = !ProcessMemory.isSanitized
    self.saves = saves
    self.lists = lists
    corpus = try Corpus(readers: readers)
    attacks = from > 0 ? [] : Attack.all.filter { readers.contains($0.reader) }
    // Attacks have the numbers below zero.
    first = from - attacks.count
    end = from + inputs
    numbers = SharedNumbers(count: Place.counts + 3 * Reader.allCases.count)
    numbers[Place.current] = first
    let base = Files.exists("/dev/shm") ? "/dev/shm" : "/tmp"
    folder = "\(base)/obverse-fuzz-\(getpid())"
    precondition(unsafe mkdir(folder, 0o700) == 0, "cannot make \(folder)")
    if let saves { unsafe mkdir(saves, 0o755) }
    unsafe unlink(Attack.canary)
  }

  /// Runs everything and prints what was found; whether nothing was.
  func supervise() -> Bool {
    say(
      "\(attacks.count) attacks, \(corpus.seeds.values.reduce(0) { $0 + $1.count }) small seeds, "
        + "\(corpus.large.count) large ones; seed \(seed); \(seconds.map { "\($0) s" } ?? "\(end - max(first, 0)) inputs")"
    )
    var isDone = false
    while !isDone, numbers[Place.findings] < Self.mostFindings {
      let child = fork()
      precondition(child >= 0, "no process to be had")
      if child == 0 { work() }
      var status: Int32 = 0
      unsafe waitpid(child, &status, 0)
      if status == 0 {
        isDone = true
      } else {
        let signal = status & 0x7f
        let how =
          switch signal {
          case 0: "the process ended with code \(status >> 8 & 0xff)"
          case SIGPROF: "it took more than 2 s of processor time"
          case SIGALRM: "it waited for more than 10 minutes"
          default: "signal \(signal)"
          }
        report(numbers[Place.current], how)
        // A process that ends badly after its last input has leaked memory.
        isDone = numbers[Place.current] >= end
        numbers[Place.current] += 1
      }
    }
    summarize()
    Files.remove(folder)
    return numbers[Place.findings] == 0
  }

  private static func count(_ reader: Int, _ outcome: Trial.Outcome) -> Int {
    Place.counts + 3 * reader + outcome.rawValue
  }

  private func input(_ number: Int) -> Input {
    number < first + attacks.count
      ? attacks[number - first] : Input(number: number, seed: seed, corpus)
  }

  /// The child's part.
  private func work() -> Never {
    if measuresMemory { numbers[Place.floor] = ProcessMemory.reset() }
    while numbers[Place.current] < end, numbers[Place.findings] < Self.mostFindings {
      if let seconds, Clock.seconds - start > seconds { break }
      let number = numbers[Place.current]
      attempt(number)
      numbers[Place.current] = number + 1
    }
    exit(0)
  }

  private func attempt(_ number: Int) {
    let input = input(number)
    let folder = "\(folder)/\(input.isFolder ? input.reader.rawValue : "file")"
    unsafe mkdir(folder, 0o700)
    for file in input.files where Trial.asksForFile(input, number: abs(number)) {
      Files.write(file.bytes, to: "\(folder)/\(file.name)")
    }
    let begin = Clock.seconds
    TimeLimit.start(seconds: 2)
    do throws(Violation) {
      let (outcome, error) = try Trial.run(input, number: abs(number), in: folder)
      if lists {
        say("\(number) \(input.reader.rawValue), \(input.name): \(error?.description ?? "ok")")
      }
      let index = Reader.allCases.firstIndex(of: input.reader) ?? 0
      numbers[Self.count(index, outcome)] += 1
    } catch {
      report(number, error.what)
    }
    let took = Int((Clock.seconds - begin) * 1e6)
    if took > numbers[Place.slowest] {
      numbers[Place.slowest] = took
      numbers[Place.slowestInput] = number
    }
    guard !Files.exists(Attack.canary) else {
      report(number, "code of the file was run")
      unsafe unlink(Attack.canary)
      return
    }
    if measuresMemory { checkMemory(of: input, number: number, in: folder) }
  }

  /// Holds an input that has run to its bound on memory.
  ///
  /// The peak is that of all inputs since it was last forgotten. Only where that is too much for this
  /// one is it forgotten and the input run again: to forget costs as much as a small input.
  private func checkMemory(of input: Input, number: Int, in folder: String) {
    let bound = 4 * input.byteCount + 64 << 20
    var growth = ProcessMemory.peak - numbers[Place.floor]
    if growth > bound {
      numbers[Place.floor] = ProcessMemory.reset()
      TimeLimit.start(seconds: 2)
      _ = try? Trial.run(input, number: abs(number), in: folder)
      growth = ProcessMemory.peak - numbers[Place.floor]
      if growth > bound {
        report(number, "\(growth >> 10) KB of memory for a file of \(input.byteCount) bytes")
      }
    }
    if growth > numbers[Place.growth] {
      numbers[Place.growth] = growth
      numbers[Place.growthInput] = number
    }
  }

  private func report(_ number: Int, _ what: String) {
    numbers[Place.findings] += 1
    let input = input(number)
    say("FOUND \(number) (\(input.reader.rawValue), \(input.name)): \(what)")
    guard let saves else { return }
    for file in input.files {
      let name = String(file.name.map { $0 == "/" ? "_" : $0 })
      let path = "\(saves)/\(input.reader.rawValue)-\(seed)-\(number)-\(name)"
      Files.write(file.bytes, to: path)
      say("  saved as \(path)")
    }
  }

  private func summarize() {
    let took = Clock.seconds - start
    let done = numbers[Place.current] - first
    for (index, reader) in Reader.allCases.enumerated() {
      let counts = Trial.Outcome.allCases.map { numbers[Self.count(index, $0)] }
      guard counts != [0, 0, 0] else { continue }
      let name = reader.rawValue + String(repeating: " ", count: 14 - reader.rawValue.count)
      say("  \(name)\(counts[0]) read, \(counts[1]) opened, \(counts[2]) refused")
    }
    let slowest = numbers[Place.slowestInput]
    say("  slowest: \(numbers[Place.slowest] / 1000) ms, \(slowest) (\(input(slowest).name))")
    if measuresMemory {
      let largest = numbers[Place.growthInput]
      say("  most memory: \(numbers[Place.growth] >> 10) KB, \(largest) (\(input(largest).name))")
    }
    say(
      "\(done) inputs in \(Int(took)) s, \(Int(Double(done) / max(took, 0.001))) a second: "
        + "\(numbers[Place.findings]) found")
  }
}
