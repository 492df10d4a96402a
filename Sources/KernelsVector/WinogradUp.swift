import CKernels

// F(4, 2) along each axis for the even raw rows and columns of a transposed convolution, which have
// two taps, and plain products for the odd ones, which have one: 81 products make the 64 raw values
// of 4 x 4 inputs, against 144 (interpolation points 0, 1, -1, 2 and infinity). The 16 of odd rows and
// odd columns need no transform, and go from the input's pixels straight to the raw map. FastUpConv
// says what raw rows are.

private typealias Four = (Vector, Vector, Vector, Vector)
private typealias Five = (Vector, Vector, Vector, Vector, Vector)

/// One axis of the input transform, Bᵀd; `k` holds 2, -2 and -3.
@inline(__always)
private func spreadPair(_ d: Five, _ k: SIMD4<Float>) -> Five {
  let rest = d.3 - d.1
  return (
    multiplyAdd(d.0 - d.2, k[0], rest), multiplyAdd(d.1, k[1], d.3 - d.2),
    multiplyAdd(d.1, k[0], multiplyAdd(d.2, k[2], d.3)), rest, multiplyAdd(rest, k[1], d.4 - d.2)
  )
}

/// One axis of the output transform, Aᵀm; `k` holds 2, 4 and 8.
@inline(__always)
private func gatherPair(_ m: Five, _ k: SIMD4<Float>) -> Four {
  let sum = m.1 + m.2
  let difference = m.1 - m.2
  return (
    m.0 + sum + m.3, multiplyAdd(m.3, k[0], difference), multiplyAdd(m.3, k[1], sum),
    multiplyAdd(m.3, k[2], difference) + m.4
  )
}

extension Vectorized {
  /// Raw rows of a transposed convolution of stride 2, without the last row and column.
  @inline(never)
  func winogradUp(_ u: kernel_winograd_up) {
    transformInput(u)
    let tiles = u.tile_rows * u.tiles
    let plane = tiles * Vector.scalarCount
    var tap = 0
    withUnsafePointer(to: &tap) { tap in
      for point in 0..<81 where point / 9 < 5 || point % 9 < 5 {
        // The four odd rows and columns share a weight.
        let weight = min(point / 9, 5) * 6 + min(point % 9, 5)
        let conv = kernel_conv(
          input: Floats(u.transformed + point * u.in_blocks * plane), input_row: 0,
          input_block: plane, channels: u.channels, taps: tap, tap_count: 1,
          weights: u.weights + weight * u.channels * u.out_blocks * Vector.scalarCount,
          output: u.products + point * u.out_blocks * plane, output_row: 0, output_block: plane,
          blocks: u.out_blocks, pixels: tiles, rows: 1, ahead: 0)
        convRaw(conv)
      }
      let odd = kernel_conv(
        input: u.input + (u.input_row + Vector.scalarCount), input_row: u.input_row,
        input_block: u.input_block, channels: u.channels, taps: tap, tap_count: 1,
        weights: u.weights + 35 * u.channels * u.out_blocks * Vector.scalarCount,
        output: u.output + (u.output_row + u.odd_columns), output_row: 2 * u.output_row,
        output_block: u.output_block, blocks: u.out_blocks, pixels: 4 * u.tiles,
        rows: 4 * u.tile_rows, ahead: 0)
      convRaw(odd)
    }
    transformOutput(u)
  }

  /// Prepared rows to `[81][block][tile][lane]`, nine kinds of rows times nine of columns; those of
  /// odd rows and odd columns stay empty.
  @inline(__always)
  private func transformInput(_ u: kernel_winograd_up) {
    let lanes = Vector.scalarCount
    let plane = u.tile_rows * u.tiles * lanes
    let point = u.in_blocks * plane
    var half = InlineArray<25, Vector> { _ in .zero }
    let k = factors(2, -2, -3)
    for tileRow in 0..<u.tile_rows {
      for block in 0..<u.in_blocks {
        for tile in 0..<u.tiles {
          let from =
            u.input + (4 * tileRow * u.input_row + block * u.input_block + 4 * tile * lanes)
          let to = u.transformed + (block * plane + (tileRow * u.tiles + tile) * lanes)
          #if arch(arm64)
          // Its registers hold a half of the points between the two axes, but not all.
          spreadTile(from, u.input_row, to, point, 0..<3, k, &half)
          spreadTile(from, u.input_row, to, point, 3..<5, k, &half)
          #else
          spreadTile(from, u.input_row, to, point, 0..<5, k, &half)
          #endif
          for y in 1..<5 {
            let p = from + y * u.input_row
            storeEven(
              (
                load(p), load(p + lanes), load(p + 2 * lanes), load(p + 3 * lanes),
                load(p + 4 * lanes)
              ), to + 9 * (y + 4) * point, point, k)
          }
        }
      }
    }
  }

