import CKernels

// F(4, 2) along each axis for the even raw rows and columns of a transposed convolution, which have
// two taps, and plain products for the odd ones, which have one: 81 products make the 64 raw values
// of 4 x 4 inputs, against 144 (interpolation points 0, 1, -1, 2 and infinity). The 16 of odd rows and
// odd columns need no transform, and go from the input's pixels straight to the raw map. FastUpConv
// says what raw rows are.

private typealias Four = (Vector, Vector, Vector, Vector)
private typealias Five = (Vector, Vector, Vector, Vector, Vector)

/// One axis of the input transform, Bᵀd.
@inline(__always)
private func spreadPair(_ d: Five) -> Five {
  let rest = d.3 - d.1
  return (
    multiplyAdd(d.0 - d.2, 2, rest), multiplyAdd(d.1, -2, d.3 - d.2),
    multiplyAdd(d.1, 2, multiplyAdd(d.2, -3, d.3)), rest, multiplyAdd(rest, -2, d.4 - d.2)
  )
}

/// One axis of the output transform, Aᵀm.
@inline(__always)
private func gatherPair(_ m: Five) -> Four {
  let sum = m.1 + m.2
  let difference = m.1 - m.2
  return (
    m.0 + sum + m.3, multiplyAdd(m.3, 2, difference), multiplyAdd(m.3, 4, sum),
    multiplyAdd(m.3, 8, difference) + m.4
  )
}

extension Vectorized {
  /// Raw rows of a transposed convolution of stride 2, without the last row and column.
  @inline(never)
  public func winogradUp(_ u: kernel_winograd_up) {
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
    for tileRow in 0..<u.tile_rows {
      for block in 0..<u.in_blocks {
        for tile in 0..<u.tiles {
          let from =
            u.input + (4 * tileRow * u.input_row + block * u.input_block + 4 * tile * lanes)
          let to = u.transformed + (block * plane + (tileRow * u.tiles + tile) * lanes)
          for x in 0..<5 {
            let p = from + x * lanes
            let column = spreadPair(
              (
                load(p), load(p + u.input_row), load(p + 2 * u.input_row),
                load(p + 3 * u.input_row), load(p + 4 * u.input_row)
              ))
            half[x] = column.0
            half[5 + x] = column.1
            half[10 + x] = column.2
            half[15 + x] = column.3
            half[20 + x] = column.4
          }
          for y in 0..<5 {
            let i = 5 * y
            let row = (half[i], half[i + 1], half[i + 2], half[i + 3], half[i + 4])
            let out = to + 9 * y * point
            storeEven(row, out, point)
            store(row.1, out + 5 * point)
            store(row.2, out + 6 * point)
            store(row.3, out + 7 * point)
            store(row.4, out + 8 * point)
          }
          for y in 1..<5 {
            let p = from + y * u.input_row
            storeEven(
              (
                load(p), load(p + lanes), load(p + 2 * lanes), load(p + 3 * lanes),
                load(p + 4 * lanes)
              ), to + 9 * (y + 4) * point, point)
          }
        }
      }
    }
  }

  /// Five points of the even columns.
  @inline(__always)
  private func storeEven(_ row: Five, _ out: MutableFloats, _ point: Int) {
    let even = spreadPair(row)
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
    var half = InlineArray<36, Vector> { _ in .zero }
    for tileRow in 0..<u.tile_rows {
      for block in 0..<u.out_blocks {
        for tile in 0..<u.tiles {
          let from = Floats(u.products) + (block * plane + (tileRow * u.tiles + tile) * lanes)
          let to =
            u.output
            + (8 * tileRow * u.output_row + block * u.output_block
              + 4 * tile * lanes)
          for c in 0..<9 {
            let p = from + c * point
            let column = gatherPair(
              (
                load(p), load(p + 9 * point), load(p + 18 * point), load(p + 27 * point),
                load(p + 36 * point)
              ))
            half[c] = column.0
            half[9 + c] = column.1
            half[18 + c] = column.2
            half[27 + c] = column.3
          }
          for y in 0..<4 {
            let i = 9 * y
            let even = to + 2 * y * u.output_row
            storeFour(
              gatherPair((half[i], half[i + 1], half[i + 2], half[i + 3], half[i + 4])), even)
            storeFour(
              (half[i + 5], half[i + 6], half[i + 7], half[i + 8]), even + u.odd_columns)
            let p = from + 9 * (5 + y) * point
            let odd = even + u.output_row
            storeFour(
              gatherPair(
                (
                  load(p), load(p + point), load(p + 2 * point), load(p + 3 * point),
                  load(p + 4 * point)
                )), odd)
          }
        }
      }
    }
  }

  @inline(__always)
  private func storeFour(_ v: Four, _ out: MutableFloats) {
    store(v.0, out)
    store(v.1, out + Vector.scalarCount)
    store(v.2, out + 2 * Vector.scalarCount)
    store(v.3, out + 3 * Vector.scalarCount)
  }
}
