import Core

/// What measures a number, in full: only numbers under one key share an axis.
struct MeasureKey: Hashable {
  let measure: String
  let network: String
  let networkFile: String?
  let preparation: String
  let real: Int
  let drawn: Int
  let pictures: EvaluationReport.Pictures?

  /// The measure without its details.
  var name: String {
    let end = measure.indices.first { measure[$0...].hasPrefix(" (") }
    return String(measure[..<(end ?? measure.endIndex)])
  }

  init(_ measure: Measure, _ pictures: EvaluationReport.Pictures?) {
    self.measure = measure.measure
    network = measure.network
    networkFile = measure.networkFile
    preparation = measure.preparation
    (real, drawn) = (measure.real, measure.drawn)
    self.pictures = pictures
  }

  /// All of it for people.
  var sentence: String {
    let file = networkFile.map { " (\($0.prefix(12)))" } ?? ""
    let data =
      pictures.map { pictures in
        let name = pictures.data.split(separator: "/").last.map(String.init) ?? pictures.data
        let skip = pictures.skip.map { ", without the first \($0)" } ?? ""
        let take = pictures.take.map { ", \($0) files" } ?? ""
        return "\(name) at \(pictures.size)x\(pictures.size)\(skip)\(take)"
      } ?? "unknown pictures"
    return "\(measure) by \(network)\(file), \(preparation), \(real) real pictures of \(data),"
      + " \(drawn) drawn"
  }
}

/// The reports of `evaluate`, each beside the runs whose snapshots it measured.
struct Measured {
  struct Entry {
    let report: EvaluationReport
    /// Names of runs; a network that no run holds goes by its checkpoint's folder and a star.
    let owners: [String]
    let isMatched: Bool

    /// A start from a pruned file has seen no images.
    var kimg: Double? { report.kimg ?? (isMatched ? 0 : nil) }

    /// `pruned` for every student that has seen no images: it began so, whatever came after.
    var method: String {
      guard let method = report.method else { return "unknown" }
      return kimg == 0 && method != "teacher" ? "pruned" : method
    }
  }

  /// One number of a chart.
  struct Point {
    let owner: String
    let entry: Entry
    let measure: Measure
  }

  let entries: [Entry]

  /// Reads reports, and looks for each one's generator among the snapshots of its length.
  /// - Throws: What reading a report says.
  init(_ paths: [String], _ runs: [RunFolder]) throws(ObverseError) {
    var fingerprints: [String: String] = [:]
    var entries: [Entry] = []
    for path in paths {
      let report = try EvaluationReport(reading: path)
      var owners: [String] = []
      for run in runs {
        for snapshot in run.snapshots where snapshot.kimg == Int(report.kimg ?? 0) {
          let path = "\(run.path)/\(snapshot.name)"
          let fingerprint =
            fingerprints[path] ?? (try? Self.fingerprint(path)) ?? ""
          fingerprints[path] = fingerprint
          if fingerprint == report.modelFingerprint, !owners.contains(run.name) {
            owners.append(run.name)
          }
        }
      }
      let isMatched = !owners.isEmpty
      if !isMatched {
        let parts = report.model.split(separator: "/")
        owners = ["\(parts.dropLast().last ?? parts.last ?? "")*"]
      }
      entries.append(Entry(report: report, owners: owners, isMatched: isMatched))
    }
    self.entries = entries
  }

  /// That of a snapshot whose tensors fit each other; it may be damaged.
  private static func fingerprint(_ path: String) throws(ObverseError) -> String? {
    let (facts, fingerprint) = try Painter.facts(path)
    return facts.multiplyAdds == nil ? nil : fingerprint
  }

  /// Every kind of number that there is, in the order of the reports.
  var keys: [MeasureKey] {
    var seen: Set<MeasureKey> = []
    return entries.flatMap { entry in
      entry.report.measures.map { MeasureKey($0, entry.report.pictures) }
    }.filter { seen.insert($0).inserted }
  }

  func points(_ key: MeasureKey) -> [Point] {
    entries.flatMap { entry in
      let measures = entry.report.measures.filter { MeasureKey($0, entry.report.pictures) == key }
      return measures.flatMap { measure in
        entry.owners.map { Point(owner: $0, entry: entry, measure: measure) }
      }
    }
  }

  /// Of each owner's networks of a method the one that was trained longest, each network once.
  static func longest(_ points: [Point]) -> [Point] {
    var found: [(key: [String], point: Point)] = []
    for point in points {
      let key = [point.owner, point.entry.method]
      guard let i = found.firstIndex(where: { $0.key == key }) else {
        found.append((key, point))
        continue
      }
      if point.entry.kimg ?? -1 > found[i].point.entry.kimg ?? -1 { found[i].point = point }
    }
    var seen: Set<[String]> = []
    return found.map(\.point).filter {
      seen.insert([$0.entry.method, $0.entry.report.modelFingerprint]).inserted
    }
  }
}
