import Obverse
import Page

/// Where the time of a face goes: a row for each part, held against the machine's roof.
struct StepTimes {
  struct Row {
    let report: StepReport
    let nanoseconds: UInt64
    /// What the roof says would do.
    let least: Double
    /// Whether the roof is that of arithmetic, not of memory.
    let isCompute: Bool

    /// `b64.conv1 + torgb`: a fused step's layers, the block named once.
    var name: String {
      let layers = report.layers
      guard let first = layers.first else { return "" }
      let block = first.prefix { $0 != "." } + "."
      return layers.map { layer in
        layer != first && layer.hasPrefix(block) ? String(layer.dropFirst(block.count)) : layer
      }.joined(separator: " + ")
    }

    /// Thousand million operations a second, a multiply-add being two; nil for what does none.
    var gigaflops: Double? {
      report.macs > 0 ? 2 * Double(report.macs) / Double(max(nanoseconds, 1)) : nil
    }

    /// The algorithm of a 3x3 convolution, or the numbers of a 1x1 if they are others than float32.
    var how: String? {
      report.algorithm?.rawValue
        ?? report.precision.flatMap { $0 == .float32 ? nil : $0.rawValue }
    }

    /// Share of the roof.
    var share: Double { least / Double(max(nanoseconds, 1)) }
  }

  let rows: [Row]
  /// The same faces as wholes, from the seed to the bytes.
  let whole: UInt64
  /// What taking the times costs: the fastest face with them against the fastest without, less 1.
  let overhead: Double

  /// Draws each face with and without a clock at the steps, one right behind the other and in turns
  /// first, so that a machine whose speed drifts treats both alike.
  init(
    _ generator: Generator, label: Int?, _ request: BenchRequest, _ roof: MachineRoof
  ) throws(ObverseError) {
    var plain: [UInt64] = []
    var faces: [(whole: UInt64, parts: [UInt64])] = []
    for seed in 0..<UInt32(request.repeats) {
      if Interrupt.isRequested { throw .cancelled }
      func draw() throws(ObverseError) {
        let start = Clock.now
        _ = try generator.face(seed: seed, label: label)
        plain.append(Clock.now - start)
      }
      if seed % 2 == 0 { try draw() }
      let start = Clock.now
      let parts = try generator.timeParts(seed: seed, label: label)
      faces.append((Clock.now - start, parts))
      if seed % 2 == 1 { try draw() }
    }
    overhead =
      Double(faces.map(\.whole).min() ?? 1) / Double(max(plain.min() ?? 1, 1)) - 1
    // Means over the middle half of the faces: medians of each part would not add up to a face where
    // the machine has a fast and a slow mood.
    faces.sort { $0.whole < $1.whole }
    let middle = faces[(faces.count / 4)..<((3 * faces.count + 3) / 4)]
    func mean(_ time: ((whole: UInt64, parts: [UInt64])) -> UInt64) -> UInt64 {
      middle.reduce(0) { $0 + time($1) } / UInt64(max(middle.count, 1))
    }
    whole = mean(\.whole)
    rows = generator.stepReports(request.rule).enumerated().map { index, report in
      let (flops, bytes) = (2 * Double(report.macs), Double(report.bytes))
      return Row(
        report: report, nanoseconds: mean { $0.parts[index] },
        least: roof.leastNanoseconds(flops: flops, bytes: bytes),
        isCompute: flops / roof.flopsPerSecond > bytes / roof.bytesPerSecond)
    }
  }

  var macs: Int { rows.reduce(0) { $0 + $1.report.macs } }
  var bytes: Int { rows.reduce(0) { $0 + $1.report.bytes } }
  /// Share of the roof that the whole face reaches, if each part is held against its own.
  var share: Double { rows.reduce(0) { $0 + $1.least } / Double(max(whole, 1)) }
  var gigaflops: Double { 2 * Double(macs) / Double(max(whole, 1)) }

  static let columns: [TextTable.Column] =
    [.init("layer")]
    + ["MMAC", "MB moved", "ms", "GFLOP/s", "% roof"].map { .init($0, number: true) }
    + [.init("bound"), .init("algorithm")]

  /// The cells of each row and of the total, in the order of `columns`.
  var cells: [[String]] {
    func numbers(_ macs: Int, _ bytes: Int, _ time: UInt64, _ rate: Double?, _ share: Double)
      -> [String]
    {
      [
        Format.fixed(Double(macs) / 1e6, 2), Format.fixed(Double(bytes) / 1e6, 2),
        Format.fixed(Double(time) / 1e6, 3), rate.map { Format.fixed($0, 1) } ?? "",
        Format.fixed(100 * share, 0),
      ]
    }
    return rows.map { row in
      [row.name]
        + numbers(row.report.macs, row.report.bytes, row.nanoseconds, row.gigaflops, row.share)
        + [row.isCompute ? "compute" : "memory", row.how ?? ""]
    } + [["total"] + numbers(macs, bytes, whole, gigaflops, share) + ["", ""]]
  }

  /// An object for each part; `run` is the index of its run.
  func json(run: Int) -> [JSON] {
    rows.map { row in
      .object([
        ("run", .integer(run)), ("layers", .list(row.report.layers.map { .text($0) })),
        ("macs", .integer(row.report.macs)), ("bytes", .integer(row.report.bytes)),
        ("ns", .nanoseconds(row.nanoseconds)),
        ("flops_per_s", row.gigaflops.map { .number($0 * 1e9) } ?? .null),
        ("roof_share", .number(row.share)),
        ("bound", .text(row.isCompute ? "compute" : "memory")),
        ("algorithm", row.how.map { .text($0) } ?? .null),
      ])
    }
  }
}
