import Glibc
import Obverse
import Page

/// The roofline of a run: operations a byte against operations a second, a dot for each step.
struct Roofline {
  /// What a dot needs, apart from its place: number in the table, share of the face's time.
  private struct Point {
    let number: Int
    let intensity: Double
    let rate: Double
    let part: Double
    let row: StepTimes.Row
  }

  /// Nil where no step has operations.
  static func svg(_ run: BenchRun, _ steps: StepTimes, _ roof: MachineRoof) -> String? {
    let points = steps.rows.enumerated().compactMap { index, row -> Point? in
      guard let rate = row.gigaflops, row.report.bytes > 0 else { return nil }
      return Point(
        number: index + 1,
        intensity: 2 * Double(row.report.macs) / Double(row.report.bytes), rate: rate,
        part: Double(row.nanoseconds) / Double(max(steps.whole, 1)), row: row)
    }
    guard let least = points.map(\.rate).min(), let lowest = points.map(\.intensity).min(),
      let highest = points.map(\.intensity).max()
    else { return nil }
    let peak = roof.flopsPerSecond / 1e9
    // A decade at least, and air around the dots.
    let x = Axis(
      from: min(lowest, roof.ridge) / 2, to: max(highest, roof.ridge) * 2, isLogarithmic: true,
      ends: (Chart.left, Chart.right))
    let bottom = min(least, peak / 10) / 1.6
    let y = Axis(
      from: bottom, to: max(points.map(\.rate).max() ?? peak, peak) * 2.2, isLogarithmic: true,
      ends: (Chart.bottom, Chart.top))
    var chart = Chart(x: x, y: y, xName: "FLOP a byte", yName: "GFLOP/s")
    let slope = roof.bytesPerSecond / 1e9
    // The slanted roof begins where it enters the chart.
    let start = max(x.from, bottom / slope)
    chart.line(x(start), y(start * slope), x(roof.ridge), y(peak), "roof")
    chart.line(x(roof.ridge), y(peak), Chart.right, y(peak), "roof")
    chart.text(
      Chart.right, 14,
      "roof \(Format.significant(peak)) GFLOP/s, \(Format.significant(slope)) GB/s", "name end")
    // Large dots first, so that small ones stay visible.
    for point in points.sorted(by: { $0.part > $1.part }) {
      // An area that grows with the share, but no dot too small for its number or for a finger.
      let radius = max(point.part >= 0.04 ? 9 : 4, 26 * point.part.squareRoot())
      let title =
        "\(point.number) \(point.row.name): \(Format.fixed(point.rate, 1)) GFLOP/s,"
        + " \(Format.fixed(100 * point.part, 1)) % of the time"
      chart.dot(
        x(point.intensity), y(point.rate), radius: radius,
        point.row.isCompute ? "compute" : "memory", title)
    }
    for point in points where point.part >= 0.04 {
      chart.text(x(point.intensity), y(point.rate) + 4, "\(point.number)", "number mid")
    }
    return chart.svg("Roofline of \(Path.stem(run.path))")
  }
}
