import Page

/// How far a run of many items is: a bar, a line now and then, or events, as the console is set.
package final class Progress {
  private let console: Console
  private let total: Int?
  private let noun: String
  private let start: UInt64
  private var done = 0
  private var latest: [UInt64] = []
  private var drawn: UInt64 = 0
  private var told: UInt64

  /// Counts `noun`s, a plural, up to `total` where that is known.
  package init(_ console: Console, total: Int?, noun: String, now: UInt64) {
    self.console = console
    self.total = total
    self.noun = noun
    start = now
    told = now
  }

  /// Counts one item that took `nanoseconds` and ended at `now`.
  package func finished(_ nanoseconds: UInt64, now: UInt64) {
    done += 1
    latest.append(nanoseconds)
    if latest.count > 8 { latest.removeFirst() }
    switch console.progress {
    case .json:
      var members: [(String, JSON)] = [("done", .integer(done))]
      if let total { members.append(("total", .integer(total))) }
      console.event("progress", members)
    case .plain:
      // Quiet means quiet, also off a terminal.
      guard console.level != .error, now - told >= 10_000_000_000 else { return }
      told = now
      console.say(text)
    case .auto, .bar:
      // Short runs need no bar; a redraw more often than the eye sees costs time.
      guard console.drawsBar, now - start >= 500_000_000, now - drawn >= 100_000_000 else {
        return
      }
      drawn = now
      console.draw(bar: text)
    case .none: return
    }
  }

  /// Takes the bar away.
  package func end() { console.erase() }

  private var text: String {
    let each = Samples.median(latest)
    let pace = Format.duration(each) + " each"
    guard let total else { return "\(done) \(noun), \(pace)" }
    let width = 24
    let full = width * done / max(total, 1)
    let bar = String(repeating: "#", count: full) + String(repeating: ".", count: width - full)
    let left = Format.duration(each * UInt64(max(total - done, 0)))
    return "[\(bar)] \(done)/\(total) \(noun), \(pace), \(left) left"
  }
}
