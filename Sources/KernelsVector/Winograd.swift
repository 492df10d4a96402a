// Winograd's F(4x4, 3x3): 36 products make 16 outputs of a 3x3 convolution, against 144 directly
// (Lavin and Gray 2016; interpolation points 0, 1, -1, 2, -2 and infinity).

import CKernels

private typealias Six = (Vector, Vector, Vector, Vector, Vector, Vector)
private typealias Four = (Vector, Vector, Vector, Vector)

/// One axis of the input transform, Bᵀd; `k` holds 4, -4 and -5.
@inline(__always)
private func spread(_ d: Six, _ k: SIMD4<Float>) -> Six {
  let even = multiplyAdd(d.2, k[1], d.4)  // d4 - 4 d2
  let odd = multiplyAdd(d.1, k[1], d.3)  // d3 - 4 d1
  let near = d.4 - d.2
  let far = (d.3 - d.1) * 2
  return (
    multiplyAdd(d.0, k[0], multiplyAdd(d.2, k[2], d.4)), even + odd, even - odd, near + far,
    near - far, multiplyAdd(d.1, k[0], multiplyAdd(d.3, k[2], d.5))
  )
}

/// One axis of the output transform, Aᵀm; `k` holds 2, 4 and 8.
@inline(__always)
private func gather(_ m: Six, _ k: SIMD4<Float>) -> Four {
  let sum1 = m.1 + m.2
  let difference1 = m.1 - m.2
  let sum2 = m.3 + m.4
  let difference2 = m.3 - m.4
  return (
    m.0 + sum1 + sum2, multiplyAdd(difference2, k[0], difference1), multiplyAdd(sum2, k[1], sum1),
    multiplyAdd(difference2, k[2], difference1) + m.5
  )
}

