import CCallback
import CKernels
import CObverse
import CSystem
import Obverse
import Synchronization

/// What an `obv_context` points to: a generator, and what the header promises about its use.
@safe
final class Context: @unchecked Sendable {
  let generator: Generator
  /// Keeps the texts that C may still read.
  private let open: OpenModel
  /// The process whose threads the workers are.
  private let process = process_number()
  private let isBusy = Atomic<Bool>(false)
  /// Room for an image in the network's own channels, `resolution² * imageChannels` bytes.
  private let memory: Memory
  /// The same for each worker that has drawn one of many faces; its generator stays as long as ours.
  private let workersMemory = Guarded<[(generator: ObjectIdentifier, memory: Memory)]>([])

  /// Who is told about the face in progress, how much of it is done, and whether telling threw.
  private var progress: DrawRequest.Progress?
  private var done = 0
  private var threw = false
  /// How many faces the call draws, where it draws many: progress is told of them.
  private var faces: Int?

  /// The number of the call in progress, 0 between calls, and that of the one to be cancelled.
  ///
  /// A request names the call that it meant, so one that comes late meets no other.
  private let call = Atomic<UInt64>(0)
  private let cancelledCall = Atomic<UInt64>(0)
  private var calls: UInt64 = 0
  /// The job of the call in progress, and the one to be cancelled; 0 for none.
  private var job: UInt32 = 0
  private let cancelledJob = Atomic<UInt32>(0)

  /// - Parameters:
  ///   - open: What to draw from.
  ///   - threads: 0 takes the physical cores.
  ///   - isa: nil for the instruction set that the model was opened for.
  ///   - precision: Of 1x1 convolutions.
  /// - Throws: `resources`; `usage` for what this processor lacks; `request` for a precision that the
  ///   network has no use for.
  init(
    _ open: OpenModel, threads: Int, isa: InstructionSet?, precision: Precision
  ) throws(ObverseError) {
    self.open = open
    var model = open.model
    let set = isa ?? model.instructionSet
    if set != model.instructionSet || precision != model.precision {
      model = try Model(model.description, instructionSet: set, precision: precision)
    }
    generator = try Generator(model, threads: threads)
    memory = try Memory(byteCount: Self.imageBytes(model))
    // The generator is ours alone and goes with us; Embedded Swift has no checked unowned reference.
    unsafe generator.cancellation.watch = { [unowned(unsafe) self] in unsafe step() }
  }

  /// Bytes of an image in the network's own channels.
  static func imageBytes(_ model: Model) -> Int {
    model.resolution * model.resolution * model.imageChannels
  }

  /// Where an image is drawn whose format is not the network's own.
  var image: UnsafeMutablePointer<UInt8> {
    unsafe memory.base.assumingMemoryBound(to: UInt8.self)
  }

  /// The same for one of many faces that `drawing` draws: ours, or a worker's own.
  /// - Throws: `resources`, where the worker has none yet.
  @unsafe
  func image(of drawing: Generator) throws(ObverseError) -> UnsafeMutablePointer<UInt8> {
    if drawing === generator { return unsafe image }
    let id = ObjectIdentifier(drawing)
    let known = workersMemory.withLock { $0.first { $0.generator == id }?.memory }
    let room: Memory
    if let known {
      room = known
    } else {
      room = try Memory(byteCount: memory.count)
      workersMemory.withLock { $0.append((id, room)) }
    }
    return unsafe room.base.assumingMemoryBound(to: UInt8.self)
  }

  /// Whether this process made the context; in a forked child its workers are missing.
  var isOurs: Bool { process == process_number() }

  /// Whether nobody is inside a call.
  var isIdle: Bool { !isBusy.load(ordering: .acquiring) }

  /// The context that C holds.
  @unsafe
  static func at(_ pointer: OpaquePointer?) throws(Failure) -> Context {
    guard let pointer = unsafe pointer else { throw .argument("context is NULL") }
    return unsafe Unmanaged<Context>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
  }

  /// Does a call's work, alone and in the right process; `request` says who is told about its steps, or
  /// about its faces, if there is a number of them.
  func use(
    _ request: DrawRequest, faces: Int? = nil, _ body: () throws(ObverseError) -> Void
  ) throws(Failure) {
    guard isOurs else {
      throw Failure(obv_status(OBV_FORKED), "the context was made before this process was forked")
    }
    guard !isBusy.exchange(true, ordering: .acquiring) else {
      throw Failure(obv_status(OBV_BUSY), "the context is inside another call")
    }
    defer { isBusy.store(false, ordering: .releasing) }
    calls += 1
    call.store(calls, ordering: .sequentiallyConsistent)
    defer { call.store(0, ordering: .sequentiallyConsistent) }
    unsafe progress = unsafe request.progress
    defer { unsafe progress = nil }
    done = 0
    self.faces = faces
    threw = false
    job = request.job
    do throws(ObverseError) {
      // Of many faces, other threads may draw all before this one gets to a layer.
      if faces ?? 0 > 0 ? step() : isCancelled { throw .cancelled }
      try body()
    } catch {
      generator.cancellation.reset()
      if threw {
        throw Failure(obv_status(OBV_CANCELLED), "the progress function threw an exception")
      }
      throw Failure(error)
    }
  }

