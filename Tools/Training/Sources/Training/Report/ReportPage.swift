import Core
import Page

/// Runs and measures as one page that needs nothing from elsewhere.
public struct ReportPage {
  private let runs: [RunFolder]
  private let measured: Measured

  /// Reads everything.
  ///
  /// - Parameters:
  ///   - paths: Folders of runs, one or more.
  ///   - evaluations: Files that `evaluate` wrote.
  /// - Throws: What reading a run's settings or an evaluation says; all else becomes a problem.
  public init(runs paths: [String], evaluations: [String]) throws(ObverseError) {
    var runs: [RunFolder] = []
    for path in paths { runs.append(try RunFolder(path)) }
    let names = runs.map(\.name)
    for i in runs.indices where names.count(where: { $0 == names[i] }) > 1 {
      runs[i].name = runs[i].path
    }
    self.runs = runs
    measured = try Measured(evaluations, runs)
  }

  /// What is missing or damaged, a sentence each.
  public var problems: [String] {
    runs.flatMap { run in run.problems.map { "\(run.name.printable): \($0)" } }
  }

  /// Writes the page whole or not at all.
  /// - Throws: `cannotCreate`, `inputOutput`.
  public func write(to path: String) throws(ObverseError) {
    let bytes = Array(html.utf8)
    let span = bytes.span
    try AtomicFile.write(span.bytes, to: path)
  }

  var html: String {
    let title = runs.map(\.name).joined(separator: ", ")
    let body = """
      <h1>\(Markup.escaped(title))</h1>
      \(Self.facts("obverse-train report, \(Version.number)"))
      \(summary)
      \(ComparisonSection(runs, measured).html)
      \(runs.map { RunSection(run: $0).html }.joined(separator: "\n"))
      \(numbers)
      """
    return Document.html(
      title: "obverse-train report: \(title)", style: ReportStyle.sheet, body: body)
  }

  private var summary: String {
    let rows = runs.map { run in
      let log = run.log
      let planned = run.settings.kimg.map { " of \(Format.significant($0))" } ?? ""
      let origin = run.origins.last ?? [:]
      return [
        run.name, run.method, run.facts.compressionRate.map { Format.fixed($0, 2) } ?? "",
        run.settings.size.map(String.init) ?? "",
        run.settings.batch.map(String.init) ?? "", Format.significant(log.kimg) + planned,
        Format.fixed(log.step, 0), Run.duration(log.seconds),
        log.seconds > 0 ? Format.significant(1000 * log.kimg / log.seconds) : "",
        origin["device"] ?? "", origin["torch"] ?? "", origin["commit"] ?? "",
      ]
    }
    return Self.table(
      [
        "run", "method", "rate, %", "size", "batch", "kimg", "steps", "time", "images/s", "device",
        "LibTorch", "commit",
      ], rows, numbers: [2, 3, 4, 5, 6, 8])
  }

  /// Every number under all that its name needs.
  private var numbers: String {
    let tables = measured.keys.map { key in
      let shown = measured.entries.flatMap { entry in
        entry.report.measures.filter { MeasureKey($0, entry.report.pictures) == key }
          .map { (entry, $0) }
      }
      let rows = shown.map { entry, measure in
        [
          entry.owners.joined(separator: ", "), entry.method,
          entry.kimg.map(Format.significant) ?? "",
          entry.report.compressionRate.map { Format.fixed($0, 2) } ?? "",
          Format.fixed(measure.value, 4), measure.mark.rawValue, entry.report.model,
        ]
      }
      return Self.facts(key.sentence)
        + Self.table(
          ["run", "method", "kimg", "rate, %", "value", "network", "checkpoint"], rows,
          numbers: [2, 3, 4])
    }
    guard !tables.isEmpty else { return "" }
    return Markup.element(
      "section", [], Markup.element("h2", [], "Numbers") + tables.joined(separator: "\n"))
  }
}

// Pieces that the sections share.
extension ReportPage {
  static func facts(_ text: String) -> String {
    Markup.element("p", [("class", "facts")], Markup.escaped(text))
  }

  /// A chart under its name; `chart` is markup.
  static func card(_ name: String, _ chart: String, _ note: String) -> String {
    Markup.element(
      "div", [("class", "card")],
      Markup.element("h4", [], Markup.escaped(name)) + chart + facts(note))
  }

  static func cards(_ name: String, _ note: String? = nil, cards: [String]) -> String {
    Markup.element("h3", [], Markup.escaped(name)) + (note.map(facts) ?? "")
      + Markup.element("div", [("class", "cards")], cards.joined(separator: "\n"))
  }

  static func table(_ titles: [String], _ rows: [[String]], numbers: Set<Int> = []) -> String {
    func row(_ tag: String, _ cells: [String]) -> String {
      let marked = cells.enumerated().map { i, cell in
        Markup.element(tag, numbers.contains(i) ? [("class", "n")] : [], Markup.escaped(cell))
      }
      return Markup.element("tr", [], marked.joined())
    }
    let head = Markup.element("thead", [], row("th", titles))
    let body = Markup.element("tbody", [], rows.map { row("td", $0) }.joined(separator: "\n"))
    return Markup.element("div", [("class", "wide")], Markup.element("table", [], head + body))
  }

  /// What a point of a curve stands for.
  static func thinning(_ group: Int) -> String {
    group > 1 ? "a point is the mean of up to \(group) lines" : "a point is a line"
  }

  /// Text whose line breaks stay.
  static func escapedLines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { Markup.escaped(String($0)) }.joined(separator: "\n")
  }
}
