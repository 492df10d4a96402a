// Layers of few channels: maps as [row][channel][column] and vectors along a row, so that no lane is
// wasted on a channel that is not there.

import CKernels

// The register tile: n output channels times m vectors of columns. A step loads m vectors of one
// input channel and n weights, and does n * m multiply-adds; 12 sums hide the latency of two FMA
// units and fit 16 registers with their operands. AVX-512 has 32, and so has NEON, where four weights
// are the lanes of one.

#if WIDE16
private let widestRow = 4
#else
private let widestRow = 2
#endif

/// Most output channels of a tile that is `vectors` wide; the packing of weights depends on it.
private func mostChannels(_ vectors: Int) -> Int {
  #if WIDE16
  return vectors > 2 ? 4 : 8
  #elseif arch(arm64)
  return 8
  #else
  return 6
  #endif
}

/// Carries a count to a generic function; private, or a debug build makes metadata of it.
private struct Count<let n: Int> {}

extension Vectorized {
  /// Output channels that go together in rows of `columns`.
  func planarGroup(columns: Int) -> Int {
    mostChannels(min(columns / Vector.scalarCount, widestRow))
  }

  /// One row of a convolution by taps; sums are stored as they are.
  @inline(never)
  func planarRow(_ conv: kernel_planar) {
    row(conv)
  }

  @inline(__always)
  func row(_ c: kernel_planar) {
    let lanes = Vector.scalarCount
    let vectors = c.columns / lanes
    let tiles = (vectors + widestRow - 1) / widestRow
    let groups = (c.outputs + c.group - 1) / c.group
    // Columns outside: a tile's input stays in the first-level cache while all weights, which lie in a
    // row, pass by.
    for tile in 0..<tiles {
      let from = tile * vectors / tiles
      let width = (tile + 1) * vectors / tiles - from
      var weights = c.weights
      for group in 0..<groups {
        let first = group * c.outputs / groups
        let count = (group + 1) * c.outputs / groups - first
        dispatch(
          count, width, c, c.input + from * lanes, weights,
          c.output + (first * c.output_channel + from * lanes))
        weights += count * c.step_count
      }
    }
  }

  @inline(__always)
  private func dispatch(
    _ count: Int, _ width: Int, _ c: kernel_planar, _ input: Floats, _ weights: Floats,
    _ out: MutableFloats
  ) {
    switch width {
    case 1: dispatch(count, Count<1>(), c, input, weights, out)
    #if WIDE16
    case 2: dispatch(count, Count<2>(), c, input, weights, out)
    case 3: dispatchFew(count, Count<3>(), c, input, weights, out)
    default: dispatchFew(count, Count<4>(), c, input, weights, out)
    #else
    default: dispatch(count, Count<2>(), c, input, weights, out)
    #endif
    }
  }

  @inline(never)
  private func dispatch<let m: Int>(
    _ count: Int, _ width: Count<m>, _ c: kernel_planar, _ input: Floats, _ weights: Floats,
    _ out: MutableFloats
  ) {
    switch count {
    case 1: tile(Count<1>(), width, c, input, weights, out)
    case 2: tile(Count<2>(), width, c, input, weights, out)
    case 3: tile(Count<3>(), width, c, input, weights, out)
    case 4: tile(Count<4>(), width, c, input, weights, out)
    case 5: tile(Count<5>(), width, c, input, weights, out)
    #if WIDE16 || arch(arm64)
    case 6: tile(Count<6>(), width, c, input, weights, out)
    case 7: tile(Count<7>(), width, c, input, weights, out)
    default: tile(Count<8>(), width, c, input, weights, out)
    #else
    default: tile(Count<6>(), width, c, input, weights, out)
    #endif
    }
  }

  #if WIDE16
  /// Of so wide a tile registers hold four channels.
  @inline(never)
  private func dispatchFew<let m: Int>(
    _ count: Int, _ width: Count<m>, _ c: kernel_planar, _ input: Floats, _ weights: Floats,
    _ out: MutableFloats
  ) {
    switch count {
    case 1: tile(Count<1>(), width, c, input, weights, out)
    case 2: tile(Count<2>(), width, c, input, weights, out)
    case 3: tile(Count<3>(), width, c, input, weights, out)
    default: tile(Count<4>(), width, c, input, weights, out)
    }
  }
  #endif

