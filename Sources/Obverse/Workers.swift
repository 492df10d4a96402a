import CKernels
import CSystem
import Synchronization

/// Something that several workers do together, each its share.
protocol SharedWork: AnyObject {
  /// Does the share of worker `index`; calls `barrier` wherever the others must have come as far.
  func work(_ index: Int, _ workers: Workers)
}

/// A few threads that wait, at no cost, until there is work for all of them.
///
/// Within a piece of work a worker that waits for the others spins for at most 50 µs, since blocking
/// and waking cost about as much as a small layer; between pieces it blocks.
@safe
final class Workers: @unchecked Sendable {
  /// The calling thread among them.
  let count: Int

  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  /// Where they lie, a cache line each.
  private let memory: Memory
  private var threads: [pthread_t] = []
  /// Guarded by the mutex: the piece that is being done, and how many there were.
  private var piece: (any SharedWork)?
  private var pieces = 0
  private var isStopping = false

  private let arrived = Atomic<Int>(0)
  private let rounds = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)

  /// - Throws: `resources`.
  init(_ count: Int) throws(ObverseError) {
    self.count = count
    memory = try Memory(byteCount: 128)
    unsafe mutex = memory.base.bindMemory(to: pthread_mutex_t.self, capacity: 1)
    unsafe changed = (memory.base + 64).bindMemory(to: pthread_cond_t.self, capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(changed, nil)
    // A signal is for the host's threads: a handler must not find itself on one that is ours.
    var before = sigset_t()
    unsafe thread_block_signals(&before)
    defer { unsafe thread_restore_signals(&before) }
    for index in 1..<max(count, 1) {
      let start = Start(workers: self, index: index)
      var thread = pthread_t()
      let argument = unsafe Unmanaged.passRetained(start)
      let code = unsafe pthread_create(
        &thread, nil,
        { argument in
          guard let argument = unsafe argument else { return nil }
          let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
          let workers = unsafe start.workers
          unsafe thread_set_name("obverse-\(start.index + 1)")
          // A new thread has its maker's rounding mode, which would show in the pixels.
          fp_set_default()
          // This keeps the pool alive, so the pool's end cannot be what ends the loop: `stop` does.
          workers.loop(start.index)
          return nil
        }, argument.toOpaque())
      guard code == 0 else {
        unsafe argument.release()
        stop()
        throw .resources(
          "cannot start thread \(index + 1) of \(count): \(ObverseError.reason(code))")
      }
      threads.append(thread)
    }
  }

  /// What a thread is born with.
  private final class Start {
    unowned(unsafe) let workers: Workers
    let index: Int

    init(workers: Workers, index: Int) {
      unsafe self.workers = workers
      self.index = index
    }
  }

  deinit {
    unsafe pthread_cond_destroy(changed)
    unsafe pthread_mutex_destroy(mutex)
  }

  /// Ends and joins all threads; to be called by the owner before it goes.
  func stop() {
    unsafe pthread_mutex_lock(mutex)
    isStopping = true
    unsafe pthread_cond_broadcast(changed)
    unsafe pthread_mutex_unlock(mutex)
    for thread in threads { pthread_join(thread, nil) }
    threads = []
  }

  /// Does a piece of work on all workers and returns when all are done.
  func run(_ work: any SharedWork) {
    guard count > 1 else { return work.work(0, self) }
    unsafe pthread_mutex_lock(mutex)
    piece = work
    pieces += 1
    unsafe pthread_cond_broadcast(changed)
    unsafe pthread_mutex_unlock(mutex)
    work.work(0, self)
    barrier()
  }

  private func loop(_ index: Int) {
    var done = 0
    while true {
      unsafe pthread_mutex_lock(mutex)
      while pieces == done, !isStopping { unsafe pthread_cond_wait(changed, mutex) }
      let work = piece
      let ends = isStopping
      unsafe pthread_mutex_unlock(mutex)
      guard !ends, let work else { return }
      done += 1
      work.work(index, self)
      barrier()
    }
  }

  /// Waits until every worker has come here.
  func barrier() {
    guard count > 1 else { return }
    let round = rounds.load(ordering: .acquiring)
    if arrived.add(1, ordering: .acquiringAndReleasing).newValue == count {
      arrived.store(0, ordering: .relaxed)
      rounds.store(round + 1, ordering: .sequentiallyConsistent)
      // A worker counts itself a sleeper before it looks at the round for the last time.
      if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
        unsafe pthread_mutex_lock(mutex)
        unsafe pthread_cond_broadcast(changed)
        unsafe pthread_mutex_unlock(mutex)
      }
      return
    }
    let limit = clock_nanoseconds() + 50_000
    var spins = 0
    while rounds.load(ordering: .acquiring) == round {
      spins += 1
      cpu_relax()
      guard spins % 64 == 0, clock_nanoseconds() > limit else { continue }
      sleepers.add(1, ordering: .sequentiallyConsistent)
      unsafe pthread_mutex_lock(mutex)
      while rounds.load(ordering: .sequentiallyConsistent) == round {
        unsafe pthread_cond_wait(changed, mutex)
      }
      unsafe pthread_mutex_unlock(mutex)
      sleepers.subtract(1, ordering: .sequentiallyConsistent)
    }
  }
}

/// How many workers are worth having.
package enum ProcessorCount {
  /// Physical cores within the affinity mask, but no more than the cgroup's quota pays for.
  package static var automatic: Int {
    #if arch(wasm32)
    return 1
    #else
    return min(cores, quota.map { max(Int($0.rounded(.up)), 1) } ?? cores)
    #endif
  }

  /// Physical cores within the affinity mask, at least 1.
  package static var cores: Int {
    var words = [UInt64](repeating: 0, count: 128)
    guard unsafe thread_affinity(&words, words.count * 8) > 0 else { return 1 }
    var cores: Set<String> = []
    for cpu in 0..<(words.count * 64) where words[cpu / 64] >> UInt64(cpu % 64) & 1 == 1 {
      // Hyper-threads of one core list the same siblings.
      cores.insert(
        SystemFile.line("/sys/devices/system/cpu/cpu\(cpu)/topology/thread_siblings_list")
          ?? "\(cpu)")
    }
    return max(cores.count, 1)
  }

  /// The processors that the cgroup's quota pays for; nil without one.
  package static var quota: Double? { ControlGroup("cpu").processors }
}
