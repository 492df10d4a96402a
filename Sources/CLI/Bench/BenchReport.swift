import Obverse
import Options
import Page

/// The measured runs as text for people and programs.
struct BenchReport {
  enum Kind: String, CaseIterable {
    case md, csv, json, jsonl
  }

  let runs: [BenchRun]
  let request: BenchRequest
  let showsLayers: Bool
  let earlier: EarlierReport?

  func text(_ kind: Kind) -> String {
    switch kind {
    case .md: return markdown.joined(separator: "\n")
    case .csv: return (showsLayers ? layersOfAll : table).csv.joined(separator: "\n")
    case .json:
      return JSON.object(
        facts(runs) + [
          ("models", .list(models.map(\.json))),
          ("runs", .list(runs.map { .object(members($0)) })),
          ("layers", .list(layers(runs))),
        ]
      ).line
    case .jsonl:
      return runs.map { run in
        JSON.object(facts([run]) + members(run) + [("layers", .list(layers([run])))]).line
      }.joined(separator: "\n")
    }
  }

  /// The first run of each model.
  private var models: [BenchRun] {
    var seen: Set<String> = []
    return runs.filter { seen.insert($0.path).inserted }
  }

  // MARK: Tables

  private var markdown: [String] {
    var lines = table.markdown
    guard showsLayers else { return lines }
    for run in runs {
      guard let steps = run.steps, let roof = run.roof else { continue }
      var table = TextTable(StepTimes.columns)
      for row in steps.cells { table.add(row) }
      lines += ["", "\(Path.stem(run.path)), \(Format.count(run.threads, "thread"))", ""]
      lines += table.markdown + [""] + HelpText.wrap(Self.footnote(run, steps, roof), 100)
    }
    return lines
  }

  /// What one must know to read a table of steps.
  static func footnote(_ run: BenchRun, _ steps: StepTimes, _ roof: MachineRoof) -> String {
    let rule =
      switch run.network.rule {
      case .input: "input size"
      case .output: "output size"
      case .fit: "raw output size, activations once"
      }
    return "roof: \(Format.significant(roof.flopsPerSecond / 1e9)) GFLOP/s,"
      + " \(Format.significant(roof.bytesPerSecond / 1e9)) GB/s measured here;"
      + " \(run.instructionSet); 1 MAC = 2 FLOP; one row a step of the plan; up-convs counted at"
      + " \(rule); filter, noise and activation count in MB moved and ms, not in MMAC; taking the"
      + " times cost \(Format.fixed(100 * steps.overhead, 1)) %"
  }

  /// A row a run; also what the page shows.
  var table: TextTable {
    var columns: [TextTable.Column] = [.init("model"), .init("type")]
    func add(_ names: String...) { columns += names.map { .init($0, number: true) } }
    add("params", "GMAC", "threads")
    if request.batch > 1 { add("batch") }
    add("load ms", "first ms", "median ms", "p95 ms", "min ms")
    if request.encodes { add("PNG ms") }
    add("faces/s", "peak MB")
    if request.measuresRoof { add("peak GFLOP/s", "GB/s", "% peak") }
    let events = runs.first?.events ?? []
    for (name, _) in events { add("M \(name.map { $0 == "_" ? " " : String($0) }.joined())") }
    if earlier != nil { add("median / base", "peak / base") }
    var table = TextTable(columns)
    for run in runs { table.add(cells(run, events: events.map(\.name))) }
    return table
  }

  private func cells(_ run: BenchRun, events: [String]) -> [String] {
    func fixed(_ value: Double?, _ digits: Int) -> String {
      value.map { Format.fixed($0, digits) } ?? ""
    }
    func milliseconds(_ time: UInt64, _ digits: Int = 2) -> String {
      fixed(Double(time) / 1e6, digits)
    }
    var cells = [
      Path.stem(run.path).printable, run.network.type, run.network.parameters,
      Format.significant(Double(run.network.macs) / 1e9),
      "\(run.threads)",
    ]
    if request.batch > 1 { cells.append("\(run.batch)") }
    cells += [
      milliseconds(run.load, 1), milliseconds(run.first, 1), milliseconds(run.median),
      milliseconds(run.quantile95), milliseconds(run.least),
    ]
    if request.encodes { cells.append(milliseconds(run.encode)) }
    cells += [fixed(run.facesPerSecond, 1), fixed(Double(run.peakBytes) / 1e6, 0)]
    if request.measuresRoof {
      cells += [
        fixed(run.roof.map { $0.flopsPerSecond / 1e9 }, 1),
        fixed(run.roof.map { $0.bytesPerSecond / 1e9 }, 1),
        fixed(run.peakShare.map { 100 * $0 }, 0),
      ]
    }
    for name in events {
      cells.append(fixed(run.events.first { $0.name == name }.map { $0.count / 1e6 }, 2))
    }
    if let earlier {
      let ratios = earlier.ratios(run)
      for name in ["median", "peak"] {
        cells.append(fixed(ratios.first { $0.name == name }?.ratio, 3))
      }
    }
    return cells
  }

