import Synchronization

/// A request to stop that any thread, or a signal handler, may make.
public final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  /// Asks the running face, or else the next, to end with `ObverseError.cancelled`.
  public func cancel() {
    flag.store(true, ordering: .relaxed)
  }

  /// Whether someone asked.
  public var isCancelled: Bool {
    flag.load(ordering: .relaxed)
  }

  /// Forgets the request.
  public func reset() {
    flag.store(false, ordering: .relaxed)
  }

  /// Called by the drawing thread before each step; true asks to stop.
  ///
  /// Set it before the first face and leave it.
  package nonisolated(unsafe) var watch: (() -> Bool)?

  /// What the drawing thread asks before each step.
  func poll() -> Bool {
    if let watch = unsafe watch, watch() { cancel() }
    return isCancelled
  }
}
