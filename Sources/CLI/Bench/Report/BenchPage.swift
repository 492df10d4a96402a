import Obverse
import Page

/// The report as one page that needs nothing from elsewhere: no script, drawings and pictures inside.
struct BenchPage {
  let report: BenchReport
  let pictures: Pictures

  init(_ report: BenchReport, pictures: Pictures) {
    self.report = report
    self.pictures = pictures
  }

  var html: String {
    let runs = report.runs.map(section).joined(separator: "\n")
    let body = """
      <h1>\(Version.name) bench</h1>
      <p class="facts">\(Markup.escaped(facts))</p>
      \(Markup.table(report.table))
      \(runs)
      <section>
      <h2>Faces</h2>
      <p class="facts">\(Markup.escaped(faceFacts))</p>
      \(pictures.html)
      </section>
      """
    return Document.html(
      title: "\(Version.name) bench: \(title)", style: BenchStyle.sheet, body: body)
  }

  private var title: String {
    var names: [String] = []
    for run in report.runs where !names.contains(Path.stem(run.path)) {
      names.append(Path.stem(run.path))
    }
    return names.joined(separator: ", ")
  }

  private var facts: String {
    let cpu = Machine.processor ?? "unknown processor"
    let set = report.runs.first?.instructionSet ?? ""
    return "\(Version.program) \(Version.number), \(cpu), \(set),"
      + " \(Format.count(Machine.allowedProcessors, "processor")) allowed;"
      + " \(report.request.repeats) timed after \(report.request.warmup) to warm up"
  }

  private var faceFacts: String {
    guard let path = report.runs.first?.path else { return "" }
    return "\(Path.stem(path)), trunc \(pictures.psi)"
  }

  /// The charts of one run.
  private func section(_ run: BenchRun) -> String {
    var name = "\(Path.stem(run.path)), \(Format.count(run.threads, "thread"))"
    if run.batch > 1 { name += ", \(run.batch) faces at once" }
    var charts: [String] = []
    var table = ""
    if let steps = run.steps, let roof = run.roof {
      if let svg = Roofline.svg(run, steps, roof) {
        charts.append(
          card(
            "Roofline",
            svg,
            "A dot is a step, numbered as below where it takes 4 % of the time or more; its area grows"
              + " with that share. <i class=\"compute\"></i> held by arithmetic,"
              + " <i class=\"memory\"></i> by memory. Dots above the roof stay in a cache, or need"
              + " fewer multiply-adds than are counted."))
      }
      table =
        Markup.element("h3", [], "Time of each step") + StepBars.html(steps)
        + Markup.element(
          "p", [("class", "facts")], Markup.escaped(BenchReport.footnote(run, steps, roof)))
    }
    charts.append(
      card(
        "Latency", Histogram.svg(run),
        "Of a \(run.batch > 1 ? "batch" : "face"); p95 "
          + "\(Format.fixed(Double(run.quantile95) / 1e6, 2)) ms. The slowest hundredth is in the"
          + " last bar."))
    return Markup.element(
      "section", [],
      Markup.element("h2", [], Markup.escaped(name))
        + Markup.element("div", [("class", "cards")], charts.joined(separator: "\n")) + table)
  }

  /// A chart under its name; `note` is markup.
  private func card(_ name: String, _ chart: String, _ note: String) -> String {
    Markup.element(
      "div", [("class", "card")],
      Markup.element("h3", [], name) + chart + Markup.element("p", [("class", "facts")], note))
  }
}
