// Axes and marks that all charts share.

import Glibc

/// One axis: values to coordinates along it.
public struct Axis {
  public let from: Double
  public let to: Double
  public let isLogarithmic: Bool
  /// Places of `from` and `to`.
  public let ends: (Double, Double)
  /// Values to be marked and their labels, where round values would not do.
  private let given: [(value: Double, label: String)]

  public init(
    from: Double, to: Double, isLogarithmic: Bool, ends: (Double, Double),
    marks: [(value: Double, label: String)] = []
  ) {
    self.from = from
    self.to = to
    self.isLogarithmic = isLogarithmic
    self.ends = ends
    given = marks
  }

  public func callAsFunction(_ value: Double) -> Double {
    let part =
      isLogarithmic
      ? log(max(value, from / 1e3) / from) / log(to / from) : (value - from) / (to - from)
    return ends.0 + part * (ends.1 - ends.0)
  }

  /// Round values to be marked: powers of ten, with 2 and 5 between few, or some 1, 2 or 5 of a power.
  var ticks: [Double] {
    if !given.isEmpty { return given.map(\.value) }
    if isLogarithmic {
      let steps = log10(to / from) > 3 ? [1.0] : [1, 2, 5]
      let first = Int(log10(from).rounded(.down))
      let last = Int(log10(to).rounded(.up))
      return (first...max(first, last)).flatMap { power in
        steps.map { $0 * pow(10, Double(power)) }
      }.filter { $0 >= from * 0.999 && $0 <= to * 1.001 }
    }
    let span = max(to - from, 1e-12)
    let power = pow(10, log10(span / 4).rounded(.down))
    let step = [1, 2, 5, 10].map { $0 * power }.first { span / $0 <= 5 } ?? span
    let first = Int((from / step).rounded(.up))
    let last = Int((to / step * 1.0001).rounded(.down))
    return first <= last ? (first...last).map { Double($0) * step } : []
  }

  /// A tick's value with no more digits than it needs.
  func label(_ tick: Double) -> String {
    if let mark = given.first(where: { $0.value == tick }) { return mark.label }
    for digits in 0..<6 {
      let text = Format.fixed(tick, digits)
      if let value = Double(text), abs(value - tick) <= 1e-6 * max(abs(tick), 1e-9) { return text }
    }
    return Format.significant(tick)
  }
}

/// A drawing with two axes.
public struct Chart {
  static let (width, height) = (480.0, 320.0)
  /// Where the axes begin and end.
  public static let (left, right, top, bottom) = (52.0, 468.0, 28.0, 272.0)

  public let x: Axis
  public let y: Axis
  private var marks: [String] = []

  /// Draws the grid with its labels, and the axes' names.
  public init(x: Axis, y: Axis, xName: String, yName: String) {
    self.x = x
    self.y = y
    for tick in x.ticks {
      if x.isLogarithmic { line(x(tick), Self.top, x(tick), Self.bottom, "grid") }
      text(x(tick), Self.bottom + 18, x.label(tick), "tick mid")
    }
    for tick in y.ticks {
      line(Self.left, y(tick), Self.right, y(tick), "grid")
      text(Self.left - 6, y(tick) + 5, y.label(tick), "tick end")
    }
    line(Self.left, Self.bottom, Self.right, Self.bottom, "axis")
    text((Self.left + Self.right) / 2, Self.bottom + 41, xName, "name mid")
    text(2, 14, yName, "name")
  }

  public mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ kind: String)
  {
    let coordinates = [("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)]
    marks.append(mark("line", coordinates, kind))
  }

  public mutating func bar(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ title: String
  ) {
    let coordinates = [("x", x), ("y", y), ("width", width), ("height", height), ("rx", 2)]
    marks.append(mark("rect", coordinates, "bar", title: title))
  }

  public mutating func dot(
    _ x: Double, _ y: Double, radius: Double, _ kind: String, _ title: String
  ) {
    marks.append(mark("circle", [("cx", x), ("cy", y), ("r", radius)], kind, title: title))
  }

  public mutating func text(_ x: Double, _ y: Double, _ words: String, _ kind: String) {
    marks.append(mark("text", [("x", x), ("y", y)], kind, content: Markup.escaped(words)))
  }

  /// A line through points `[(x, y)]`, or the area that they enclose.
  public mutating func path(
    _ points: [(x: Double, y: Double)], closed: Bool = false, _ kind: String
  ) {
    let words = points.map { "\(Format.fixed($0.x, 1)),\(Format.fixed($0.y, 1))" }
    marks.append(
      Markup.element(
        closed ? "polygon" : "polyline",
        [("points", words.joined(separator: " ")), ("class", kind)]))
  }

  private func mark(
    _ name: String, _ coordinates: [(String, Double)], _ kind: String, title: String? = nil,
    content: String = ""
  ) -> String {
    Markup.element(
      name, coordinates.map { ($0, Format.fixed($1, 1)) } + [("class", kind)],
      (title.map { Markup.element("title", [], Markup.escaped($0)) } ?? "") + content)
  }

  /// The finished drawing; `label` says what it shows to those who do not see it.
  public func svg(_ label: String) -> String {
    Markup.element(
      "svg",
      [
        ("xmlns", "http://www.w3.org/2000/svg"), ("role", "img"), ("aria-label", label),
        ("viewBox", "0 0 \(Int(Self.width)) \(Int(Self.height))"),
      ], "\n" + marks.joined(separator: "\n") + "\n")
  }
}
