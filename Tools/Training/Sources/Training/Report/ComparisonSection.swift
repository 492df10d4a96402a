import Page

/// Charts that several runs share, and those of measures.
struct ComparisonSection {
  let runs: [RunFolder]
  let measured: Measured
  /// Runs first, then what else was measured.
  private let owners: [String]

  init(_ runs: [RunFolder], _ measured: Measured) {
    self.runs = runs
    self.measured = measured
    var owners = runs.map(\.name)
    for owner in measured.entries.flatMap(\.owners) where !owners.contains(owner) {
      owners.append(owner)
    }
    self.owners = owners
  }

  /// Nothing where there is nothing to compare.
  var html: String {
    let scores = runs.count > 1 ? scoreCards : []
    let keys = measured.keys
    let byLength = keys.compactMap { lengthCard($0, title($0, among: keys)) }
    let byRate = keys.compactMap { rateCard($0, title($0, among: keys)) }
    var parts: [String] = []
    if !scores.isEmpty || !byLength.isEmpty { parts.append(key) }
    if !scores.isEmpty {
      parts.append(
        ReportPage.cards(
          "Scores by each run's own discriminator",
          "What figures 3a and 3b of the paper show: the nearer to 0 real and fake pictures are, the"
            + " better generator and discriminator are balanced.", cards: scores))
    }
    if !byLength.isEmpty {
      parts.append(
        ReportPage.cards(
          "Measures against training length", "What figure 3c of the paper shows.", cards: byLength)
      )
    }
    if !byRate.isEmpty {
      parts.append(
        ReportPage.cards(
          "Measures against compression rate",
          "What figure 4 of the paper shows, of each run's longest trained network. The axis follows"
            + " the logarithm of what is kept.", cards: byRate))
    }
    guard !parts.isEmpty else { return "" }
    return Markup.element(
      "section", [],
      Markup.element("h2", [], runs.count > 1 ? "Runs compared" : "Measures")
        + parts.joined(separator: "\n"))
  }

  private func look(_ owner: String) -> Int {
    (owners.firstIndex(of: owner) ?? 0) % LineChart.looks
  }

  private var key: String {
    let stars = Set(measured.entries.filter { !$0.isMatched }.flatMap(\.owners))
    let items = owners.map { owner in
      let run = runs.first { $0.name == owner }
      var words = owner
      if let run { words += ": \(run.methodAndRate)" }
      if stars.contains(owner) { words += ": a checkpoint that no run of this page holds" }
      return Markup.element(
        "li", [], LineChart.sample(look(owner)) + Markup.escaped(words))
    }
    return Markup.element("ul", [("class", "key")], items.joined(separator: "\n"))
  }

  /// Measure and network, and more where another measure is called the same.
  private func title(_ key: MeasureKey, among keys: [MeasureKey]) -> String {
    let short = "\(key.name), \(key.network)"
    let same = keys.filter { $0.name == key.name && $0.network == key.network }
    return same.count > 1 ? "\(short), \(key.preparation)" : short
  }

  /// Runs beside each other, as many in a chart as can be told apart.
  private var scoreCards: [String] {
    stride(from: 0, to: runs.count, by: LineChart.looks).flatMap { first in
      let part = runs[first..<min(first + LineChart.looks, runs.count)]
      return ["score_real", "score_fake"].compactMap { name -> String? in
        var group = 1
        let lines = part.compactMap { run -> LineChart.Line? in
          guard let curve = run.log.curve(name) else { return nil }
          let thin = ThinnedCurve(curve)
          group = max(group, thin.group)
          return LineChart.Line(name: run.name, look: look(run.name), points: thin.points)
        }
        guard !lines.isEmpty else { return nil }
        let chart = LineChart(lines: lines, xName: "kimg", yName: "mean logit", marksZero: true)
        return ReportPage.card(
          name, chart.svg("\(name) by run"), "\(name) of log.jsonl; \(ReportPage.thinning(group)).")
      }
    }
  }

  private func lengthCard(_ key: MeasureKey, _ title: String) -> String? {
    let points = measured.points(key).filter { $0.entry.kimg != nil }
    guard !points.isEmpty else { return nil }
    let lines = owners.compactMap { owner -> LineChart.Line? in
      let own = points.filter { $0.owner == owner }
        .map { (x: $0.entry.kimg ?? 0, y: $0.measure.value) }
        .sorted { $0.x < $1.x }
      guard !own.isEmpty else { return nil }
      return LineChart.Line(name: owner, look: look(owner), points: own, hasMarks: true)
    }
    let charts = stride(from: 0, to: lines.count, by: LineChart.looks).map { first in
      let part = Array(lines[first..<min(first + LineChart.looks, lines.count)])
      return LineChart(lines: part, xName: "kimg", yName: key.name)
        .svg("\(title) against training length")
    }
    return ReportPage.card(
      title, charts.joined(separator: "\n"), "\(key.sentence). \(Self.marks(points))")
  }

  private func rateCard(_ key: MeasureKey, _ title: String) -> String? {
    let points = Measured.longest(measured.points(key)).filter {
      $0.entry.report.compressionRate.map { $0 >= 0 } ?? false
    }
    func rate(_ point: Measured.Point) -> Double { point.entry.report.compressionRate ?? 0 }
    guard Set(points.map(rate)).count > 1 else { return nil }
    var methods: [String] = []
    for point in points where !methods.contains(point.entry.method) {
      methods.append(point.entry.method)
    }
    let lines = methods.enumerated().map { look, method in
      let own = points.filter { $0.entry.method == method }
        .sorted { rate($0) < rate($1) }
      let rates = own.map(rate)
      return LineChart.Line(
        name: method, look: look % LineChart.looks,
        points: own.map { (x: 100 - rate($0), y: $0.measure.value) }, hasMarks: true,
        isJoined: Set(rates).count == rates.count)
    }
    let chart = LineChart(
      lines: lines, xName: "compression rate, %, by the paper's count", yName: key.name,
      isRate: true)
    let lengths = points.map { point in
      let kimg = point.entry.kimg.map { "\(Format.significant($0)) kimg" } ?? "length unknown"
      return "\(point.owner) (\(point.entry.method), \(kimg))"
    }
    return ReportPage.card(
      title, chart.svg("\(title) against compression rate"),
      "\(key.sentence). \(Self.marks(points)) Drawn: \(lengths.joined(separator: ", ")).")
  }

  /// Who was trained to please the network that measures, and who was not.
  private static func marks(_ points: [Measured.Point]) -> String {
    var sentences: [String] = []
    for (mark, word) in [
      (Measure.Mark.trainedAgainst, "Trained against it"), (.unseen, "Never seen by"),
      (.unknown, "Unknown for"),
    ] {
      var names: [String] = []
      for point in points where point.measure.mark == mark && !names.contains(point.owner) {
        names.append(point.owner)
      }
      if !names.isEmpty { sentences.append("\(word): \(names.joined(separator: ", ")).") }
    }
    return sentences.joined(separator: " ")
  }
}
