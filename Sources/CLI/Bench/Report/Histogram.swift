import Page

/// How often a face, or a batch, took how long.
struct Histogram {
  static func svg(_ run: BenchRun) -> String {
    let times = run.samples.map { Double($0) / 1e6 }.sorted()
    // Without the slowest hundredth, which would squeeze the rest; it is counted in the last bar.
    let low = times.first ?? 0
    let high = max(Double(Samples.quantile(run.samples, 99)) / 1e6, low * 1.02 + 1e-6)
    let count = max(4, min(24, Int(Double(times.count).squareRoot().rounded()) * 2))
    var bars = [Int](repeating: 0, count: count)
    for time in times {
      bars[min(Int((time - low) / (high - low) * Double(count)), count - 1)] += 1
    }
    let most = Double(bars.max() ?? 1)
    let x = Axis(from: low, to: high, isLogarithmic: false, ends: (Chart.left, Chart.right))
    let y = Axis(
      from: 0, to: max(most * 1.15, 1), isLogarithmic: false, ends: (Chart.bottom, Chart.top))
    let noun = run.batch > 1 ? "batches" : "faces"
    var chart = Chart(x: x, y: y, xName: "ms", yName: noun)
    let width = (Chart.right - Chart.left) / Double(count)
    for (i, bar) in bars.enumerated() where bar > 0 {
      let from = low + (high - low) * Double(i) / Double(count)
      chart.bar(
        Chart.left + Double(i) * width + 1, y(Double(bar)), width - 2,
        Chart.bottom - y(Double(bar)), "\(bar) from \(Format.fixed(from, 2)) ms")
    }
    let median = Double(run.median) / 1e6
    let middle = min(x(median), Chart.right)
    chart.line(middle, Chart.top, middle, Chart.bottom, "mark")
    let isRight = middle > (Chart.left + Chart.right) / 2
    chart.text(
      middle + (isRight ? -5 : 5), 14, "median \(Format.fixed(median, 2))",
      isRight ? "name end" : "name")
    return chart.svg("Histogram of times")
  }
}
