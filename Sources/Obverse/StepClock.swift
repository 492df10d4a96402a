import CSystem

/// How long the first worker was at each part of a face: the latent, the mapping, the styles, each step.
@safe
final class StepClock {
  /// Nanoseconds of each part.
  private(set) var parts: [UInt64] = []
  /// The part that is running, and when it began or went on.
  private var part = 0
  private var start: UInt64 = 0

  /// Begins part 0 of a face.
  func reset(parts count: Int) {
    parts = [UInt64](repeating: 0, count: count)
    part = 0
    start = Self.now
  }

  /// Ends the running part and begins another, or goes on with it.
  func begin(_ next: Int) {
    end()
    part = next
  }

  /// Ends the running part.
  func end() {
    let now = Self.now
    parts[part] += now - start
    start = now
  }

  private static var now: UInt64 { UInt64(clock_nanoseconds()) }
}
