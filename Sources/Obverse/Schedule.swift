import Kernels
import ModelFile

/// A plan laid out for some number of workers: steps with their places, and the turns in which they are
/// done.
///
/// Pixels do not depend on it; how many rows of a map exist at a time does.
final class Schedule: Sendable {
  /// Rows of a step, to be dealt out to the workers.
  struct Turn: Sendable {
    let step: Int
    let rows: Range<Int>
  }

  let steps: [any Step]
  let turns: [Turn]
  /// Floats of the arena before the workers' scratch.
  let sharedCount: Int
  /// Floats of scratch for each worker.
  let scratchCount: Int

  init(steps: [any Step], turns: [Turn], sharedCount: Int) {
    self.steps = steps
    self.turns = turns
    self.sharedCount = sharedCount
    scratchCount = turns.reduce(0) { max($0, steps[$1.step].access(rows: $1.rows).scratch) }
  }

  /// Floats of the arena, every worker's scratch among them.
  func arenaCount(workers: Int) -> Int {
    // No limit allows what is beyond counting.
    let (scratch, overflows) = workers.multipliedReportingOverflow(by: scratchCount)
    return overflows || scratch > Int.max / 8 ? Int.max / 8 : sharedCount + scratch
  }

  /// What a turn touches.
  func access(_ turn: Turn) -> Access {
    let step = steps[turn.step]
    var access = step.access(rows: turn.rows)
    access.name = step.layers.joined(separator: "+")
    access.step = turn.step
    return access
  }
}