  @inline(__always)
  private func tile<let n: Int, let m: Int>(
    _: Count<n>, _: Count<m>, _ c: kernel_planar, _ input: Floats, _ weights: Floats,
    _ out: MutableFloats
  ) {
    let lanes = Vector.scalarCount
    var sums = InlineArray<n, InlineArray<m, Vector>> { _ in InlineArray { _ in .zero } }
    var w = weights
    // One loop over channels and their one to four taps: an inner one would end all the time.
    for step in 0..<c.step_count {
      let p = input + c.steps[step]
      var x = InlineArray<m, Vector> { _ in .zero }
      for v in 0..<m { x[v] = load(p + v * lanes) }
      #if arch(arm64)
      let first = n / 4 * 4
      for o in 0..<(n / 4) {
        let weights = load(w + 4 * o)
        for v in 0..<m {
          sums[4 * o][v] = multiplyAdd(x[v], weights[0], sums[4 * o][v])
          sums[4 * o + 1][v] = multiplyAdd(x[v], weights[1], sums[4 * o + 1][v])
          sums[4 * o + 2][v] = multiplyAdd(x[v], weights[2], sums[4 * o + 2][v])
          sums[4 * o + 3][v] = multiplyAdd(x[v], weights[3], sums[4 * o + 3][v])
        }
      }
      #else
      let first = 0
      #endif
      for o in first..<n {
        let weight = Vector(repeating: w[o])
        for v in 0..<m { sums[o][v] = multiplyAdd(x[v], weight, sums[o][v]) }
      }
      w += n
    }
    for o in 0..<n {
      for v in 0..<m { store(sums[o][v], out + (o * c.output_channel + v * lanes)) }
    }
  }
}

// MARK: - Prepared rows

extension Vectorized {
  /// Row `y` of a planar map times the style, `[channel][stride]` from column 0.
  ///
  /// Nothing is written outside of the columns. Zeros where the map has no such row.
  @inline(never)
  func planarModulateRow(
    _ map: UnsafePointer<Float>, y: Int, size: Int, channels: Int, style: UnsafePointer<Float>,
    into row: UnsafeMutablePointer<Float>, stride: Int
  ) {
    for c in 0..<channels {
      let out = row + c * stride
      guard y >= 0, y < size else {
        var x = 0
        while x < size {
          store(.zero, out + x)
          x += Vector.scalarCount
        }
        continue
      }
      let source = map + (y * channels + c) * size
      let s = Vector(repeating: style[c])
      var x = 0
      while x < size {
        store(load(source + x) * s, out + x)
        x += Vector.scalarCount
      }
    }
  }

  /// The same from a map of blocks.
  @inline(never)
  func planarModulateBlockedRow(
    _ map: UnsafePointer<Float>, y: Int, size: Int, channels: Int, style: UnsafePointer<Float>,
    into row: UnsafeMutablePointer<Float>, stride: Int
  ) {
    let lanes = Vector.scalarCount
    let blocks = (channels + lanes - 1) / lanes
    for c in 0..<channels {
      let out = row + c * stride
      guard y >= 0, y < size else {
        for x in 0..<size { out[x] = 0 }
        continue
      }
      let source = map + ((y * blocks + c / lanes) * size * lanes + c % lanes)
      let s = style[c]
      for x in 0..<size { out[x] = source[x * lanes] * s }
    }
  }
}

// MARK: - Last column of a transposed convolution

extension Vectorized {
  /// `sums[o] = weights[0][i][o] x[i] (+ weights[1][i][o] above[i])`, over one column of input channels
  /// that lie `stride` apart; `outputs` is padded to whole vectors, in `sums` too.
  @inline(never)
  func planarColumn(
    _ weights: UnsafePointer<Float>, _ x: UnsafePointer<Float>, above: UnsafePointer<Float>?,
    channels: Int, stride: Int, outputs: Int, into sums: UnsafeMutablePointer<Float>
  ) {
    let lanes = Vector.scalarCount
    for o in Swift.stride(from: 0, to: outputs, by: lanes) {
      var sum = Vector.zero
      for i in 0..<channels {
        sum = multiplyAdd(
          Vector(repeating: x[i * stride]), load(weights + i * outputs + o), sum)
      }
      if let above {
        let behind = weights + channels * outputs
        for i in 0..<channels {
          sum = multiplyAdd(
            Vector(repeating: above[i * stride]), load(behind + i * outputs + o), sum)
        }
      }
      store(sum, sums + o)
    }
  }
}
