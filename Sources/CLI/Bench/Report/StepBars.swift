import Page

/// The steps of a face as a table with a bar for each one's time.
struct StepBars {
  static func html(_ steps: StepTimes) -> String {
    let longest = Double(steps.rows.map(\.nanoseconds).max() ?? 1)
    let columns = ["", "step", "ms", "", "MMAC", "MB", "GFLOP/s", "% roof", "bound", "algorithm"]
    let numbers: Set = [0, 2, 4, 5, 6, 7]
    func row(_ tag: String, _ cells: [String]) -> String {
      Markup.element(
        "tr", [],
        cells.enumerated().map { index, cell in
          Markup.element(tag, numbers.contains(index) ? [("class", "n")] : [], cell)
        }.joined())
    }
    var rows: [String] = []
    for (index, texts) in steps.cells.enumerated() {
      let isTotal = index == steps.rows.count
      let cells = texts.map(Markup.escaped)
      var bar = ""
      if !isTotal {
        let step = steps.rows[index]
        bar = Self.bar(
          Double(step.nanoseconds) / max(longest, 1), step.isCompute ? "compute" : "memory")
      }
      rows.append(
        row(
          "td",
          [isTotal ? "" : "\(index + 1)", cells[0], cells[3], bar, cells[1], cells[2]]
            + cells[4...]))
    }
    return Markup.element(
      "div", [("class", "wide")],
      Markup.element(
        "table", [("class", "steps")],
        Markup.element("thead", [], row("th", columns))
          + Markup.element("tbody", [], rows.joined(separator: "\n"))))
  }

  private static func bar(_ part: Double, _ kind: String) -> String {
    Markup.element(
      "svg",
      [
        ("xmlns", "http://www.w3.org/2000/svg"), ("viewBox", "0 0 100 10"),
        ("preserveAspectRatio", "none"), ("aria-hidden", "true"),
      ],
      Markup.element(
        "rect",
        [
          ("width", Format.fixed(max(100 * part, 0.5), 2)), ("height", "10"), ("class", kind),
        ]))
  }
}
