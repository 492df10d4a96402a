import Glibc

/// When the first worker came to each part of a face: the latent, the mapping, the styles, each step.
@safe
final class StepClock {
  /// Nanoseconds at the start of each part, and the end of the last.
  private var stamps: [UInt64] = []

  func reset(parts: Int) {
    stamps.removeAll(keepingCapacity: true)
    stamps.reserveCapacity(parts + 1)
  }

  func stamp() {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    stamps.append(UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec))
  }

  /// Nanoseconds of each part.
  var parts: [UInt64] { zip(stamps.dropFirst(), stamps).map { $0 - $1 } }
}