  /// Asks the call in progress, if there is one, to stop; from any thread or a signal handler.
  func cancel() {
    // The later of two requests that cross each other stays.
    cancelledCall.max(
      call.load(ordering: .sequentiallyConsistent), ordering: .sequentiallyConsistent)
  }

  /// Asks the calls of a job to stop, now or later.
  func cancel(job: UInt32) {
    cancelledJob.store(job, ordering: .sequentiallyConsistent)
  }

  /// Whether someone asked the call in progress to stop.
  private var isCancelled: Bool {
    cancelledCall.load(ordering: .relaxed) == calls
      || job != 0 && cancelledJob.load(ordering: .relaxed) == job
  }

  /// Counts a face of many.
  func finishedFace() { done += 1 }

  /// Before each step, in the calling thread: true cancels.
  private func step() -> Bool {
    if let progress = unsafe progress {
      let answer = unsafe callback_progress(
        progress.fn, progress.user, UInt32(clamping: done),
        UInt32(clamping: faces ?? generator.stepCount))
      if faces == nil { done += 1 }
      // Whatever rounding mode the function left behind.
      fp_set_default()
      threw = answer == callback_threw
      if answer != 0 { return true }
    }
    return isCancelled
  }
}

@c @implementation
public func obv_context_create(
  _ model: OpaquePointer?, _ options: UnsafePointer<obv_context_options>?,
  _ context: UnsafeMutablePointer<OpaquePointer?>?
) -> obv_status {
  status { () throws(Failure) in
    let model = try unsafe OpenModel.at(model)
    guard let out = unsafe context else { throw .argument("context is NULL") }
    let chosen = try unsafe ContextRequest(options)
    let made = try engine { () throws(ObverseError) in
      try Context(model, threads: chosen.threads, isa: chosen.isa, precision: chosen.precision)
    }
    Log.shared.tell(OBV_LOG_INFO) { "made a context of \(made.generator.threads) threads" }
    unsafe out.pointee = OpaquePointer(Unmanaged.passRetained(made).toOpaque())
  }
}

@c @implementation
public func obv_context_memory(
  _ model: OpaquePointer?, _ options: UnsafePointer<obv_context_options>?,
  _ bytes: UnsafeMutablePointer<Int>?
) -> obv_status {
  status { () throws(Failure) in
    let model = try unsafe OpenModel.at(model).model
    guard let bytes = unsafe bytes else { throw .argument("bytes is NULL") }
    let chosen = try unsafe ContextRequest(options)
    unsafe bytes.pointee =
      Generator.memory(of: model, threads: chosen.threads) + Context.imageBytes(model)
  }
}

/// An `obv_context_options` in our words.
private struct ContextRequest {
  let threads: Int
  /// nil for the model's own.
  let isa: InstructionSet?
  let precision: Precision

  /// NULL stands for `OBV_CONTEXT_OPTIONS_INIT`.
  @unsafe
  init(_ pointer: UnsafePointer<obv_context_options>?) throws(Failure) {
    let preset = obv_context_options(
      size: UInt32(MemoryLayout<obv_context_options>.size), threads: 0, isa: UInt32(OBV_ISA_MODEL),
      precision: UInt32(OBV_PRECISION_FLOAT32))
    let options = try unsafe obv_context_options.read(pointer, over: preset)
    guard options.threads <= 1024 else {
      throw .argument("threads is \(options.threads), more than 1024")
    }
    threads = Int(options.threads)
    switch Int(options.isa) {
    case OBV_ISA_MODEL: isa = nil
    case OBV_ISA_BASELINE: isa = .baseline
    case OBV_ISA_AVX2: isa = .avx2
    case OBV_ISA_AVX512: isa = .avx512
    case OBV_ISA_NEON: isa = .neon
    default: throw .argument("isa is \(options.isa), none of OBV_ISA_MODEL to OBV_ISA_NEON")
    }
    switch Int(options.precision) {
    case OBV_PRECISION_FLOAT32: precision = .float32
    case OBV_PRECISION_BF16: precision = .bf16
    default:
      throw .argument(
        "precision is \(options.precision), not OBV_PRECISION_FLOAT32 or OBV_PRECISION_BF16")
    }
  }
}

@c @implementation
public func obv_context_destroy(_ context: OpaquePointer?) {
  guard let context = unsafe context else { return }
  let made = unsafe Unmanaged<Context>.fromOpaque(UnsafeRawPointer(context))
  // In a forked child there are no threads to join, and those of a call that was left by longjmp() wait
  // for the one that left: waiting for them would never end.
  guard unsafe made._withUnsafeGuaranteedRef({ $0.isOurs && $0.isIdle }) else { return }
  unsafe made.release()
}

@c @implementation
public func obv_cancel(_ context: OpaquePointer?) {
  guard let context = unsafe context else { return }
  // Nothing is counted or allocated here, for signal handlers' sake: an atomic load and a store.
  unsafe Unmanaged<Context>.fromOpaque(UnsafeRawPointer(context))._withUnsafeGuaranteedRef {
    $0.cancel()
  }
}

@c @implementation
public func obv_cancel_job(_ context: OpaquePointer?, _ job: UInt32) {
  guard let context = unsafe context else { return }
  unsafe Unmanaged<Context>.fromOpaque(UnsafeRawPointer(context))._withUnsafeGuaranteedRef {
    $0.cancel(job: job)
  }
}
