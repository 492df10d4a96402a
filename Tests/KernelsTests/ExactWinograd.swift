/// How one axis of a convolution is computed: `[out × point]`, `[point × tap]` and `[point × in]` for
/// outputs, kernel and inputs; an output is Σₚ out (kernel · w)ₚ (in · x)ₚ.
///
/// Lavin and Gray 2016 call the three A, G and B, each transposed where it stands on the left.
struct Bilinear {
  let output: [[Double]]
  let kernel: [[Double]]
  let input: [[Double]]
  /// Input that stands first in the tile of outputs from 0 on.
  let first: Int
  /// Inputs from one tile to the next.
  let step: Int
  /// Roundings of an input on its way to a point, and of a product on its way to an output.
  let roundings: Int
  /// Products of a channel that are summed one after the other, by no transform.
  let terms: Int

  /// Three taps, one after the other: each is a point.
  static let direct = Bilinear(
    output: [[1, 1, 1]], kernel: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    input: [[1, 0, 0], [0, 1, 0], [0, 0, 1]], first: -1, step: 1, roundings: 0, terms: 3)

  /// F(4, 3) with the points 0, 1, -1, 2, -2 and infinity.
  ///
  /// An input is multiplied once and added twice, a product added three times; powers of two are
  /// exact.
  static let fourByThree = Bilinear(
    output: [
      [1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1],
    ],
    kernel: [
      [1.0 / 4, 0, 0], [-1.0 / 6, -1.0 / 6, -1.0 / 6], [-1.0 / 6, 1.0 / 6, -1.0 / 6],
      [1.0 / 24, 1.0 / 12, 1.0 / 6], [1.0 / 24, -1.0 / 12, 1.0 / 6], [0, 0, 1],
    ],
    input: [
      [4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0],
      [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1],
    ], first: -1, step: 4, roundings: 6, terms: 1)

  /// Raw values of a transposed convolution of stride 2.
  ///
  /// F(4, 2) with the points 0, 1, -1, 2 and infinity for the even ones, whose taps are 2 and 0, and
  /// tap 1 for each odd one. Roundings as above.
  static let transposed = Bilinear(
    output: [
      [1, 1, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 0, 0, 0],
      [0, 1, -1, 2, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1, 0, 0],
      [0, 1, 1, 4, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 1, 0],
      [0, 1, -1, 8, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 1],
    ],
    kernel: [
      [0, 0, 1.0 / 2], [-1.0 / 2, 0, -1.0 / 2], [1.0 / 6, 0, -1.0 / 6], [1.0 / 3, 0, 1.0 / 6],
      [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 1, 0], [0, 1, 0],
    ],
    input: [
      [2, -1, -2, 1, 0], [0, -2, -1, 1, 0], [0, 2, -3, 1, 0], [0, -1, 0, 1, 0],
      [0, 2, -1, -2, 1], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1],
    ], first: -1, step: 4, roundings: 6, terms: 1)

  /// The same raw values directly: two taps for an even one, one for an odd one.
  static let phases = Bilinear(
    output: [[1, 1, 0], [0, 0, 1]], kernel: [[0, 0, 1], [1, 0, 0], [0, 1, 0]],
    input: [[1, 0], [0, 1], [0, 1]], first: -1, step: 1, roundings: 0, terms: 2)

  /// What it makes of a tile's inputs.
  func tile(_ weights: [Double], _ inputs: [Double]) -> [Double] {
    output.map { row in
      row.indices.reduce(0) { sum, p in
        sum + row[p] * Self.dot(kernel[p], weights) * Self.dot(input[p], inputs)
      }
    }
  }

  static func dot(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }
}

extension Exact {
  /// A 3x3 convolution whose axes are computed in `rows` and `columns`' way.
  ///
  /// The values do not depend on the way, the bound does: what is summed are the products of points,
  /// |out| |point of the kernel| |in| |input|, which are larger than those of a direct convolution, for
  /// the terms of a transform cancel. There are so many that the certain bound would be some hundred
  /// times what is seen, so this one is a likely one.
  func convolved(_ weight: [Float], rows: Bilinear, columns: Bilinear) -> Exact {
    var result = convolved(weight, kernel: 3)
    result.magnitudes = pointMagnitudes(weight, rows, columns, side: size)
    result.isLikely = true
    // A weight's rounding, a product's, and one for each term.
    let terms = channels * rows.terms * columns.terms
    result.roundings = roundings + 2 + terms + rows.roundings + columns.roundings
    return result
  }