extension Vectorized {
  /// Tile rows of a 3x3 convolution whose sums are finished by `epilogue`; `row` is the band's first
  /// output row and `size` the side of the output.
  @inline(never)
  func winogradActivated(
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
  ///
  /// Between the two axes NEON's registers hold a half of the points, but not all: one is made after the
  /// other.
  @inline(__always)
  private func transformInput(_ w: kernel_winograd) {
    let lanes = Vector.scalarCount
    let plane = w.tile_rows * w.tiles * lanes
    let point = w.in_blocks * plane
    // Outside the loops, since it is zeroed where it is made.
    var half = InlineArray<36, Vector> { _ in .zero }
    let k = factors(4, -4, -5)
    for tileRow in 0..<w.tile_rows {
      for block in 0..<w.in_blocks {
        for tile in 0..<w.tiles {
          let from =
            w.input + (4 * tileRow * w.input_row + block * w.input_block + 4 * tile * lanes)
          let to = w.transformed + (block * plane + (tileRow * w.tiles + tile) * lanes)
          #if arch(arm64)
          spreadTile(from, w.input_row, to, point, 0..<3, k, &half)
          spreadTile(from, w.input_row, to, point, 3..<6, k, &half)
          #else
          spreadTile(from, w.input_row, to, point, 0..<6, k, &half)
          #endif
        }
      }
    }
  }

  /// Both axes of the input transform of a tile, for `points` of the vertical one.
  @inline(__always)
  private func spreadTile(
    _ from: Floats, _ row: Int, _ to: MutableFloats, _ point: Int, _ points: Range<Int>,
    _ k: SIMD4<Float>, _ half: inout InlineArray<36, Vector>
  ) {
    @inline(__always)
    func spreadColumn(_ x: Int) {
      let p = from + x * Vector.scalarCount
      let column = spread(
        (
          load(p), load(p + row), load(p + 2 * row), load(p + 3 * row), load(p + 4 * row),
          load(p + 5 * row)
        ), k)
      if points.contains(0) { half[x] = settled(column.0) }
      if points.contains(1) { half[6 + x] = settled(column.1) }
      if points.contains(2) { half[12 + x] = settled(column.2) }
      if points.contains(3) { half[18 + x] = settled(column.3) }
      if points.contains(4) { half[24 + x] = settled(column.4) }
      if points.contains(5) { half[30 + x] = settled(column.5) }
    }
    // Written out where registers hold what is made: the compiler leaves a loop, and its results in memory.
    #if arch(arm64)
    spreadColumn(0)
    spreadColumn(1)
    spreadColumn(2)
    spreadColumn(3)
    spreadColumn(4)
    spreadColumn(5)
    #else
    for x in 0..<6 { spreadColumn(x) }
    #endif
    for y in points {
      let i = 6 * y
      let line = spread(
        (half[i], half[i + 1], half[i + 2], half[i + 3], half[i + 4], half[i + 5]), k)
      let out = to + i * point
      store(line.0, out)
      store(line.1, out + point)
      store(line.2, out + 2 * point)
      store(line.3, out + 3 * point)
      store(line.4, out + 4 * point)
      store(line.5, out + 5 * point)
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
    let k = factors(2, 4, 8)
    for tileRow in 0..<w.tile_rows {
      for block in 0..<w.out_blocks {
        let finish = blockFinish(e, channel: block * lanes)
        for tile in 0..<w.tiles {
          let from = Floats(w.products) + (block * plane + (tileRow * w.tiles + tile) * lanes)
          let y0 = 4 * tileRow
          let to = w.output + (y0 * w.output_row + block * w.output_block + 4 * tile * lanes)
          #if arch(arm64)
          let pixel = e.noise.map { $0 + ((row + y0) * size + 4 * tile) } ?? no_noise()
          let line = e.noise == nil ? 0 : size
          gatherColumns(from, point, 0..<2, k, &half)
          finishRow(finish, pixel, 0, half, k, to)
          finishRow(finish, pixel + line, 1, half, k, to + w.output_row)
          gatherColumns(from, point, 2..<4, k, &half)
          finishRow(finish, pixel + 2 * line, 2, half, k, to + 2 * w.output_row)
          finishRow(finish, pixel + 3 * line, 3, half, k, to + 3 * w.output_row)
          #else
          for x in 0..<6 {
            let p = from + x * point
            let column = gather(
              (
                load(p), load(p + 6 * point), load(p + 12 * point), load(p + 18 * point),
                load(p + 24 * point), load(p + 30 * point)
              ), k)
            half[x] = column.0
            half[6 + x] = column.1
            half[12 + x] = column.2
            half[18 + x] = column.3
          }
          for y in 0..<4 {
            let i = 6 * y
            let line = gather(
              (half[i], half[i + 1], half[i + 2], half[i + 3], half[i + 4], half[i + 5]), k)
            let out = to + y * w.output_row
            let noise = e.noise.map { $0 + ((row + y0 + y) * size + 4 * tile) }
            store(finished(finish, line.0, noise, 0), out)
            store(finished(finish, line.1, noise, 1), out + lanes)
            store(finished(finish, line.2, noise, 2), out + 2 * lanes)
            store(finished(finish, line.3, noise, 3), out + 3 * lanes)
          }
          #endif
        }
      }
    }
  }

  #if arch(arm64)
  /// The vertical axis of the output transform of a tile, for `rows` of its outputs.
  @_transparent
  private func gatherColumns(
    _ from: Floats, _ point: Int, _ rows: Range<Int>, _ k: SIMD4<Float>,
    _ half: inout InlineArray<24, Vector>
  ) {
    @inline(__always)
    func gatherColumn(_ x: Int) {
      let p = from + x * point
      let column = gather(
        (
          load(p), load(p + 6 * point), load(p + 12 * point), load(p + 18 * point),
          load(p + 24 * point), load(p + 30 * point)
        ), k)
      if rows.contains(0) { half[x] = settled(column.0) }
      if rows.contains(1) { half[6 + x] = settled(column.1) }
      if rows.contains(2) { half[12 + x] = settled(column.2) }
      if rows.contains(3) { half[18 + x] = settled(column.3) }
    }
    gatherColumn(0)
    gatherColumn(1)
    gatherColumn(2)
    gatherColumn(3)
    gatherColumn(4)
    gatherColumn(5)
  }

  /// The horizontal one, and what follows: four pixels of row `y` of the tile, whose noise is a vector.
  @_transparent
  private func finishRow(
    _ finish: BlockFinish, _ noise: Floats, _ y: Int, _ half: InlineArray<24, Vector>,
    _ k: SIMD4<Float>, _ out: MutableFloats
  ) {
    let i = 6 * y
    let line = gather(
      (half[i], half[i + 1], half[i + 2], half[i + 3], half[i + 4], half[i + 5]), k)
    let drawn = load(noise) * finish.strength
    store(finished(finish, line.0, drawn[0]), out)
    store(finished(finish, line.1, drawn[1]), out + 4)
    store(finished(finish, line.2, drawn[2]), out + 8)
    store(finished(finish, line.3, drawn[3]), out + 12)
  }
  #endif
}
