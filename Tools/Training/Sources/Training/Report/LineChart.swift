import Page

/// Lines that can be told apart without colour: each has a pattern, a mark and its name at its end.
struct LineChart {
  struct Line {
    /// What is written at the line's end.
    var name: String
    /// Which pattern, mark and colour, of `looks`.
    var look: Int
    var points: [(x: Double, y: Double)]
    /// What the line's values lie between, where it is a mean.
    var band: [(x: Double, low: Double, high: Double)] = []
    /// Points of a curve in a log need no marks of their own.
    var hasMarks = false
    var isJoined = true
  }

  /// How many lines can be told apart.
  static let looks = 6

  var lines: [Line]
  var xName: String
  var yName: String
  /// Whether a line is drawn at 0.
  var marksZero = false
  /// Whether x is a compression rate, drawn by the logarithm of what is kept.
  var isRate = false

  /// Room for names at the lines' ends.
  private static let nameWidth = 112.0
  private static let nameHeight = 17.0
  private static let nameLength = 11
  private static var end: Double { Chart.right - nameWidth }
  /// Rates at which a rate's axis may be marked.
  private static let rates = [0, 50, 75, 90, 95, 98, 99, 99.5, 99.8, 99.9]

  /// The drawing; `label` says what it shows to those who do not see it.
  func svg(_ label: String) -> String {
    let (y, isLogarithmic) = yAxis
    var chart = Chart(
      x: xAxis, y: y, xName: xName, yName: isLogarithmic ? "\(yName) (logarithmic)" : yName)
    if marksZero, y.from < 0, y.to > 0 {
      chart.line(Chart.left, y(0), Chart.right, y(0), "zero")
    }
    for line in lines {
      let edge =
        line.band.map { (x: $0.x, y: $0.high) } + line.band.reversed().map { ($0.x, $0.low) }
      if !edge.isEmpty { chart.path(places(edge, chart), closed: true, "band look\(line.look)") }
    }
    for line in lines {
      let points = places(line.points, chart)
      if line.isJoined, points.count > 1 { chart.path(points, "line look\(line.look)") }
      guard line.hasMarks || points.count == 1 else { continue }
      for point in points {
        chart.path(Self.mark(line.look, point.x, point.y), closed: true, "mark look\(line.look)")
      }
    }
    for name in names(chart) {
      chart.text(name.x, name.y + 5, Self.short(name.line.name), "label look\(name.line.look)")
    }
    return chart.svg(label)
  }

  /// A piece of a line as it is drawn, for keys.
  static func sample(_ look: Int) -> String {
    let mark = mark(look, 24, 8).map { "\(Format.fixed($0.x, 1)),\(Format.fixed($0.y, 1))" }
    return Markup.element(
      "svg",
      [
        ("xmlns", "http://www.w3.org/2000/svg"), ("viewBox", "0 0 48 16"), ("class", "sample"),
        ("aria-hidden", "true"),
      ],
      Markup.element("polyline", [("points", "0,8 48,8"), ("class", "line look\(look)")])
        + Markup.element(
          "polygon", [("points", mark.joined(separator: " ")), ("class", "mark look\(look)")]))
  }

  /// A name that fits beside a line; the end of a long one tells most.
  static func short(_ name: String) -> String {
    name.count <= nameLength ? name : "\(name.prefix(4))…\(name.suffix(nameLength - 5))"
  }

  private func places(_ points: [(x: Double, y: Double)], _ chart: Chart) -> [(
    x: Double, y: Double
  )] {
    points.map { (chart.x($0.x), chart.y($0.y)) }
  }

  private var xAxis: Axis {
    let values = lines.flatMap { $0.points.map(\.x) }
    let (least, most) = (values.min() ?? 0, values.max() ?? 1)
    let places = (Chart.left, Self.end)
    if isRate {
      let kept = max(least, 0.05)
      let marks = Self.rates.map { (value: 100 - $0, label: Self.label($0)) }
      return Axis(
        from: 100, to: min(kept, 50) / 1.2, isLogarithmic: true, ends: places,
        marks: marks.filter { $0.value >= min(kept, 50) / 1.2 })
    }
    return Axis(from: 0, to: most > 0 ? most : 1, isLogarithmic: false, ends: places)
  }

