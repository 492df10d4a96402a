/// How near a generator's pictures are to those that another drew from the same w.
///
/// Of pictures as they are seen: in bytes.
public enum Fidelity {
  /// Running sums over pictures.
  struct Sums {
    private(set) var count = 0
    /// Of mean absolute differences, in bytes.
    private var distance = 0.0
    /// Of the peak signal-to-noise ratios, in decibels.
    private var ratio = 0.0
    /// Of `detail`.
    private var (theirs, mine) = (0.0, 0.0)

    /// The least that the mean square of an error counts, of a picture rounded to bytes: equal
    /// pictures would have an infinite ratio.
    private static let leastError = 1.0 / 12

    /// Adds a pair of pictures, each `[3, size, size]`.
    mutating func add(_ source: ArraySlice<UInt8>, _ drawn: ArraySlice<UInt8>, size: Int) {
      var (absolute, squares) = (0, 0)
      for (a, b) in zip(source, drawn) {
        let difference = Int(a) - Int(b)
        absolute += abs(difference)
        squares += difference * difference
      }
      count += 1
      distance += Double(absolute) / Double(source.count)
      let error = max(Double(squares) / Double(source.count), Self.leastError)
      ratio += 10 * logarithm10(255 * 255 / error)
      theirs += Fidelity.detail(source, size: size)
      mine += Fidelity.detail(drawn, size: size)
    }

    /// L1 where pictures go from -1 to 1.
    var meanDistance: Double { distance / Double(count) / 127.5 }
    /// The mean of each picture's decibels.
    var meanRatio: Double { ratio / Double(count) }
    /// Pixel-scale detail of the drawn pictures, as a share of the source's.
    var sharpness: Double { mine / theirs }
  }

  /// The mean distance of pixels from the means of their squares of 2x2, in bytes: what the finest
  /// bands of a Haar transform hold.
  ///
  /// - Parameters:
  ///   - picture: `[planes, size, size]`.
  ///   - size: An even number.
  /// - Returns: The distance; 0 for a picture of single-coloured squares.
  static func detail(_ picture: ArraySlice<UInt8>, size: Int) -> Double {
    var sum = 0
    for top in stride(from: picture.startIndex, to: picture.endIndex, by: 2 * size) {
      for left in stride(from: top, to: top + size, by: 2) {
        let square = [left, left + 1, left + size, left + size + 1].map { Int(picture[$0]) }
        let four = square.reduce(0, +)
        // Four times the distance of each from the mean.
        for value in square { sum += abs(4 * value - four) }
      }
    }
    return Double(sum) / 4 / Double(picture.count)
  }
}
