import Glibc

/// How far two images of 8-bit samples, or two sets of them, are apart.
package struct Difference: Sendable, Equatable {
  /// Largest difference of two samples.
  package private(set) var largest = 0
  private var sum = 0
  private var squares = 0
  private var samples = 0

  package init() {}

  /// Compares sample with sample.
  package init(_ a: [UInt8], _ b: [UInt8]) {
    precondition(a.count == b.count)
    for (x, y) in zip(a, b) {
      let difference = abs(Int(x) - Int(y))
      largest = max(largest, difference)
      sum += difference
      squares += difference * difference
    }
    samples = a.count
  }

  /// Takes another image into the set.
  package mutating func add(_ other: Difference) {
    largest = max(largest, other.largest)
    sum += other.sum
    squares += other.squares
    samples += other.samples
  }

  /// Mean of the absolute differences.
  package var mean: Double { Double(sum) / Double(max(samples, 1)) }

  /// Peak signal-to-noise ratio in dB, `10 log10(255² / mean square)`; infinite for equal images.
  package var psnr: Double {
    squares == 0 ? .infinity : 10 * log10(255 * 255 * Double(samples) / Double(squares))
  }
}
