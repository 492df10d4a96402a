import Glibc
import Synchronization

/// What Ctrl-C does: the first lets the step end and saves, the second ends the program at once.
enum Interrupt {
  private static let requests = Atomic<Int>(0)

  /// Whether the user asked to stop.
  static var isRequested: Bool { requests.load(ordering: .relaxed) > 0 }

  static func listen() {
    _ = isRequested  // the counter must exist before a handler touches it
    for number in [SIGINT, SIGTERM] {
      _ = signal(number) { _ in
        if Interrupt.requests.add(1, ordering: .relaxed).oldValue > 0 { _exit(130) }
      }
    }
  }
}
