import Glibc
import Obverse
import Synchronization

/// What Ctrl-C does: the first asks the run to stop, the second ends the program at once.
///
/// A request to end and the terminal's hang-up count as one.
/// Signal handlers belong to the program, never to the library.
enum Interrupt {
  private static let requests = Atomic<Int>(0)
  private static let current = Atomic<Int>(0)
  /// Everything that `current` ever pointed to: a handler may be about to use it at any moment.
  private static let kept = Mutex<[Cancellation]>([])

  /// The ends of a pipe that holds a byte once the user asked to stop, or -1.
  private static let alarmReader = Atomic<Int32>(-1)
  private static let alarmWriter = Atomic<Int32>(-1)

  /// Whether the user asked to stop.
  static var isRequested: Bool { requests.load(ordering: .relaxed) > 0 }

  /// Listens for SIGINT, SIGTERM and SIGHUP; for the last not under nohup, which had it ignored.
  static func listen() {
    _ = isRequested  // the counters must exist before a handler touches them
    current.store(0, ordering: .relaxed)
    openAlarm()
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { _ in Interrupt.arrived() }
    // Without SA_RESTART, so that a read from standard input ends.
    action.sa_flags = 0
    // A parent may have left them blocked, and a mask is inherited.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] where number != SIGHUP || !isIgnored(number) {
      unsafe _ = sigaction(number, &action, nil)
      unsafe sigaddset(&signals, number)
    }
    unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  private static func openAlarm() {
    guard alarmReader.load(ordering: .relaxed) < 0 else { return }
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { return }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    alarmReader.store(ends[0], ordering: .relaxed)
    alarmWriter.store(ends[1], ordering: .releasing)
  }

  /// Waits until a descriptor can be read, or for `milliseconds`, or until the user asks to stop.
  ///
  /// A request that comes just before the wait ends it as well, which a signal alone would not do.
  ///
  /// - Throws: `cancelled`.
  static func wait(
    toRead descriptor: Int32 = -1, milliseconds: UInt64? = nil
  ) throws(ObverseError) {
    var watched = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: alarmReader.load(ordering: .relaxed), events: Int16(POLLIN), revents: 0),
    ]
    unsafe _ = poll(&watched, 2, milliseconds.map { Int32(clamping: $0) } ?? -1)
    if isRequested { throw .cancelled }
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    return unsafe sigaction(number, nil, &action) == 0
      && unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Lets a write to a closed pipe, or beyond the largest file that the system allows, fail instead
  /// of kill: what was begun is then removed, and a sentence says why.
  static func turnFailedWritesIntoErrors() {
    for number in [SIGPIPE, SIGXFSZ] { _ = signal(number, SIG_IGN) }
  }

  /// Ends the program with a sentence where a file that is mapped has become shorter than it was.
  static func endsOnLostFiles() {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { _ in
      // What stands under a final name is whole; nothing else may be done in a handler.
      let text: StaticString = "obverse: error: a file became shorter while it was read\n"
      unsafe _ = write(2, text.utf8Start, text.utf8CodeUnitCount)
      _exit(66)
    }
    unsafe _ = sigaction(SIGBUS, &action, nil)
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
    // What a handler may do, and errno belongs to whom it interrupts.
    let kept = errno
    unsafe _ = write(alarmWriter.load(ordering: .acquiring), "!", 1)
    errno = kept
    guard let pointer = unsafe UnsafeRawPointer(bitPattern: current.load(ordering: .acquiring))
    else { return }
    unsafe Unmanaged<Cancellation>.fromOpaque(pointer).takeUnretainedValue().cancel()
  }
}
