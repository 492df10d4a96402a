import Kernels
import Synchronization

/// One face on its way through a plan: what each worker does, in which order.
@safe
final class FaceRun: SharedWork {
  private let plan: Plan
  private let schedule: Schedule
  private let arena: FloatBuffer
  private let wDim: Int
  private let wsCount: Int
  private let cancellation: Cancellation
  /// The first turn that is left out.
  ///
  /// A number rather than a flag: a worker that is late to look after the barrier before turn n must
  /// not see what the first worker has meanwhile decided about n + 1.
  private let end = Atomic<Int>(.max)

  /// How many vectors to map from the plan's first place; the first w is spread over ws.
  var maps = 0
  /// What to do to w on its way to ws, if anything.
  var truncation: Truncation?
  var synthesizes = false
  var noise = NoiseMode.const
  /// Told when each part begins, or nil.
  var clock: StepClock?
  /// Receives the image as bytes while it is in cache, or nil.
  var bytes: UnsafeMutablePointer<UInt8>?

  init(
    _ model: Model, _ schedule: Schedule, _ arena: FloatBuffer, _ cancellation: Cancellation
  ) {
    plan = model.plan
    self.schedule = schedule
    self.arena = arena
    wDim = model.wDim
    wsCount = model.wsCount
    self.cancellation = cancellation
  }

  /// Whether the last run ended before its time.
  var wasCancelled: Bool { end.load(ordering: .relaxed) != .max }

  /// To be called before each run.
  func prepare() {
    end.store(.max, ordering: .relaxed)
  }

  private var face: Face { unsafe Face(arena: arena, noise: noise, bytes: bytes) }

  func work(_ index: Int, _ workers: Workers) {
    if index == 0 { clock?.begin(1) }
    if maps > 0 { map(index, workers) }
    guard synthesizes else { return }
    if index == 0 { clock?.begin(2) }
    makeStyles(index, workers)
    let face = face
    for (number, turn) in schedule.turns.enumerated() {
      guard goesOn(number, index, workers) else { return }
      if index == 0 { clock?.begin(3 + turn.step) }
      let step = schedule.steps[turn.step]
      let rows = share(turn.rows, index, workers, multiple: step.rowMultiple)
      guard !rows.isEmpty else { continue }
      step.run(face, rows: rows, scratch: schedule.sharedCount + index * schedule.scratchCount)
    }
  }

  /// Makes the styles alone, so that turns can be done one by one.
  func begin(_ workers: Workers) {
    precondition(workers.count == 1)
    prepare()
    makeStyles(0, workers)
  }

  /// Does a whole turn alone.
  func whole(_ turn: Schedule.Turn) {
    schedule.steps[turn.step].run(face, rows: turn.rows, scratch: schedule.sharedCount)
  }

  /// Waits for the others before turn `number`; false when someone asked to stop.
  private func goesOn(_ number: Int, _ index: Int, _ workers: Workers) -> Bool {
    if index == 0, cancellation.poll() { end.store(number, ordering: .relaxed) }
    workers.barrier()
    return number < end.load(ordering: .relaxed)
  }

  /// The rows of worker `index`.
  private func share(
    _ rows: Range<Int>, _ index: Int, _ workers: Workers, multiple: Int = 1
  ) -> Range<Int> {
    let units = rows.count / multiple
    let first = rows.lowerBound
    return
      (first + units * index / workers.count * multiple)..<(first + units * (index + 1)
      / workers.count * multiple)
  }

  private func share(_ count: Int, _ index: Int, _ workers: Workers) -> Range<Int> {
    share(0..<count, index, workers)
  }

  /// z (normalised, embedding behind it) -> w -> truncated ws.
  private func map(_ index: Int, _ workers: Workers) {
    var (input, output) = plan.mapped
    for layer in plan.mapping {
      layer.run(
        arena, input: input, output: output, rows: share(layer.outputs, index, workers),
        activated: true, vectors: maps, stride: plan.mappedStride)
      swap(&input, &output)
      workers.barrier()
    }
    for entry in share(wsCount, index, workers) {
      let target = plan.ws + entry * wDim
      if let truncation, entry < truncation.cutoff {
        for i in 0..<wDim { arena[target + i] = truncation(arena[input + i], i) }
      } else {
        for i in 0..<wDim { arena[target + i] = arena[input + i] }
      }
    }
    workers.barrier()
  }

  /// All styles, demodulation factors and toRGB weights of the face.
  private func makeStyles(_ index: Int, _ workers: Workers) {
    for job in plan.styles {
      job.makeStyle(arena, rows: share(job.affine.outputs, index, workers))
    }
    workers.barrier()
    for (i, job) in plan.styles.enumerated() where i % workers.count == index {
      job.prepare(arena)
    }
    workers.barrier()
    for job in plan.styles {
      guard let (layer, squares, factors) = job.demodulation else { continue }
      layer.run(
        arena, squares: squares, output: factors, rows: share(layer.rows, index, workers))
    }
  }
}
