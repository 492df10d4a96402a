// Convolutions of maps of 4 x 4. So few pixels share each weight that fetching the weights is most of the
// work: they may stay in the type that the file has, and where there are 32 registers a tile is two rows.

import CKernels

#if WIDE16 || arch(arm64)
private let tileRows = 2
#else
private let tileRows = 1
#endif

/// Weights of some blocks as they are stored, widened as they are read.
private protocol TileWeights {
  /// Those that begin with a block, of `count` elements each.
  func block(_ block: Int, count: Int, isPair: Bool) -> Self
  /// The first vector of a pair or single block, and the second, `offset` elements from the start.
  func first(_ offset: Int) -> Vector
  func second(_ offset: Int) -> Vector
}

private struct FloatTile: TileWeights {
  let start: Floats

  @inline(__always)
  func block(_ block: Int, count: Int, isPair: Bool) -> FloatTile {
    FloatTile(start: start + block * count)
  }
  @inline(__always)
  func first(_ offset: Int) -> Vector { load(start + offset) }
  @inline(__always)
  func second(_ offset: Int) -> Vector { load(start + (offset + Vector.scalarCount)) }
}

#if WIDE8 || WIDE16 || arch(arm64)
private struct HalfTile: TileWeights {
  let start: UnsafePointer<UInt16>

  @inline(__always)
  func block(_ block: Int, count: Int, isPair: Bool) -> HalfTile {
    HalfTile(start: start + block * count)
  }
  @inline(__always)
  func first(_ offset: Int) -> Vector { widened(start + offset) }
  @inline(__always)
  func second(_ offset: Int) -> Vector { widened(start + (offset + Vector.scalarCount)) }
}
#endif

private struct ByteTile: TileWeights {
  let start: UnsafePointer<Int8>
  /// Of all output channels.
  let scales: Floats
  var firstScale = Vector.zero
  var secondScale = Vector.zero

  @inline(__always)
  func block(_ block: Int, count: Int, isPair: Bool) -> ByteTile {
    let scale = scales + block * Vector.scalarCount
    return ByteTile(
      start: start + block * count, scales: scales, firstScale: load(scale),
      secondScale: isPair ? load(scale + Vector.scalarCount) : .zero)
  }
  @inline(__always)
  func first(_ offset: Int) -> Vector { widened(start + offset) * firstScale }
  @inline(__always)
  func second(_ offset: Int) -> Vector {
    widened(start + (offset + Vector.scalarCount)) * secondScale
  }
}

#if arch(arm64)
/// The multiply-adds of a whole vector of channels, so many, with the lanes of two rows of 4 inputs.
@inline(__always)
private func addFour<W: TileWeights>(
  _ upper: Floats, _ lower: Floats, _ weights: W, _ w: inout Int, isPair: Bool,
  _ a: inout InlineArray<8, Vector>, _ b: inout InlineArray<8, Vector>
) -> Int {
  var x = InlineArray<8, Vector> { _ in .zero }
  for i in 0..<4 { x[i] = load(upper + 4 * i) }
  for i in 0..<4 { x[4 + i] = load(lower + 4 * i) }
  let step = isPair ? 8 : 4
  add(x, lane: 0, settled(weights.first(w)), &a)
  if isPair { add(x, lane: 0, settled(weights.second(w)), &b) }
  add(x, lane: 1, settled(weights.first(w + step)), &a)
  if isPair { add(x, lane: 1, settled(weights.second(w + step)), &b) }
  add(x, lane: 2, settled(weights.first(w + 2 * step)), &a)
  if isPair { add(x, lane: 2, settled(weights.second(w + 2 * step)), &b) }
  add(x, lane: 3, settled(weights.first(w + 3 * step)), &a)
  if isPair { add(x, lane: 3, settled(weights.second(w + 3 * step)), &b) }
  w += 4 * step
  return 4
}
#endif

#if WIDE8
/// The multiply-adds of one channel with a row of 4 inputs.
@inline(__always)
private func add<W: TileWeights>(
  _ row: Floats, _ weights: W, _ w: Int, _ a: inout InlineArray<8, Vector>,
  _ b: inout InlineArray<8, Vector>
) {
  let (first, second) = (weights.first(w), weights.second(w))
  for i in 0..<4 {
    let x = Vector(repeating: row[i * Vector.scalarCount])
    a[i] = inOrder(multiplyAdd(first, x, a[i]))
    b[i] = inOrder(multiplyAdd(second, x, b[i]))
  }
}

/// Those of a whole vector of channels, eight, written out: see `addEight` of `Conv`.
@inline(__always)
private func addEight<W: TileWeights>(
  _ row: Floats, _ weights: W, _ w: inout Int, _ a: inout InlineArray<8, Vector>,
  _ b: inout InlineArray<8, Vector>
) -> Int {
  add(row, weights, w, &a, &b)
  add(row + 1, weights, w + 16, &a, &b)
  add(row + 2, weights, w + 32, &a, &b)
  add(row + 3, weights, w + 48, &a, &b)
  add(row + 4, weights, w + 64, &a, &b)
  add(row + 5, weights, w + 80, &a, &b)
  add(row + 6, weights, w + 96, &a, &b)
  add(row + 7, weights, w + 112, &a, &b)
  w += 128
  return 8
}
#endif

