import Core
import Glibc

/// What tells the time and waits for it: the system, or a test that moves a clock of its own.
package protocol Timekeeper {
  /// Nanoseconds since some moment before the program began; they only grow.
  var now: UInt64 { get }

  /// Sleeps until `now` is `moment`; not at all where it is past.
  ///
  /// - Throws: `cancelled`.
  func sleep(until moment: UInt64) throws(ObverseError)
}

/// Time that only moves forward.
enum Clock {
  /// Nanoseconds since some moment before the program began.
  static var now: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

/// The system's time, by `Clock`.
struct SystemTime: Timekeeper {
  var now: UInt64 { Clock.now }

  /// Sleeps, but not through Ctrl-C.
  func sleep(until moment: UInt64) throws(ObverseError) {
    while true {
      let now = now
      guard now < moment else { return }
      try Interrupt.wait(milliseconds: (moment - now) / 1_000_000)
      // What is left is less than anyone notices who asked to stop.
      var rest = timespec(tv_sec: 0, tv_nsec: Int(min(moment - now, 1_000_000)))
      if moment - now < 1_000_000 { unsafe _ = nanosleep(&rest, nil) }
    }
  }
}

/// Order statistics of measured times.
package enum Samples {
  /// The middle of `samples`, the lower of two; 0 of none.
  package static func median(_ samples: [UInt64]) -> UInt64 { quantile(samples, 50) }

  /// The smallest sample that at least `percent` of all do not exceed.
  package static func quantile(_ samples: [UInt64], _ percent: Int) -> UInt64 {
    guard !samples.isEmpty else { return 0 }
    let rank = (samples.count * percent + 99) / 100
    return samples.sorted()[max(rank, 1) - 1]
  }
}