  /// Both axes of the input transform of a tile, for `points` of the vertical one.
  @inline(__always)
  private func spreadTile(
    _ from: Floats, _ row: Int, _ to: MutableFloats, _ point: Int, _ points: Range<Int>,
    _ k: SIMD4<Float>, _ half: inout InlineArray<25, Vector>
  ) {
    for x in 0..<5 {
      let p = from + x * Vector.scalarCount
      let column = spreadPair(
        (load(p), load(p + row), load(p + 2 * row), load(p + 3 * row), load(p + 4 * row)), k)
      if points.contains(0) { half[x] = settled(column.0) }
      if points.contains(1) { half[5 + x] = settled(column.1) }
      if points.contains(2) { half[10 + x] = settled(column.2) }
      if points.contains(3) { half[15 + x] = settled(column.3) }
      if points.contains(4) { half[20 + x] = settled(column.4) }
    }
    for y in points {
      let i = 5 * y
      let row = (half[i], half[i + 1], half[i + 2], half[i + 3], half[i + 4])
      let out = to + 9 * y * point
      storeEven(row, out, point, k)
      store(row.1, out + 5 * point)
      store(row.2, out + 6 * point)
      store(row.3, out + 7 * point)
      store(row.4, out + 8 * point)
    }
  }

  /// Five points of the even columns.
  @inline(__always)
  private func storeEven(_ row: Five, _ out: MutableFloats, _ point: Int, _ k: SIMD4<Float>) {
    let even = spreadPair(row, k)
    store(even.0, out)
    store(even.1, out + point)
    store(even.2, out + 2 * point)
    store(even.3, out + 3 * point)
    store(even.4, out + 4 * point)
  }

  /// `[81][block][tile][lane]` to raw rows.
  @inline(__always)
  private func transformOutput(_ u: kernel_winograd_up) {
    let lanes = Vector.scalarCount
    let plane = u.tile_rows * u.tiles * lanes
    let point = u.out_blocks * plane
    let k = factors(2, 4, 8)
    for tileRow in 0..<u.tile_rows {
      for block in 0..<u.out_blocks {
        for tile in 0..<u.tiles {
          let from = Floats(u.products) + (block * plane + (tileRow * u.tiles + tile) * lanes)
          let to =
            u.output
            + (8 * tileRow * u.output_row + block * u.output_block
              + 4 * tile * lanes)
          // Odd rows have even columns alone here, and odd columns need no second axis.
          for y in 0..<4 {
            let p = from + 9 * (5 + y) * point
            storeFour(
              gatherPair(
                (
                  load(p), load(p + point), load(p + 2 * point), load(p + 3 * point),
                  load(p + 4 * point)
                ), k), to + (2 * y + 1) * u.output_row)
          }
          for x in 0..<4 {
            let column = gatherColumn(from + (5 + x) * point, point, k)
            let out = to + (u.odd_columns + x * lanes)
            store(column.0, out)
            store(column.1, out + 2 * u.output_row)
            store(column.2, out + 4 * u.output_row)
            store(column.3, out + 6 * u.output_row)
          }
          let a = gatherColumn(from, point, k)
          let b = gatherColumn(from + point, point, k)
          let c = gatherColumn(from + 2 * point, point, k)
          let d = gatherColumn(from + 3 * point, point, k)
          let e = gatherColumn(from + 4 * point, point, k)
          storeFour(gatherPair((a.0, b.0, c.0, d.0, e.0), k), to)
          storeFour(gatherPair((a.1, b.1, c.1, d.1, e.1), k), to + 2 * u.output_row)
          storeFour(gatherPair((a.2, b.2, c.2, d.2, e.2), k), to + 4 * u.output_row)
          storeFour(gatherPair((a.3, b.3, c.3, d.3, e.3), k), to + 6 * u.output_row)
        }
      }
    }
  }

  /// The vertical axis of the output transform, of one column.
  @inline(__always)
  private func gatherColumn(_ p: Floats, _ point: Int, _ k: SIMD4<Float>) -> Four {
    let column = gatherPair(
      (
        load(p), load(p + 9 * point), load(p + 18 * point), load(p + 27 * point),
        load(p + 36 * point)
      ), k)
    return (settled(column.0), settled(column.1), settled(column.2), settled(column.3))
  }

  @inline(__always)
  private func storeFour(_ v: Four, _ out: MutableFloats) {
    store(v.0, out)
    store(v.1, out + Vector.scalarCount)
    store(v.2, out + 2 * Vector.scalarCount)
    store(v.3, out + 3 * Vector.scalarCount)
  }
}
