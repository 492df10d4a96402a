/// A place in the picture, whose sides are 100 long; y grows downwards.
package struct Point: Equatable {
  package var x: Float
  package var y: Float

  package init(_ x: Float, _ y: Float) {
    self.x = x
    self.y = y
  }

  static func + (a: Point, b: Point) -> Point { Point(a.x + b.x, a.y + b.y) }
  static func - (a: Point, b: Point) -> Point { Point(a.x - b.x, a.y - b.y) }
  static func * (a: Point, factor: Float) -> Point { Point(a.x * factor, a.y * factor) }

  var length: Float { (x * x + y * y).squareRoot() }
}

/// A rotation by its cosine and sine, without the C library's, which differ in the last bit.
package struct Rotation {
  package let cosine: Float
  package let sine: Float

  /// - Parameter turns: Any number; the angle is off by at most a thousandth of a turn, length by nothing.
  package init(turns: Float) {
    let quarters = (turns - turns.rounded(.down)) * 4
    let quarter = min(quarters.rounded(.down), 3)
    let f = quarters - quarter
    let t = f * (0.785_398 + f * f * (0.161_5 + f * f * 0.053_1))  // tan(f π / 4)
    let (c, s) = ((1 - t * t) / (1 + t * t), 2 * t / (1 + t * t))
    (cosine, sine) =
      switch quarter {
      case 0: (c, s)
      case 1: (-s, c)
      case 2: (-c, -s)
      default: (s, -c)
      }
  }

  func callAsFunction(_ p: Point) -> Point {
    Point(p.x * cosine - p.y * sine, p.x * sine + p.y * cosine)
  }
}

/// What is filled: closed polygons, fine enough to be curves.
package struct Path {
  private(set) var contours: [[Point]]

  init(_ contours: [[Point]]) { self.contours = contours }

  /// Through all points and back to the first, as a Catmull-Rom spline.
  static func closed(_ knots: [Point]) -> Path { Path([spline(knots, closed: true)]) }

  /// Pieces one after another; where two meet is a corner.
  static func joined(_ pieces: [Point]...) -> Path { Path([pieces.flatMap { $0 }]) }

  package static func polygon(_ points: Point...) -> Path { Path([points]) }

  package static func ellipse(_ center: Point, _ rx: Float, _ ry: Float, turned: Float = 0) -> Path
  {
    let rotation = Rotation(turns: turned)
    return Path([
      circle.map { center + rotation(Point($0.x * rx, $0.y * ry)) }
    ])
  }

  /// A ring of even width about a closed curve.
  package static func ring(_ knots: [Point], width: Float) -> Path {
    let line = spline(knots, closed: true)
    let edges = sides(of: line, closed: true) { _ in width / 2 }
    return Path([edges.left, edges.right.reversed()])
  }

  /// A stroke through points with round ends.
  ///
  /// - Parameters:
  ///   - knots: At least two.
  ///   - widths: At the first knot, evenly between, and at the last; one for an even stroke.
  /// - Returns: A closed outline.
  package static func stroke(_ knots: [Point], _ widths: Float...) -> Path {
    let line = spline(knots, closed: false)
    func width(_ share: Float) -> Float {
      guard widths.count > 1 else { return widths[0] }
      let at = share * Float(widths.count - 1)
      let index = min(Int(at), widths.count - 2)
      return widths[index] + (widths[index + 1] - widths[index]) * (at - Float(index))
    }
    let edges = sides(of: line, closed: false) { width($0) / 2 }
    let last = line.count - 1
    return Path([
      edges.left + cap(from: edges.left[last], about: line[last])
        + edges.right.reversed() + cap(from: edges.right[0], about: line[0])
    ])
  }

  /// A stroke of `width` along a line of points that are connected as they are.
  static func line(_ a: Point, _ b: Point, _ width: Float) -> Path { stroke([a, b], width) }

  package func moved(_ by: Point) -> Path { Path(contours.map { $0.map { $0 + by } }) }

  static func + (a: Path, b: Path) -> Path { Path(a.contours + b.contours) }

  // ---- Curves ----

  /// Points of a uniform Catmull-Rom spline, six for each piece.
  static func spline(_ knots: [Point], closed: Bool) -> [Point] {
    let count = knots.count
    guard count > 2 else { return knots }
    let pieces = closed ? count : count - 1
    func knot(_ i: Int) -> Point {
      if closed { return knots[(i + count) % count] }
      // A mirrored neighbour at the ends: the curve leaves them straight.
      if i < 0 { return knots[0] * 2 - knots[1] }
      if i >= count { return knots[count - 1] * 2 - knots[count - 2] }
      return knots[i]
    }
    var points: [Point] = []
    points.reserveCapacity(pieces * 6 + 1)
    for i in 0..<pieces {
      let (a, b, c, d) = (knot(i - 1), knot(i), knot(i + 1), knot(i + 2))
      let linear = c - a
      let square = a * 2 - b * 5 + c * 4 - d
      let cube = (b - c) * 3 + d - a
      for step in 0..<6 {
        let t = Float(step) / 6
        points.append((b * 2 + linear * t + square * (t * t) + cube * (t * t * t)) * 0.5)
      }
    }
    if !closed { points.append(knots[count - 1]) }
    return points
  }

  /// Both edges of a stroke along points.
  private static func sides(
    of line: [Point], closed: Bool, half: (Float) -> Float
  ) -> (left: [Point], right: [Point]) {
    var (left, right): ([Point], [Point]) = ([], [])
    let count = line.count
    for i in 0..<count {
      let before = closed ? line[(i + count - 1) % count] : line[max(i - 1, 0)]
      let after = closed ? line[(i + 1) % count] : line[min(i + 1, count - 1)]
      let along = after - before
      let length = max(along.length, 1e-6)
      let width = half(count > 1 ? Float(i) / Float(count - 1) : 0)
      let across = Point(-along.y / length * width, along.x / length * width)
      left.append(line[i] + across)
      right.append(line[i] - across)
    }
    return (left, right)
  }

  /// Half a circle, from an edge of a stroke about its end to the other edge.
  private static func cap(from edge: Point, about end: Point) -> [Point] {
    let radius = edge - end
    return halfTurn.map { end + $0(radius) }
  }

  private static let halfTurn = (1...5).map { Rotation(turns: -Float($0) / 12) }
  private static let circle: [Point] = (0..<32).map {
    Rotation(turns: Float($0) / 32)(Point(1, 0))
  }
}
