import CObverse
import Glibc
import Obverse
import Synchronization

/// What an `obv_context` points to: a generator, and what the header promises about its use.
@safe
final class Context: @unchecked Sendable {
  let generator: Generator
  /// The process whose threads the workers are.
  private let process = getpid()
  private let isBusy = Atomic<Bool>(false)
  /// Room for an image in the network's own channels, `resolution² * imageChannels`.
  let image: UnsafeMutableBufferPointer<UInt8>

  /// Who is told about the face in progress, and how much of it is done.
  private var progress: DrawRequest.Progress?
  private var done = 0

  init(_ model: Model, threads: Int) throws(ObverseError) {
    generator = try Generator(model, threads: threads)
    unsafe image = .allocate(
      capacity: model.resolution * model.resolution * model.imageChannels)
    unsafe generator.cancellation.watch = { [unowned self] in step() }
  }

  deinit {
    unsafe image.deallocate()
  }

  /// Whether this process made the context; in a forked child its workers are missing.
  var isOurs: Bool { process == getpid() }

  /// The context that C holds.
  @unsafe
  static func at(_ pointer: OpaquePointer?) throws(Failure) -> Context {
    guard let pointer = unsafe pointer else { throw .argument("context is NULL") }
    return unsafe Unmanaged<Context>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
  }

  /// Does a call's work, alone and in the right process; a request to stop is used up here.
  func use(_ body: () throws(ObverseError) -> Void) throws(Failure) {
    guard isOurs else {
      throw Failure(obv_status(OBV_FORKED), "the context was made before this process was forked")
    }
    guard !isBusy.exchange(true, ordering: .acquiring) else {
      throw Failure(obv_status(OBV_BUSY), "the context is inside another call")
    }
    defer { isBusy.store(false, ordering: .releasing) }
    do throws(ObverseError) {
      if generator.cancellation.isCancelled { throw .cancelled }
      try body()
    } catch {
      if error == .cancelled { generator.cancellation.reset() }
      throw Failure(error)
    }
  }

  /// Does `body` while `request` says who is told about its steps.
  func reporting(
    _ request: DrawRequest, _ body: () throws(ObverseError) -> Void
  ) throws(ObverseError) {
    unsafe progress = unsafe request.progress
    done = 0
    defer { unsafe progress = nil }
    try body()
  }

  /// Before each step, in the drawing thread: true cancels.
  private func step() -> Bool {
    guard let progress = unsafe progress else { return false }
    defer { done += 1 }
    return unsafe progress.fn(progress.user, UInt32(done), UInt32(generator.stepCount)) != 0
  }
}

@c @implementation
public func obv_context_create(
  _ model: OpaquePointer?, _ options: UnsafePointer<obv_context_options>?,
  _ context: UnsafeMutablePointer<OpaquePointer?>?
) -> obv_status {
  status { () throws(Failure) in
    let model = try unsafe Model.at(model)
    guard let out = unsafe context else { throw .argument("context is NULL") }
    let preset = obv_context_options(
      size: UInt32(MemoryLayout<obv_context_options>.size), threads: 0)
    let chosen = try unsafe obv_context_options.read(options, over: preset)
    guard chosen.threads <= 1024 else {
      throw .argument("threads is \(chosen.threads), more than 1024")
    }
    let made = try engine { () throws(ObverseError) in
      try Context(model, threads: Int(chosen.threads))
    }
    Log.shared.tell(OBV_LOG_INFO) { "made a context of \(made.generator.threads) threads" }
    unsafe out.pointee = OpaquePointer(Unmanaged.passRetained(made).toOpaque())
  }
}

@c @implementation
public func obv_context_destroy(_ context: OpaquePointer?) {
  guard let context = unsafe context else { return }
  let made = unsafe Unmanaged<Context>.fromOpaque(UnsafeRawPointer(context))
  // In a forked child there are no threads to join: waiting for them would never end.
  guard unsafe made._withUnsafeGuaranteedRef({ $0.isOurs }) else { return }
  unsafe made.release()
}

@c @implementation
public func obv_cancel(_ context: OpaquePointer?) {
  guard let context = unsafe context else { return }
  // Nothing is counted or allocated here, for signal handlers' sake: one atomic store.
  unsafe Unmanaged<Context>.fromOpaque(UnsafeRawPointer(context))._withUnsafeGuaranteedRef {
    $0.generator.cancellation.cancel()
  }
}
