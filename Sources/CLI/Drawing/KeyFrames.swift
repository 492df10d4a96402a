import Core
import Options

/// How the subjects of a walk are shared out among the cells of its grid.
struct KeyFrames: Sendable {
  private let grid: Grid
  /// Key frames of each cell; nil for as many as there are subjects.
  private let given: Int?
  let shuffleSeed: UInt32?

  /// The most key frames of all cells together; their w and spline are held in memory.
  private static let limit = 10_000

  init(_ parsed: ParsedOptions, _ grid: Grid) throws(ObverseError) {
    self.grid = grid
    given = try parsed.integer("num-keyframes", in: 1...Self.limit)
    shuffleSeed = try parsed.integer("shuffle-seed", in: 0...Int(UInt32.max)).map { UInt32($0) }
  }

  /// Key frames of one cell where there are `count` subjects, which are called `nouns`.
  ///
  /// - Throws: `usage` where they cannot be shared out, or are too many.
  func perCell(of count: Int, _ nouns: String) throws(ObverseError) -> Int {
    guard given != nil || count % grid.count == 0 else {
      throw .usage(
        "\(count) \(nouns) cannot be shared out among the \(grid.count) cells of --grid"
          + " \(grid.columns)x\(grid.rows)", hint: "add --num-keyframes N")
    }
    let perCell = given ?? count / grid.count
    guard perCell * grid.count <= Self.limit else {
      throw .usage(
        "\(perCell * grid.count) key frames are more than the \(Self.limit) of one run", hint: nil)
    }
    return perCell
  }

  /// The key frames of each cell, cells counted from the left, then from the top.
  ///
  /// As NVlabs' gen_video.py does it: subjects are taken from the front again when they run out, and
  /// all key frames are shuffled together.
  func cells(_ subjects: [Subject], _ nouns: String) throws(ObverseError) -> [[Subject]] {
    let perCell = try perCell(of: subjects.count, nouns)
    var order = (0..<perCell * grid.count).map { $0 % subjects.count }
    if let shuffleSeed {
      var random = RandomState(seed: shuffleSeed)
      random.shuffle(&order)
    }
    return (0..<grid.count).map { cell in
      order[cell * perCell..<(cell + 1) * perCell].map { subjects[$0] }
    }
  }
}
