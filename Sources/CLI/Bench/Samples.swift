/// Order statistics of measured times.
package enum Samples {
  /// The middle of `samples`, the lower of two; 0 of none.
  package static func median(_ samples: [UInt64]) -> UInt64 { quantile(samples, 50) }

  /// The smallest sample that at least `percent` of all do not exceed.
  package static func quantile(_ samples: [UInt64], _ percent: Int) -> UInt64 {
    guard !samples.isEmpty else { return 0 }
    let rank = (samples.count * percent + 99) / 100
    return samples.sorted()[max(rank, 1) - 1]
  }
}
