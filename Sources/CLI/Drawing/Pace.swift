/// When the frames of a stream are due, and which come too late.
package struct Pace: Sendable {
  private let start: UInt64
  private let framesPerSecond: UInt64

  /// Frame 0 is due at `start`, in nanoseconds.
  package init(start: UInt64, framesPerSecond: Int) {
    self.start = start
    self.framesPerSecond = UInt64(framesPerSecond)
  }

  /// The moment to write a frame.
  package func due(_ frame: Int) -> UInt64 {
    start + UInt64(frame) * 1_000_000_000 / framesPerSecond
  }

  /// Whether a frame is not worth drawing any more, since the next one is due.
  package func isLate(_ frame: Int, now: UInt64) -> Bool {
    now >= due(frame + 1)
  }
}
