import CLI
import Core
import Testing

struct ConsoleTests {
  private func console(
    _ environment: [String: String] = [:], terminal: Bool = false
  ) -> (Console, output: Stream, errors: Stream) {
    let output = Stream(terminal: terminal)
    let errors = Stream(terminal: terminal, columns: 40)
    let environment = Environment(environment)
    return (Console(output: output, errors: errors, environment: environment), output, errors)
  }

  @Test func keepsDataAndTalkApart() throws {
    let (console, output, errors) = console()
    try console.line("out/seed0001.png")
    console.note("1 face")
    console.warn("no noise")
    #expect(output.text == "out/seed0001.png\n")
    #expect(errors.text == "1 face\nobverse: warning: no noise\n")
  }

  @Test func saysOnlyErrorsWhenQuiet() {
    let (console, _, errors) = console()
    console.level = .error
    console.note("a")
    console.warn("b")
    console.report(.usage("c", hint: "d"))
    #expect(errors.text == "obverse: error: c\nhint: d\n")
  }

  @Test func writesEventsForMachines() {
    let (console, _, errors) = console()
    console.progress = .json
    console.note("nobody reads this")
    console.warn("careful")
    console.report(ObverseError.inFile(path: "a.obv", .newerFormat(found: 3, newest: 1)))
    #expect(
      errors.text == """
        {"event":"warning","message":"careful"}
        {"event":"error","code":"model-version","message":"'a.obv': format 3 is newer than this \
        program reads (1 to 1)","exit":65}

        """)
  }

  @Test func saysNothingAboutAClosedPipe() {
    let (console, _, errors) = console()
    console.report(.closedPipe)
    #expect(errors.text.isEmpty)
  }

  @Test func paintsOnTerminalsAlone() {
    let (plain, _, plainText) = console()
    plain.warn("x")
    #expect(!plainText.text.contains("\u{1b}"))
    let (painted, _, paintedText) = console(terminal: true)
    painted.warn("x")
    #expect(paintedText.text.contains("\u{1b}[33mwarning:\u{1b}[0m"))
    let (refused, _, refusedText) = console(["NO_COLOR": "1"], terminal: true)
    refused.warn("x")
    #expect(!refusedText.text.contains("\u{1b}"))
    let (dumb, _, dumbText) = console(["TERM": "dumb"], terminal: true)
    dumb.warn("x")
    #expect(!dumbText.text.contains("\u{1b}"))
  }

  @Test func drawsABarAfterHalfASecondAndTakesItAway() throws {
    let (console, _, errors) = console(terminal: true)
    let progress = Progress(console, total: 4, noun: "faces", now: 0)
    progress.finished(400_000_000, now: 400_000_000)
    #expect(errors.text.isEmpty)
    progress.finished(400_000_000, now: 800_000_000)
    let bar = errors.text
    #expect(bar.hasPrefix("\r[############............] 2/4 faces"))
    #expect(bar.count == 40, "one less than the terminal's columns, and the carriage return")
    progress.finished(10_000_000, now: 810_000_000)
    #expect(errors.text == bar, "at most ten times a second")
    try console.line("a")
    #expect(errors.text.hasSuffix("\r" + String(repeating: " ", count: 39) + "\r"))
  }

  @Test func drawsNoBarOffATerminal() {
    let (console, _, errors) = console()
    let progress = Progress(console, total: 4, noun: "faces", now: 0)
    progress.finished(1_000_000_000, now: 1_000_000_000)
    progress.finished(1_000_000_000, now: 20_000_000_000)
    #expect(errors.text.isEmpty)
  }

  @Test func saysALineEveryTenSecondsWhenPlain() {
    let (console, _, errors) = console()
    console.progress = .plain
    let progress = Progress(console, total: 4, noun: "faces", now: 0)
    progress.finished(1_000_000_000, now: 9_000_000_000)
    #expect(errors.text.isEmpty)
    progress.finished(1_000_000_000, now: 10_000_000_000)
    progress.finished(1_000_000_000, now: 11_000_000_000)
    #expect(errors.text == "[############............] 2/4 faces, 1.0 s each, 2.0 s left\n")
  }

  @Test func countsForMachines() {
    let (console, _, errors) = console()
    console.progress = .json
    let progress = Progress(console, total: 8, noun: "faces", now: 0)
    progress.finished(1, now: 1)
    #expect(errors.text == "{\"event\":\"progress\",\"done\":1,\"total\":8}\n")
  }
}
