import CCounters
import Glibc
import Obverse

/// The processor's own counters over the faces of a run, where the system lends them.
final class Counters {
  /// Each event's name in tables and JSON.
  private static let events: [(name: String, event: ccounters_event)] = [
    ("instructions", CCOUNTERS_INSTRUCTIONS), ("cycles", CCOUNTERS_CYCLES),
    ("cache_misses", CCOUNTERS_CACHE_MISSES),
  ]

  private var open: [(name: String, descriptor: Int32)] = []

  /// Opens what can be had; threads that start later are counted too.
  ///
  /// - Throws: The system's reason, where there is none at all.
  init() throws(Unavailable) {
    var reason: Int32 = 0
    for (name, event) in Self.events {
      let descriptor = ccounters_open(event)
      if descriptor < 0 { reason = errno } else { open.append((name, descriptor)) }
    }
    guard open.isEmpty else { return }
    throw switch reason {
    case ENOENT, EOPNOTSUPP, ENODEV: Unavailable(why: "this machine shows none to its programs")
    case EACCES, EPERM:
      Unavailable(why: "the system forbids it; /proc/sys/kernel/perf_event_paranoid decides")
    default: Unavailable(why: ObverseError.reason(reason))
    }
  }

  struct Unavailable: Error {
    let why: String
  }

  deinit {
    for (_, descriptor) in open { close(descriptor) }
  }

  /// Counts what `body` does.
  func count<T>(_ body: () throws(ObverseError) -> T) throws(ObverseError) -> T {
    for (_, descriptor) in open { ccounters_run(descriptor, 1) }
    defer { for (_, descriptor) in open { ccounters_run(descriptor, 0) } }
    return try body()
  }

  /// Events so far; extrapolated where counters had to take turns.
  var totals: [(name: String, count: Double)] {
    open.compactMap { name, descriptor in
      var values: [UInt64] = [0, 0, 0]
      guard unsafe ccounters_read(descriptor, &values) == 0, values[2] > 0 else { return nil }
      return (name, Double(values[0]) * Double(values[1]) / Double(values[2]))
    }
  }
}
