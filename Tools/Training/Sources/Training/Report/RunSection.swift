import Page

extension RunFolder {
  /// `teacher`, or the method of a student.
  var method: String {
    settings.distil.map { $0.method ?? "unknown" } ?? "teacher"
  }

  /// What made it, in a few words: `nickel-dime, compression rate 90.73 %`.
  var methodAndRate: String {
    var words = method
    if let rate = facts.compressionRate, rate != 0 {
      words += ", compression rate \(Format.fixed(rate, 2)) %"
    }
    return words
  }
}

/// All of one run: curves, sheets, settings.
struct RunSection {
  let run: RunFolder

  /// Names of the log that have no chart of their own.
  private static let shared: Set = [
    "score_real", "score_fake", "score_real_t", "score_fake_t", "loss_g", "loss_d", "loss_g_t",
    "loss_d_t",
  ]

  var html: String {
    var charts = [
      chart(
        "Scores by its own discriminator", [("score_real", "real"), ("score_fake", "fake")],
        "mean logit", marksZero: true),
      chart(
        "Scores by the teacher's discriminator",
        [("score_real_t", "real"), ("score_fake_t", "fake")], "mean logit", marksZero: true),
      chart(
        "Adversarial losses",
        [
          ("loss_g", "loss_g"), ("loss_d", "loss_d"), ("loss_g_t", "loss_g_t"),
          ("loss_d_t", "loss_d_t"),
        ], "softplus loss"),
    ]
    for curve in run.log.curves where !Self.shared.contains(curve.name) {
      // A penalty of the teacher's discriminator stands beside that of the own one.
      if curve.name.hasSuffix("_t"), run.log.curve(String(curve.name.dropLast(2))) != nil {
        continue
      }
      let names = [curve.name, "\(curve.name)_t"]
      charts.append(chart(curve.name, names.map { ($0, $0) }, "mean, without its weight"))
    }
    let shown = charts.compactMap { $0 }
    return Markup.element(
      "section", [],
      Markup.element("h2", [], Markup.escaped(run.name))
        + ReportPage.facts("\(run.methodAndRate); folder \(run.path)") + problems
        + (shown.isEmpty ? "" : ReportPage.cards("Curves of log.jsonl", cards: shown)) + sheets
        + origins
        + settings)
  }

  private var problems: String {
    guard !run.problems.isEmpty else { return "" }
    let lines = run.problems.map { Markup.element("p", [], Markup.escaped($0)) }
    return Markup.element("div", [("class", "problems")], lines.joined())
  }

  /// A card with those of `names` that the log has; nil for none.
  private func chart(
    _ title: String, _ names: [(name: String, label: String)], _ yName: String,
    marksZero: Bool = false
  ) -> String? {
    var lines: [LineChart.Line] = []
    var group = 1
    for (look, name) in names.enumerated() {
      guard let curve = run.log.curve(name.name) else { continue }
      let thin = ThinnedCurve(curve)
      group = max(group, thin.group)
      lines.append(
        LineChart.Line(name: name.label, look: look, points: thin.points, band: thin.band))
    }
    guard !lines.isEmpty else { return nil }
    let chart = LineChart(lines: lines, xName: "kimg", yName: yName, marksZero: marksZero)
    let band = group > 1 ? "; the band holds them all" : ""
    let known = names.filter { run.log.curve($0.name) != nil }.map(\.name)
    return ReportPage.card(
      title, chart.svg("\(title) of \(run.name)"),
      "\(known.joined(separator: ", ")): \(ReportPage.thinning(group))\(band).")
  }

  private var sheets: String {
    var figures: [String] = []
    for sheet in run.shownSheets {
      guard let strip = try? SheetStrip("\(run.path)/\(sheet.name)", faceSize: run.settings.size)
      else {
        figures.append(ReportPage.facts("\(sheet.name) cannot be read"))
        continue
      }
      figures.append(
        Markup.element(
          "figure", [],
          "<img alt=\"faces of fixed seeds, \(Markup.escaped(sheet.name))\""
            + (strip.isTiny ? " class=\"tiny\"" : "")
            + " src=\"data:\(strip.mediaType);base64,\(Markup.base64(strip.file))\">"
            + Markup.element(
              "figcaption", [], Markup.escaped(sheet.name) + (strip.seeds.map { ", \($0)" } ?? "")))
      )
    }
    guard !figures.isEmpty else { return "" }
    return Markup.element(
      "div", [("class", "sheets")],
      Markup.element("h3", [], "Faces of fixed seeds")
        + ReportPage.facts("By the averaged generator; names count whole thousands of images.")
        + figures.joined(separator: "\n"))
  }

  private var origins: String {
    guard !run.origins.isEmpty else { return "" }
    let names = [
      "date", "step", "commit", "version", "torch", "device", "threads", "processor",
    ]
    let rows = run.origins.map { origin in names.map { origin[$0] ?? "" } }
    return Markup.element("h3", [], "Where it ran, at each start") + ReportPage.table(names, rows)
  }

  private var settings: String {
    Markup.element(
      "details", [],
      Markup.element("summary", [], "settings.json")
        + Markup.element("pre", [], ReportPage.escapedLines(run.settingsText)))
  }
}
