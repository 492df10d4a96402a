// Winograd's F(4x4, 3x3): 36 products make 16 outputs of a 3x3 convolution, against 144 directly
// (Lavin and Gray 2016; interpolation points 0, 1, -1, 2, -2 and infinity).

import CKernels

private typealias Six = (Vector, Vector, Vector, Vector, Vector, Vector)
private typealias Four = (Vector, Vector, Vector, Vector)

/// One axis of the input transform, Bᵀd.
@inline(__always)
private func spread(_ d: Six) -> Six {
  let even = multiplyAdd(d.2, -4, d.4)  // d4 - 4 d2
  let odd = multiplyAdd(d.1, -4, d.3)  // d3 - 4 d1
  let near = d.4 - d.2
  let far = (d.3 - d.1) * 2
  return (
    multiplyAdd(d.0, 4, multiplyAdd(d.2, -5, d.4)), even + odd, even - odd, near + far, near - far,
    multiplyAdd(d.1, 4, multiplyAdd(d.3, -5, d.5))
  )
}

/// One axis of the output transform, Aᵀm.
@inline(__always)
private func gather(_ m: Six) -> Four {
  let sum1 = m.1 + m.2
  let difference1 = m.1 - m.2
  let sum2 = m.3 + m.4
  let difference2 = m.3 - m.4
  return (
    m.0 + sum1 + sum2, multiplyAdd(difference2, 2, difference1), multiplyAdd(sum2, 4, sum1),
    multiplyAdd(difference2, 8, difference1) + m.5
  )
}

extension Vectorized {
  /// Tile rows of a 3x3 convolution whose sums are finished by `epilogue`; `row` is the band's first
  /// output row and `size` the side of the output.
  @inline(never)
  public func winogradActivated(
    _ w: kernel_winograd, _ epilogue: kernel_epilogue,
    row: Int, size: Int
  ) {
    transformInput(w)
    let tiles = w.tile_rows * w.tiles
    let plane = tiles * Vector.scalarCount
    var tap = 0
    withUnsafePointer(to: &tap) { tap in
      for point in 0..<36 {
        let conv = kernel_conv(
          input: Floats(w.transformed + point * w.in_blocks * plane), input_row: 0,
          input_block: plane, channels: w.channels, taps: tap, tap_count: 1,
          weights: w.weights + point * w.channels * w.out_blocks * Vector.scalarCount,
          output: w.products + point * w.out_blocks * plane, output_row: 0, output_block: plane,
          blocks: w.out_blocks, pixels: tiles, rows: 1, ahead: 0)
        convRaw(conv)
      }
    }
    transformOutput(w, epilogue, row, size)
  }

  /// Prepared rows to `[36][block][tile][lane]`.
  @inline(__always)
  private func transformInput(_ w: kernel_winograd) {
    let lanes = Vector.scalarCount
    let plane = w.tile_rows * w.tiles * lanes
    let point = w.in_blocks * plane
    // Outside the loops, since it is zeroed where it is made.
    var half = InlineArray<36, Vector> { _ in .zero }
    for tileRow in 0..<w.tile_rows {
      for block in 0..<w.in_blocks {
        for tile in 0..<w.tiles {
          let from =
            w.input + (4 * tileRow * w.input_row + block * w.input_block + 4 * tile * lanes)
          let to = w.transformed + (block * plane + (tileRow * w.tiles + tile) * lanes)
          for x in 0..<6 {
            let p = from + x * lanes
            let column = spread(
              (
                load(p), load(p + w.input_row), load(p + 2 * w.input_row),
                load(p + 3 * w.input_row), load(p + 4 * w.input_row), load(p + 5 * w.input_row)
              ))
            half[x] = column.0
            half[6 + x] = column.1
            half[12 + x] = column.2
            half[18 + x] = column.3
            half[24 + x] = column.4
            half[30 + x] = column.5
          }
          for y in 0..<6 {
            let i = 6 * y
            let line = spread(
              (half[i], half[i + 1], half[i + 2], half[i + 3], half[i + 4], half[i + 5]))
            let out = to + i * point
            store(line.0, out)
            store(line.1, out + point)
            store(line.2, out + 2 * point)
            store(line.3, out + 3 * point)
            store(line.4, out + 4 * point)
            store(line.5, out + 5 * point)
          }
        }
      }
    }
  }

  /// `[36][block][tile][lane]` to finished rows of the output map.
  @inline(__always)
  private func transformOutput(
    _ w: kernel_winograd, _ e: kernel_epilogue, _ row: Int, _ size: Int
  ) {
    let lanes = Vector.scalarCount
    let plane = w.tile_rows * w.tiles * lanes
    let point = w.out_blocks * plane
    var half = InlineArray<24, Vector> { _ in .zero }
    for tileRow in 0..<w.tile_rows {
      for block in 0..<w.out_blocks {
        let finish = blockFinish(e, channel: block * lanes)
        for tile in 0..<w.tiles {
          let from = Floats(w.products) + (block * plane + (tileRow * w.tiles + tile) * lanes)
          let y0 = 4 * tileRow
          let to = w.output + (y0 * w.output_row + block * w.output_block + 4 * tile * lanes)
          for x in 0..<6 {
            let p = from + x * point
            let column = gather(
              (
                load(p), load(p + 6 * point), load(p + 12 * point), load(p + 18 * point),
                load(p + 24 * point), load(p + 30 * point)
              ))
            half[x] = column.0
            half[6 + x] = column.1
            half[12 + x] = column.2
            half[18 + x] = column.3
          }
          for y in 0..<4 {
            let i = 6 * y
            let line = gather(
              (half[i], half[i + 1], half[i + 2], half[i + 3], half[i + 4], half[i + 5]))
            let out = to + y * w.output_row
            let noise = e.noise.map { $0 + ((row + y0 + y) * size + 4 * tile) }
            store(finished(finish, line.0, noise, 0), out)
            store(finished(finish, line.1, noise, 1), out + lanes)
            store(finished(finish, line.2, noise, 2), out + 2 * lanes)
            store(finished(finish, line.3, noise, 3), out + 3 * lanes)
          }
        }
      }
    }
  }
}
