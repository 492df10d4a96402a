import FoundationEssentials

/// The curves of a run's `log.jsonl`, as far as its lines can be read.
struct RunLog {
  /// The values under one name, by thousands of real images.
  struct Curve: Equatable {
    struct Point: Equatable {
      let kimg: Double
      let value: Double
    }

    let name: String
    var points: [Point] = []
  }

  /// In the order in which their names first come.
  private(set) var curves: [Curve] = []
  /// Lines that were read.
  private(set) var lines = 0
  /// Lines that are cut, hold no numbers or go back.
  private(set) var damaged = 0
  /// Names beyond `mostCurves`, which are left out.
  private(set) var leftOut = 0
  /// Where the last line was written.
  private(set) var step = 0.0
  private(set) var kimg = 0.0
  /// Time of all steps, without saving.
  private(set) var seconds = 0.0

  private static let mostCurves = 40
  /// Beyond it a chart has no place for a number.
  private static let largest = 1e30
  /// What stands beside the curves.
  private static let positions: Set = ["step", "images", "seconds", "images_per_second"]

  /// Reads lines of JSON; what is no line of a log is counted and passed over.
  init(_ text: [UInt8]) {
    let decoder = JSONDecoder()
    var places: [String: Int] = [:]
    var extra: Set<String> = []
    for line in text.split(separator: 0x0a) {
      guard let values = try? decoder.decode([String: Double].self, from: Data(line)),
        let images = values["images"], images > 1000 * kimg,
        values.values.allSatisfy({ $0.magnitude <= Self.largest })
      else {
        damaged += 1
        continue
      }
      lines += 1
      kimg = images / 1000
      step = values["step"] ?? step
      seconds += max(values["seconds"] ?? 0, 0)
      for (name, value) in values.sorted(by: { $0.key < $1.key })
      where !Self.positions.contains(name) {
        guard let place = places[name] ?? (curves.count < Self.mostCurves ? curves.count : nil)
        else {
          extra.insert(name)
          continue
        }
        if place == curves.count {
          places[name] = place
          curves.append(Curve(name: name))
        }
        curves[place].points.append(Curve.Point(kimg: kimg, value: value))
      }
    }
    leftOut = extra.count
  }

  func curve(_ name: String) -> Curve? { curves.first { $0.name == name } }
}

/// A curve of at most `mostPoints` places.
struct ThinnedCurve {
  static let mostPoints = 160

  /// Values that stand behind each place.
  let group: Int
  /// The means.
  let points: [(x: Double, y: Double)]
  /// The least and the greatest value of each place; empty where a place is one value.
  let band: [(x: Double, low: Double, high: Double)]

  init(_ curve: RunLog.Curve) {
    let all = curve.points
    let group = max((all.count + Self.mostPoints - 1) / Self.mostPoints, 1)
    self.group = group
    let parts = stride(from: 0, to: all.count, by: group).map {
      all[$0..<min($0 + group, all.count)]
    }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    let places = parts.map { mean($0.map(\.kimg)) }
    points = zip(places, parts).map { ($0, mean($1.map(\.value))) }
    guard group > 1 else {
      band = []
      return
    }
    band = zip(places, parts).map { place, part in
      let values = part.map(\.value)
      return (place, values.min() ?? 0, values.max() ?? 0)
    }
  }
}
