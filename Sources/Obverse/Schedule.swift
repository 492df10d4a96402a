import Kernels
import ModelFile

/// A map that steps pass on.
enum Map: Sendable {
  /// One with a place of its own.
  case fixed(Int)
  /// One of the chain.
  case link(Int)
}

/// Where the maps of a plan lie for some number of workers.
struct Layout: Sendable {
  fileprivate let base, region: Int
  fileprivate let maps: [Int]
  /// Of what flows make, in their order.
  fileprivate let windows: [MapRows]
  /// A plane of drawn noise.
  let noise: Int

  func place(_ map: Map) -> Int {
    switch map {
    case .fixed(let place): place
    case .link(let number): number % 2 == 0 ? base : base + region - maps[number]
    }
  }

  /// The rows that are held of what a flow makes.
  func rows(ofFlow number: Int) -> MapRows { windows[number] }
}

/// Steps that are packed but not placed, and the maps between them; immutable once a plan is built.
///
/// Most feature maps form a chain in which each step reads one and writes the next, so two are alive at a
/// time: odd ones lie at the end of a region that holds the largest neighbours, even ones at its start.
/// The maps that flows make lie behind it, some rows of each.
struct Design: Sendable {
  /// Floats that lie in the same place for any number of workers.
  private var reserved = 0
  private var makers: [(flow: Int?, make: @Sendable (Layout) -> any Step)] = []
  /// Floats of each map of the chain.
  private var maps: [Int] = []
  private var flows: [Flow] = []
  /// Side of the largest plane of noise that is drawn whole.
  private var largestNoise = 0

  mutating func reserve(_ count: Int) -> Int {
    let place = reserved
    reserved += Self.aligned(count)
    return place
  }

  /// Whole cache lines.
  private static func aligned(_ count: Int) -> Int { (count + 15) / 16 * 16 }

  mutating func newMap(floats: Int) -> Map {
    // Aligned, so that a map at the region's end is so too.
    maps.append(Self.aligned(floats))
    return .link(maps.count - 1)
  }

  mutating func drawsNoise(side: Int) {
    largestNoise = max(largestNoise, side)
  }

  mutating func append(flow: Flow?, _ make: @escaping @Sendable (Layout) -> any Step) {
    precondition(flow != nil || flows.isEmpty, "a step behind flows that is none")
    if let flow {
      makers.append((flows.count, make))
      flows.append(flow)
    } else {
      makers.append((nil, make))
    }
  }

  /// The number of the next flow.
  var nextFlow: Int { flows.count }

  /// Places all maps and makes the steps.
  func schedule(workers: Int) -> Schedule {
    var count = reserved
    func next(_ floats: Int) -> Int {
      defer { count += Self.aligned(floats) }
      return count
    }
    let pairs = zip(maps, maps.dropFirst()).map { $0 + $1 }
    let region = max(pairs.max() ?? 0, maps.max() ?? 0)
    let base = next(region)
    let noise = next(largestNoise * largestNoise)
    let turns = Turns(flows, workers: workers)
    let windows = zip(flows, turns.held).map { flow, held in
      MapRows(place: next(flow.rowCount * held), row: flow.rowCount, held: held)
    }
    let layout = Layout(
      base: base, region: region, maps: maps, windows: windows, noise: noise)
    let steps = makers.map { $0.make(layout) }
    let whole = steps.indices.filter { makers[$0].flow == nil }.map {
      Schedule.Turn(step: $0, rows: 0..<steps[$0].rows)
    }
    return Schedule(
      steps: steps,
      turns: whole + turns.turns.map { Schedule.Turn(step: whole.count + $0.flow, rows: $0.rows) },
      sharedCount: count)
  }
}

/// The rows of a step whose input or output is never whole.
package struct Flow: Sendable {
  /// Floats of a row of what it makes.
  let rowCount: Int
  /// Rows in all.
  package let rows: Int
  /// Rows that a worker takes in a turn.
  let together: Int
  /// Whether each row becomes two of what the next step reads.
  package let doubles: Bool

  package init(rowCount: Int, rows: Int, together: Int, doubles: Bool = false) {
    self.rowCount = rowCount
    self.rows = rows
    self.together = together
    self.doubles = doubles
  }
}

/// The order in which steps do their rows, where each reads what the one before it made a moment ago.
///
/// A step does some rows as soon as the one behind it needs them: a 3x3 convolution, whose rows
/// first ..< last need first - 1 ..< last + 1 of its input. No row is done twice, whatever the number of
/// workers, and only so many are kept as are still to be read.
package struct Turns {
  package private(set) var turns: [(flow: Int, rows: Range<Int>)] = []
  /// For each flow, rows that there must be room for of what it makes; of the last, none.
  package private(set) var held: [Int]

  private let flows: [Flow]
  private let workers: Int
  /// Rows that each flow has done.
  private var done: [Int]

  package init(_ flows: [Flow], workers: Int) {
    self.flows = flows
    self.workers = workers
    held = flows.map { _ in 0 }
    done = held
    if let last = flows.last { advance(flows.count - 1, to: last.rows) }
  }

  private mutating func advance(_ number: Int, to needed: Int) {
    let flow = flows[number]
    while done[number] < needed {
      let rows = done[number]..<min(done[number] + flow.together * workers, flow.rows)
      if number > 0 {
        let input = min(rows.upperBound + 1, flow.rows)
        advance(number - 1, to: flows[number - 1].doubles ? (input + 1) / 2 : input)
      }
      turns.append((number, rows))
      done[number] = rows.upperBound
      guard number + 1 < flows.count else { continue }
      let made = flow.doubles ? 2 * rows.upperBound : rows.upperBound
      held[number] = max(held[number], made - max(done[number + 1] - 1, 0))
    }
  }
}

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