  /// An up-convolution whose transposed convolution is computed so along both axes.
  func upConvolved(_ weight: [Float], by axis: Bilinear) -> Exact {
    var result = upConvolved(weight)
    result.isLikely = true
    // Raw values 0 ... 2 size along each axis.
    let raw = 2 * size + 1
    var magnitudes = pointMagnitudes(weight, axis, axis, side: raw)
    let outputs = weight.count / (channels * 9)
    // The last row and column are always computed directly: four terms for each channel; where the
    // others have one these count twice, as roundings count by their root.
    let edge = 2 / Double(axis.terms)
    for o in 0..<outputs {
      for i in 0..<raw {
        magnitudes[(o * raw + raw - 1) * raw + i] *= edge
        if i < raw - 1 { magnitudes[(o * raw + i) * raw + raw - 1] *= edge }
      }
    }
    let filter = [0.25, 0.75, 0.75, 0.25]  // gain 2 an axis
    for o in 0..<outputs {
      for y in 0..<(2 * size) {
        for x in 0..<(2 * size) {
          var sum = 0.0
          for ty in 0..<4 where (0..<raw).contains(y - 1 + ty) {
            for tx in 0..<4 where (0..<raw).contains(x - 1 + tx) {
              sum += filter[ty] * filter[tx] * magnitudes[(o * raw + y - 1 + ty) * raw + x - 1 + tx]
            }
          }
          result.magnitudes[(o * 2 * size + y) * 2 * size + x] = sum
        }
      }
    }
    // As above, and a pass of the filter adds, triples and adds.
    let terms = channels * axis.terms * axis.terms
    result.roundings = roundings + 2 + terms + 2 * axis.roundings + 6
    return result
  }

  /// √Σ products² of each of `side` times `side` outputs.
  private func pointMagnitudes(
    _ weight: [Float], _ rows: Bilinear, _ columns: Bilinear, side: Int
  ) -> [Double] {
    let outputs = weight.count / (channels * 9)
    let points = (rows.kernel.count, columns.kernel.count)
    let tile = (rows.output.count, columns.output.count)
    let tiles = ((side + tile.0 - 1) / tile.0, (side + tile.1 - 1) / tile.1)
    let count = tiles.0 * tiles.1
    // [in][point][tile]
    let inputs = pointInputs(rows, columns, tiles)
    var result = [Double](repeating: 0, count: outputs * side * side)
    for o in 0..<outputs {
      for p in 0..<(points.0 * points.1) {
        let (py, px) = (p / points.1, p % points.1)
        var sums = [Double](repeating: 0, count: count)
        for i in 0..<channels {
          let first = (o * channels + i) * 9
          let kernel = weight[first..<(first + 9)].map(Double.init)
          let lines = (0..<3).map { y in
            Bilinear.dot(columns.kernel[px], Array(kernel[(3 * y)..<(3 * y + 3)]))
          }
          let factor = Bilinear.dot(rows.kernel[py], lines)
          Self.add(factor * factor, inputs, at: (i * points.0 * points.1 + p) * count, to: &sums)
        }
        for ty in 0..<tile.0 where rows.output[ty][py] != 0 {
          for tx in 0..<tile.1 where columns.output[tx][px] != 0 {
            let factor = rows.output[ty][py] * columns.output[tx][px]
            for t in 0..<count {
              let y = t / tiles.1 * tile.0 + ty
              let x = t % tiles.1 * tile.1 + tx
              guard y < side, x < side else { continue }
              result[(o * side + y) * side + x] += factor * factor * sums[t]
            }
          }
        }
      }
    }
    return result.map { $0.squareRoot() }
  }

  /// Σ (in · input)² for each channel, point and tile.
  private func pointInputs(
    _ rows: Bilinear, _ columns: Bilinear, _ tiles: (Int, Int)
  ) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(
      channels * rows.kernel.count * columns.kernel.count * tiles.0 * tiles.1)
    for i in 0..<channels {
      for line in rows.input {
        for column in columns.input {
          // Most are zero.
          let taps = line.indices.flatMap { y in
            column.indices.compactMap { x in
              let factor = line[y] * column[x]
              return factor == 0 ? nil : (rows.first + y, columns.first + x, factor * factor)
            }
          }
          for t in 0..<(tiles.0 * tiles.1) {
            let (y0, x0) = (t / tiles.1 * rows.step, t % tiles.1 * columns.step)
            var sum = 0.0
            for (dy, dx, factor) in taps {
              let (y, x) = (y0 + dy, x0 + dx)
              guard y >= 0, y < size, x >= 0, x < size else { continue }
              let value = magnitudes[(i * size + y) * size + x]
              sum += factor * value * value
            }
            result.append(sum)
          }
        }
      }
    }
    return result
  }

  /// Pointers and a plain loop, since this must be quick in a debug build.
  private static func add(_ factor: Double, _ from: [Double], at: Int, to sums: inout [Double]) {
    let count = sums.count
    from.withUnsafeBufferPointer { from in
      sums.withUnsafeMutableBufferPointer { sums in
        guard let from = from.baseAddress, let sums = sums.baseAddress else { return }
        var k = 0
        while k < count {
          sums[k] += factor * from[at &+ k]
          k &+= 1
        }
      }
    }
  }
}
