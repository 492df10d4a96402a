import Core

/// When the frames of a stream are due, and which come too late.
///
/// Time begins when the first frame is ready, so that this one is never late.
package struct Pace {
  private let rate: FrameRate
  private let timekeeper: any Timekeeper
  /// When frame 0 went out, in nanoseconds.
  private var start: UInt64?

  package init(_ rate: FrameRate, _ timekeeper: any Timekeeper) {
    self.rate = rate
    self.timekeeper = timekeeper
  }

  /// Whether a frame is not worth drawing any more, since the next one is due.
  package func isLate(_ frame: Int) -> Bool {
    start.map { timekeeper.now >= $0 + rate.nanoseconds(frame + 1) } ?? false
  }

  /// Waits until a frame is due.
  ///
  /// - Throws: `cancelled`.
  package mutating func wait(for frame: Int) throws(ObverseError) {
    guard let start else {
      // Nothing is late before time begins: this is frame 0.
      self.start = timekeeper.now
      return
    }
    try timekeeper.sleep(until: start + rate.nanoseconds(frame))
  }
}
