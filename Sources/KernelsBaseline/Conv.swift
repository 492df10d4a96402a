// Rows of a convolution as tiles. A row is cut into equal tiles rather than full ones and a rest,
// since a narrow rest would leave the multipliers waiting for their own sums.

import CKernels

/// Does one tile of `count` pixels and two vectors.
@inline(__always)
func dispatchPair<F: Finish>(
  _ count: Int, _ c: kernel_conv, _ pixel: Floats, _ weights: Floats, _ out: MutableFloats, _ f: F,
  _ channel: Int, _ row: Int, _ column: Int
) {
  #if WIDE16
  switch count {
  case 1: tilePair(Count<1>(), c, pixel, weights, out, f, channel, row, column)
  case 2: tilePair(Count<2>(), c, pixel, weights, out, f, channel, row, column)
  case 3: tilePair(Count<3>(), c, pixel, weights, out, f, channel, row, column)
  case 4: tilePair(Count<4>(), c, pixel, weights, out, f, channel, row, column)
  case 5: tilePair(Count<5>(), c, pixel, weights, out, f, channel, row, column)
  case 6: tilePair(Count<6>(), c, pixel, weights, out, f, channel, row, column)
  case 7: tilePair(Count<7>(), c, pixel, weights, out, f, channel, row, column)
  case 8: tilePair(Count<8>(), c, pixel, weights, out, f, channel, row, column)
  case 9: tilePair(Count<9>(), c, pixel, weights, out, f, channel, row, column)
  case 10: tilePair(Count<10>(), c, pixel, weights, out, f, channel, row, column)
  case 11: tilePair(Count<11>(), c, pixel, weights, out, f, channel, row, column)
  default: tilePair(Count<12>(), c, pixel, weights, out, f, channel, row, column)
  }
  #else
  switch count {
  case 1: tilePair(Count<1>(), c, pixel, weights, out, f, channel, row, column)
  case 2: tilePair(Count<2>(), c, pixel, weights, out, f, channel, row, column)
  case 3: tilePair(Count<3>(), c, pixel, weights, out, f, channel, row, column)
  case 4: tilePair(Count<4>(), c, pixel, weights, out, f, channel, row, column)
  case 5: tilePair(Count<5>(), c, pixel, weights, out, f, channel, row, column)
  default: tilePair(Count<6>(), c, pixel, weights, out, f, channel, row, column)
  }
  #endif
}

/// Does one tile of `count` pixels and one vector.
@inline(__always)
func dispatchSingle<F: Finish>(
  _ count: Int, _ c: kernel_conv, _ pixel: Floats, _ weights: Floats, _ out: MutableFloats, _ f: F,
  _ channel: Int, _ row: Int, _ column: Int
) {
  #if WIDE16
  switch count {
  case 1: tileSingle(Count<1>(), c, pixel, weights, out, f, channel, row, column)
  case 2: tileSingle(Count<2>(), c, pixel, weights, out, f, channel, row, column)
  case 3: tileSingle(Count<3>(), c, pixel, weights, out, f, channel, row, column)
  case 4: tileSingle(Count<4>(), c, pixel, weights, out, f, channel, row, column)
  case 5: tileSingle(Count<5>(), c, pixel, weights, out, f, channel, row, column)
  case 6: tileSingle(Count<6>(), c, pixel, weights, out, f, channel, row, column)
  case 7: tileSingle(Count<7>(), c, pixel, weights, out, f, channel, row, column)
  case 8: tileSingle(Count<8>(), c, pixel, weights, out, f, channel, row, column)
  case 9: tileSingle(Count<9>(), c, pixel, weights, out, f, channel, row, column)
  case 10: tileSingle(Count<10>(), c, pixel, weights, out, f, channel, row, column)
  case 11: tileSingle(Count<11>(), c, pixel, weights, out, f, channel, row, column)
  case 12: tileSingle(Count<12>(), c, pixel, weights, out, f, channel, row, column)
  case 13: tileSingle(Count<13>(), c, pixel, weights, out, f, channel, row, column)
  case 14: tileSingle(Count<14>(), c, pixel, weights, out, f, channel, row, column)
  case 15: tileSingle(Count<15>(), c, pixel, weights, out, f, channel, row, column)
  default: tileSingle(Count<16>(), c, pixel, weights, out, f, channel, row, column)
  }
  #else
  switch count {
  case 1: tileSingle(Count<1>(), c, pixel, weights, out, f, channel, row, column)
  case 2: tileSingle(Count<2>(), c, pixel, weights, out, f, channel, row, column)
  case 3: tileSingle(Count<3>(), c, pixel, weights, out, f, channel, row, column)
  case 4: tileSingle(Count<4>(), c, pixel, weights, out, f, channel, row, column)
  case 5: tileSingle(Count<5>(), c, pixel, weights, out, f, channel, row, column)
  case 6: tileSingle(Count<6>(), c, pixel, weights, out, f, channel, row, column)
  case 7: tileSingle(Count<7>(), c, pixel, weights, out, f, channel, row, column)
  case 8: tileSingle(Count<8>(), c, pixel, weights, out, f, channel, row, column)
  case 9: tileSingle(Count<9>(), c, pixel, weights, out, f, channel, row, column)
  case 10: tileSingle(Count<10>(), c, pixel, weights, out, f, channel, row, column)
  case 11: tileSingle(Count<11>(), c, pixel, weights, out, f, channel, row, column)
  default: tileSingle(Count<12>(), c, pixel, weights, out, f, channel, row, column)
  }
  #endif
}

/// Every output block of every pixel of every row. A pair of blocks keeps its weights in cache over
/// the whole band.
@inline(__always)
func convolve<F: Finish>(_ c: kernel_conv, _ f: F) {
  let lanes = Vector.scalarCount
  let perBlock = c.tap_count * c.channels * lanes
  var block = 0
  while block < c.blocks {
    let isPair = block + 1 < c.blocks
    let weights = c.weights + block * perBlock
    let widest = isPair ? widestPair : widestSingle
    let tiles = (c.pixels + widest - 1) / widest
    for row in 0..<c.rows {
      let input = c.input + row * c.input_row
      let output = c.output + (row * c.output_row + block * c.output_block)
      for tile in 0..<tiles {
        let column = tile * c.pixels / tiles
        let count = (tile + 1) * c.pixels / tiles - column
        if isPair {
          dispatchPair(
            count, c, input + column * lanes, weights, output + column * lanes, f, block * lanes,
            row, column)
        } else {
          dispatchSingle(
            count, c, input + column * lanes, weights, output + column * lanes, f, block * lanes,
            row, column)
        }
      }
    }
    block += isPair ? 2 : 1
  }
}

extension Vectorized {
  /// A convolution whose sums are finished by `epilogue`; `row` is the band's first row and `size`
  /// the side of the output, to place the noise.
  @inline(never)
  public static func convActivated(
    _ conv: UnsafePointer<kernel_conv>, _ epilogue: UnsafePointer<kernel_epilogue>, row: Int,
    size: Int
  ) {
    convolve(conv.pointee, Activated(epilogue.pointee, row: row, size: size))
  }

  /// A convolution whose sums are stored as they are.
  @inline(never)
  public static func convRaw(_ conv: UnsafePointer<kernel_conv>) {
    convolve(conv.pointee, Raw())
  }
}
