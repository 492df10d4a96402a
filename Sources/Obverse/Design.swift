import Kernels

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
