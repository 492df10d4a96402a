import Checkpoint
import Core

/// Earlier times to compare with: a file of `bench --format json`.
struct EarlierReport {
  let path: String
  let instructionSet: String?
  let processor: String?
  private let runs: [Run]

  private struct Run {
    let sha256: String
    let threads: Int
    let batch: Int
    let times: [String: Int]
  }

  /// What is compared: the key in the file, and the word for the ratio.
  static let compared: [(key: String, name: String)] = [
    ("load_ns", "load"), ("first_ns", "first"), ("median_ns", "median"), ("p95_ns", "p95"),
    ("min_ns", "min"), ("peak_bytes", "peak"),
  ]

  /// Reads and checks a file.
  ///
  /// - Throws: `missing`, `unreadable`; `malformed`, `unsupported`, in the file.
  init(path: String) throws(ObverseError) {
    let file = try Bytes(mapping: path)
    do throws(ObverseError) {
      try self.init(path: path, file)
    } catch {
      throw error.inFile(path)
    }
  }

  private init(path: String, _ file: Bytes) throws(ObverseError) {
    let what = "baseline"
    let json = try ParsedJSON(parsing: file, what: what)
    guard case .text(let schema)? = json["schema"], schema == "obverse.bench/1",
      case .list(let runs)? = json["runs"]
    else {
      throw .unsupported(
        what: what, why: "it is no obverse.bench/1 object with runs",
        hint: "obverse bench --format json -o base.json")
    }
    self.path = path
    instructionSet = json["isa"]?.text
    processor = json["cpu"]?.text
    let model = json["model"]?["sha256"]?.text
    self.runs = try runs.enumerated().map { (item) throws(ObverseError) in
      let (index, run) = item
      guard let sha256 = run["sha256"]?.text ?? model, let threads = run["threads"]?.count else {
        throw .malformed(what: what, why: "run \(index) names no model or no threads")
      }
      var times: [String: Int] = [:]
      for (key, _) in Self.compared {
        guard let value = run[key]?.count, value > 0 else {
          throw .malformed(what: what, why: "run \(index) has no \(key) above 0")
        }
        times[key] = value
      }
      return Run(
        sha256: sha256, threads: threads, batch: run["batch"]?.count ?? 1, times: times)
    }
  }

  /// Refuses a baseline that has no run of any of these models, before anything is measured.
  func check(models: [String]) throws(ObverseError) {
    guard !runs.contains(where: { models.contains($0.sha256) }) else { return }
    let these = models.count == 1 ? "this model" : "these models"
    throw ObverseError.unsupported(what: "baseline", why: "it has no run of \(these)", hint: nil)
      .inFile(path)
  }

  /// Now against then, by name: below 1 is faster or less.
  ///
  /// Empty where then has no such run.
  func ratios(_ run: BenchRun) -> [(name: String, ratio: Double)] {
    guard
      let then = runs.last(where: {
        $0.sha256 == run.modelSHA256 && $0.threads == run.threads && $0.batch == run.batch
      })
    else { return [] }
    let now: [String: Double] = [
      "load_ns": Double(run.load), "first_ns": Double(run.first), "median_ns": Double(run.median),
      "p95_ns": Double(run.quantile95), "min_ns": Double(run.least),
      "peak_bytes": Double(run.peakBytes),
    ]
    return Self.compared.compactMap { key, name in
      guard let now = now[key], let then = then.times[key] else { return nil }
      return (name, now / Double(then))
    }
  }
}

extension ParsedJSON {
  fileprivate var text: String? {
    guard case .text(let text) = self else { return nil }
    return text
  }

  fileprivate var count: Int? {
    guard case .integer(let value) = self, value >= 0 else { return nil }
    return value
  }
}