  /// The steps of all runs in one table.
  private var layersOfAll: TextTable {
    var table = TextTable([.init("model"), .init("threads", number: true)] + StepTimes.columns)
    for run in runs {
      for row in run.steps?.cells ?? [] {
        table.add([Path.stem(run.path), "\(run.threads)"] + row)
      }
    }
    return table
  }

  // MARK: JSON

  private func facts(_ runs: [BenchRun]) -> [(String, JSON)] {
    guard let run = runs.first else { return [] }
    var facts: [(String, JSON)] = [
      ("schema", .text("obverse.bench/1")), ("model", run.json),
      ("version", .text(Version.number)), ("isa", .text(run.instructionSet)),
      ("cpu", Machine.processor.map { .text($0) } ?? .null),
      ("processors", .integer(Machine.allowedProcessors)),
    ]
    if let governor = Machine.governor { facts.append(("governor", .text(governor))) }
    facts += [
      ("repeat", .integer(request.repeats)), ("warmup", .integer(request.warmup)),
      ("count", .text(request.rule.rawValue)),
    ]
    if let earlier { facts.append(("baseline", .text(earlier.path))) }
    return facts
  }

  private func members(_ run: BenchRun) -> [(String, JSON)] {
    var members = run.members
    if let ratios = earlier?.ratios(run), !ratios.isEmpty {
      members.append(("ratios", .object(ratios.map { ($0.name, .number($0.ratio)) })))
    }
    return members
  }

  private func layers(_ runs: [BenchRun]) -> [JSON] {
    guard showsLayers else { return [] }
    return runs.enumerated().flatMap { $1.steps?.json(run: $0) ?? [] }
  }
}

extension BenchRun {
  /// The model.
  fileprivate var json: JSON {
    .object([("path", .text(path)), ("sha256", .text(modelSHA256)), ("network", network.json)])
  }

  fileprivate var members: [(String, JSON)] {
    func list(_ samples: [UInt64]) -> JSON { .list(samples.map { .nanoseconds($0) }) }
    var members: [(String, JSON)] = [
      ("path", .text(path)), ("sha256", .text(modelSHA256)), ("threads", .integer(threads)),
      ("batch", .integer(batch)), ("load_ns", .nanoseconds(load)),
      ("first_ns", .nanoseconds(first)),
      ("median_ns", .nanoseconds(median)), ("p95_ns", .nanoseconds(quantile95)),
      ("min_ns", .nanoseconds(least)), ("faces", .integer(samples.count * batch)),
      ("faces_per_s", .number(facesPerSecond)), ("peak_bytes", .integer(peakBytes)),
      ("samples_ns", list(samples)),
    ]
    if !encodeSamples.isEmpty {
      members += [
        ("encode_ns", .nanoseconds(encode)), ("encode_samples_ns", list(encodeSamples)),
      ]
    }
    if let roof {
      members.append(
        (
          "roof",
          .object([
            ("flops_per_s", .number(roof.flopsPerSecond)),
            ("bytes_per_s", .number(roof.bytesPerSecond)),
          ])
        ))
    }
    if let steps {
      members.append(
        (
          "step_timing",
          .object([
            ("whole_ns", .nanoseconds(steps.whole)), ("overhead", .number(steps.overhead)),
          ])
        ))
    }
    if !events.isEmpty {
      members.append(
        ("counters_per_face", .object(events.map { ($0.name, .number($0.count)) })))
    }
    return members
  }
}
