import Obverse
import Testing

struct TurnsTests {
  /// Blocks of two convolutions from `size` on, as MobileStyleGAN's: each second one doubles.
  private static func flows(from size: Int, blocks: Int, together: Int) -> [Flow] {
    (0..<blocks).flatMap { block in
      let isLast = block + 1 == blocks
      return [
        Flow(rowCount: 1, rows: size << block, together: together),
        Flow(rowCount: 1, rows: size << block, together: together, doubles: !isLast),
      ]
    }
  }

  /// Goes through the turns with maps of as many rows as they ask for: every row is done once, in order,
  /// and a row is there when it is read.
  @Test(arguments: [1, 2, 3, 5, 16], [1, 2, 3, 7, 40])
  func readsNoRowThatIsGone(workers: Int, together: Int) {
    let flows = Self.flows(from: 8, blocks: 3, together: together)
    let turns = Turns(flows, workers: workers)
    var done = flows.map { _ in 0 }
    // The row that lies in each place of what a flow makes.
    var rows = turns.held.map { [Int](repeating: -1, count: $0) }
    for (number, turn) in turns.turns {
      #expect(turn.lowerBound == done[number] && !turn.isEmpty)
      #expect(turn.count <= workers * together)
      done[number] = turn.upperBound
      if number > 0 {
        let read = max(turn.lowerBound - 1, 0)..<min(turn.upperBound + 1, flows[number].rows)
        for row in read { #expect(rows[number - 1][row % turns.held[number - 1]] == row) }
      }
      guard number + 1 < flows.count else { continue }
      let made =
        flows[number].doubles ? (2 * turn.lowerBound)..<(2 * turn.upperBound) : turn
      for row in made { rows[number][row % turns.held[number]] = row }
    }
    #expect(done == flows.map(\.rows))
  }

  /// A convolution that takes row by row needs three rows of its input, and what comes with the last.
  @Test func holdsFewRows() {
    #expect(Turns(Self.flows(from: 64, blocks: 2, together: 1), workers: 1).held == [3, 4, 3, 0])
    #expect(Turns(Self.flows(from: 64, blocks: 2, together: 2), workers: 1).held == [5, 7, 5, 0])
    #expect(Turns([], workers: 2).turns.isEmpty)
  }
}