/// A row of 4 pixels, or two, of a pair of blocks or of a single one.
@inline(__always)
private func tile<W: TileWeights>(
  _ c: kernel_conv, _ e: kernel_epilogue, _ weights: W, isPair: Bool, channel: Int, row: Int
) {
  let lanes = Vector.scalarCount
  var a = InlineArray<8, Vector> { _ in .zero }
  var b = InlineArray<8, Vector> { _ in .zero }
  var w = 0
  for t in 0..<c.tap_count {
    var upper = c.input + (row * c.input_row + c.taps[t])
    var lower = upper + c.input_row
    var left = c.channels
    while left > 0 {
      #if arch(arm64)
      let done = left < lanes ? 0 : addFour(upper, lower, weights, &w, isPair: isPair, &a, &b)
      #elseif WIDE8
      let done = left < lanes || !isPair ? 0 : addEight(upper, weights, &w, &a, &b)
      #else
      let done = 0
      #endif
      for k in done..<min(left, lanes) {
        let first = weights.first(w)
        for i in 0..<4 { a[i] = multiplyAdd(first, upper[i * lanes + k], a[i]) }
        if tileRows == 2 {
          for i in 0..<4 { a[4 + i] = multiplyAdd(first, lower[i * lanes + k], a[4 + i]) }
        }
        if isPair {
          let second = weights.second(w)
          for i in 0..<4 { b[i] = multiplyAdd(second, upper[i * lanes + k], b[i]) }
          if tileRows == 2 {
            for i in 0..<4 { b[4 + i] = multiplyAdd(second, lower[i * lanes + k], b[4 + i]) }
          }
        }
        w += isPair ? 2 * lanes : lanes
      }
      left -= lanes
      upper += c.input_block
      lower += c.input_block
    }
  }
  for y in 0..<tileRows {
    let out = c.output + ((row + y) * c.output_row + channel / lanes * c.output_block)
    for i in 0..<4 { store(a[4 * y + i], out + i * lanes) }
    finish(e, out, channel: channel, row: row + y)
    guard isPair else { continue }
    for i in 0..<4 { store(b[4 * y + i], out + (c.output_block + i * lanes)) }
    finish(e, out + c.output_block, channel: channel + lanes, row: row + y)
  }
}

/// Finishes the sums of a row of 4 pixels of one block.
@inline(__always)
private func finish(_ e: kernel_epilogue, _ sums: MutableFloats, channel: Int, row: Int) {
  let finish = blockFinish(e, channel: channel)
  var noise: Floats?
  if let plane = e.noise { noise = plane + 4 * row }
  for x in 0..<4 {
    let at = sums + x * Vector.scalarCount
    store(finished(finish, load(at), noise, x), at)
  }
}

/// All blocks of a map.
@inline(__always)
private func convolve<W: TileWeights>(_ c: kernel_conv, _ e: kernel_epilogue, _ weights: W) {
  let lanes = Vector.scalarCount
  var block = 0
  while block < c.blocks {
    let isPair = block + 1 < c.blocks
    let chosen = weights.block(block, count: c.tap_count * c.channels * lanes, isPair: isPair)
    for row in stride(from: 0, to: 4, by: tileRows) {
      if isPair {
        tile(c, e, chosen, isPair: true, channel: block * lanes, row: row)
      } else {
        tile(c, e, chosen, isPair: false, channel: block * lanes, row: row)
      }
    }
    block += isPair ? 2 : 1
  }
}

extension Vectorized {
  /// `convActivated` of a whole map of 4 x 4: the same bits.
  @inline(never)
  func convSmall(_ conv: kernel_conv, _ epilogue: kernel_epilogue) {
    convolve(conv, epilogue, FloatTile(start: conv.weights))
  }

  /// The same of half floats in the same order: the bits of those floats.
  @inline(never)
  func convSmallHalves(
    _ conv: kernel_conv, _ weights: UnsafePointer<UInt16>, _ epilogue: kernel_epilogue
  ) {
    #if WIDE8 || WIDE16 || arch(arm64)
    convolve(conv, epilogue, HalfTile(start: weights))
    #endif
  }

  /// The same of signed bytes times the scale of their output channel, `[blocks * lanes]`: the bits of
  /// those products.
  @inline(never)
  func convSmallBytes(
    _ conv: kernel_conv, _ weights: UnsafePointer<Int8>, scales: UnsafePointer<Float>,
    _ epilogue: kernel_epilogue
  ) {
    convolve(conv, epilogue, ByteTile(start: weights, scales: scales))
  }
}
