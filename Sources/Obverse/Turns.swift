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