  /// Linear from the least to the greatest value, with air; by powers where they differ too much.
  private var yAxis: (Axis, isLogarithmic: Bool) {
    let values = lines.flatMap { line in
      line.points.map(\.y) + line.band.flatMap { [$0.low, $0.high] }
    }.sorted()
    let (least, most) = (values.first ?? 0, values.last ?? 1)
    let places = (Chart.bottom, Chart.top)
    let middle = values.isEmpty ? 0 : values[values.count / 2]
    if least > 1e-9, most > 30 * middle, most < 1e9 * least {
      return (
        Axis(from: least / 1.2, to: most * 1.2, isLogarithmic: true, ends: places), true
      )
    }
    // A range that can be told from its ends, whatever a file says.
    let (span, size) = (most - least, max(least.magnitude, most.magnitude))
    let air = span > 1e-3 * size ? 0.06 * span : size > 0 ? 0.05 * size : 1
    let from = least >= 0 && least < 0.4 * most ? 0 : least - air
    return (Axis(from: from, to: most + air, isLogarithmic: false, ends: places), false)
  }

  private struct Name {
    let line: Line
    let x: Double
    var y: Double
  }

  /// Each line's name at its end, but none on another.
  private func names(_ chart: Chart) -> [Name] {
    var names = lines.compactMap { line in
      line.points.last.map { last in
        Name(
          line: line, x: chart.x(last.x) + 8,
          y: min(max(chart.y(last.y), Chart.top), Chart.bottom))
      }
    }.sorted { $0.y < $1.y }
    for i in names.indices.dropFirst() {
      for j in 0..<i where abs(names[j].x - names[i].x) < Self.nameWidth {
        names[i].y = max(names[i].y, names[j].y + Self.nameHeight)
      }
    }
    // What was pushed out at the bottom moves up again.
    for i in names.indices.reversed() {
      names[i].y = min(names[i].y, Chart.bottom)
      for j in i + 1..<names.count where abs(names[j].x - names[i].x) < Self.nameWidth {
        names[i].y = min(names[i].y, names[j].y - Self.nameHeight)
      }
    }
    return names
  }

  /// Corners of a mark around a point: circle, square, triangle, diamond, its mirror, cross.
  private static func mark(_ look: Int, _ x: Double, _ y: Double) -> [(x: Double, y: Double)] {
    let corners: [(Double, Double)] =
      switch look % looks {
      case 0:
        [
          (4.5, 0), (3.9, 2.25), (2.25, 3.9), (0, 4.5), (-2.25, 3.9), (-3.9, 2.25), (-4.5, 0),
          (-3.9, -2.25), (-2.25, -3.9), (0, -4.5), (2.25, -3.9), (3.9, -2.25),
        ]
      case 1: [(-4, -4), (4, -4), (4, 4), (-4, 4)]
      case 2: [(0, -5), (5, 4), (-5, 4)]
      case 3: [(0, -6), (5, 0), (0, 6), (-5, 0)]
      case 4: [(0, 5), (5, -4), (-5, -4)]
      default:
        [
          (-1.6, -5), (1.6, -5), (1.6, -1.6), (5, -1.6), (5, 1.6), (1.6, 1.6), (1.6, 5), (-1.6, 5),
          (-1.6, 1.6), (-5, 1.6), (-5, -1.6), (-1.6, -1.6),
        ]
      }
    return corners.map { (x + $0.0, y + $0.1) }
  }

  private static func label(_ rate: Double) -> String {
    rate == rate.rounded() ? Format.fixed(rate, 0) : Format.fixed(rate, 1)
  }
}
