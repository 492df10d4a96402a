import Glibc
import Obverse
import Synchronization

/// What Ctrl-C does: the first asks the run to stop, the second ends the program at once.
///
/// Signal handlers belong to the program, never to the library.
enum Interrupt {
  private static let requests = Atomic<Int>(0)
  private static let current = Atomic<Int>(0)
  /// Everything that `current` ever pointed to: a handler may be about to use it at any moment.
  private static let kept = Mutex<[Cancellation]>([])

  /// Whether the user asked to stop.
  static var isRequested: Bool { requests.load(ordering: .relaxed) > 0 }

  /// Listens for SIGINT and SIGTERM, and lets a write to a closed pipe fail instead of kill.
  static func listen() {
    _ = isRequested  // the counters must exist before a handler touches them
    current.store(0, ordering: .relaxed)
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { _ in Interrupt.arrived() }
    // Without SA_RESTART, so that a read from standard input ends.
    action.sa_flags = 0
    unsafe _ = sigaction(SIGINT, &action, nil)
    unsafe _ = sigaction(SIGTERM, &action, nil)
    // A parent may have left them blocked, and a mask is inherited.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, SIGINT)
    unsafe sigaddset(&signals, SIGTERM)
    unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  /// Lets a write to a closed pipe fail instead of kill.
  static func ignoreBrokenPipes() {
    _ = signal(SIGPIPE, SIG_IGN)
  }

  /// Lets the first Ctrl-C end `generator`'s face.
  static func stops(_ generator: Generator) {
    let cancellation = generator.cancellation
    kept.withLock { if !$0.contains(where: { $0 === cancellation }) { $0.append(cancellation) } }
    let pointer = unsafe Unmanaged.passUnretained(cancellation).toOpaque()
    current.store(Int(bitPattern: pointer), ordering: .releasing)
  }

  private static func arrived() {
    guard requests.add(1, ordering: .relaxed).oldValue == 0 else { _exit(130) }
    guard let pointer = unsafe UnsafeRawPointer(bitPattern: current.load(ordering: .acquiring))
    else { return }
    unsafe Unmanaged<Cancellation>.fromOpaque(pointer).takeUnretainedValue().cancel()
  }
}
