// A convolution on blocks of channels, by taps.

import CKernels

// The register tile: n pixels times one or two vectors of output channels.
//
// A step of the innermost loop loads one or two weight vectors and n single inputs, and does n or
// 2n multiply-adds. 6 x 2 and 12 x 1 keep 12 sums in flight, enough for two FMA units of latency 4,
// and with their operands fit 16 registers; AVX-512 has 32 and takes 8 x 2 and 16 x 1, which divide
// the widths of maps. (From 11 x 2 on the compiler leaves the loop over pixels rolled, in memory.)
//
// NEON has 32 too and multiplies by a lane of a register: where channels fill a vector, n inputs are
// loaded as vectors for four steps. 8 x 2 are then 64 multiply-adds with 16 vectors loaded, 12 x 1 are
// 48 with 16; 16 x 1 would leave no register for weights.

#if WIDE16
private let widestPair = 8
private let widestSingle = 16
#elseif arch(arm64)
private let widestPair = 8
private let widestSingle = 12
#else
private let widestPair = 6
private let widestSingle = 12
#endif

/// Carries a count to a generic function; private, or a debug build makes metadata of it.
private struct Count<let n: Int> {}

/// What a tile multiplies: how the numbers of a pixel lie, and what a step adds.
private protocol TileProduct {
  /// Numbers of a pixel in a block, as many as steps.
  static var perBlock: Int { get }
  static func add(_ x: Vector, _ w: Vector, _ sum: Vector) -> Vector
}

/// A channel a step.
private struct Single: TileProduct {
  @inline(__always)
  static var perBlock: Int { Vector.scalarCount }
  @inline(__always)
  static func add(_ x: Vector, _ w: Vector, _ sum: Vector) -> Vector { multiplyAdd(x, w, sum) }
}

#if WIDE16
/// Two channels a step, a word of two bfloat16.
private struct Paired: TileProduct {
  @inline(__always)
  static var perBlock: Int { Vector.scalarCount / 2 }
  @inline(__always)
  static func add(_ x: Vector, _ w: Vector, _ sum: Vector) -> Vector { addPairProducts(x, w, sum) }
}
#endif

/// What becomes of the sums of a pair of blocks in the registers that hold them.
private protocol TileFinish {
  /// What `short` needs for one vector that begins with `channel`.
  func start(_ channel: Int) -> Vector
  /// What is stored of a pixel's sum; `row` counts within the band.
  func short(_ sum: Vector, _ start: Vector, row: Int, column: Int) -> Vector
}

/// Leaves the sums as they are.
private struct Raw: TileFinish {
  @inline(__always)
  func start(_ channel: Int) -> Vector { .zero }
  @inline(__always)
  func short(_ sum: Vector, _ start: Vector, row: Int, column: Int) -> Vector { sum }
}

/// Noise, bias and leaky ReLU.
private struct Plain: TileFinish {
  let bias: Floats
  let slope: Vector
  /// Noise at the band's first row.
  let noise: Floats
  let strength: Float
  let size: Int

  @inline(__always)
  init?(_ epilogue: kernel_epilogue, row: Int, size: Int) {
    guard isPlain(epilogue), let noise = epilogue.noise else { return nil }
    self.bias = epilogue.bias
    self.slope = Vector(repeating: epilogue.slope)
    self.noise = noise + row * size
    self.strength = epilogue.strength
    self.size = size
  }

  @inline(__always)
  func start(_ channel: Int) -> Vector { load(bias + channel) }

  @inline(__always)
  func short(_ sum: Vector, _ start: Vector, row: Int, column: Int) -> Vector {
    let offset = start + Vector(repeating: noise[row * size + column] * strength)
    return finishedPlain(sum, offset, slope)
  }
}

#if arch(arm64)
/// The multiply-adds of a whole vector of channels, four; written out, since a lane must be known.
@inline(__always)
private func addFour<let n: Int>(
  _ block: Floats, _ w: inout Floats, _ a: inout InlineArray<n, Vector>,
  _ b: inout InlineArray<n, Vector>
) -> Int {
  var x = InlineArray<n, Vector> { _ in .zero }
  for i in 0..<n { x[i] = load(block + 4 * i) }
  add(x, lane: 0, load(w), load(w + 4), &a, &b)
  add(x, lane: 1, load(w + 8), load(w + 12), &a, &b)
  add(x, lane: 2, load(w + 16), load(w + 20), &a, &b)
  add(x, lane: 3, load(w + 24), load(w + 28), &a, &b)
  w += 32
  return 4
}

@inline(__always)
func add<let n: Int>(
  _ x: InlineArray<n, Vector>, lane: Int, _ wa: Vector, _ wb: Vector,
  _ a: inout InlineArray<n, Vector>, _ b: inout InlineArray<n, Vector>
) {
  for i in 0..<n {
    a[i] = multiplyAdd(wa, x[i][lane], a[i])
    b[i] = multiplyAdd(wb, x[i][lane], b[i])
  }
}

/// The same for one vector of outputs.
@inline(__always)
private func addFour<let n: Int>(
  _ block: Floats, _ w: inout Floats, _ a: inout InlineArray<n, Vector>
) -> Int {
  var x = InlineArray<n, Vector> { _ in .zero }
  for i in 0..<n { x[i] = load(block + 4 * i) }
  add(x, lane: 0, load(w), &a)
  add(x, lane: 1, load(w + 4), &a)
  add(x, lane: 2, load(w + 8), &a)
  add(x, lane: 3, load(w + 12), &a)
  w += 16
  return 4
}

@inline(__always)
func add<let n: Int>(
  _ x: InlineArray<n, Vector>, lane: Int, _ w: Vector, _ a: inout InlineArray<n, Vector>
) {
  for i in 0..<n { a[i] = multiplyAdd(w, x[i][lane], a[i]) }
}
#endif

/// The multiply-adds of one channel: `block` is that of the first pixel.
@inline(__always)
private func add<let n: Int, P: TileProduct>(
  _: P.Type, _ block: Floats, _ wa: Vector, _ wb: Vector, _ a: inout InlineArray<n, Vector>,
  _ b: inout InlineArray<n, Vector>
) {
  for i in 0..<n {
    let x = Vector(repeating: block[i * P.perBlock])
    a[i] = inOrder(P.add(x, wa, a[i]))
    b[i] = inOrder(P.add(x, wb, b[i]))
  }
}

/// The same for one vector of outputs.
@inline(__always)
private func add<let n: Int, P: TileProduct>(
  _: P.Type, _ block: Floats, _ w: Vector, _ a: inout InlineArray<n, Vector>
) {
  for i in 0..<n { a[i] = P.add(Vector(repeating: block[i * P.perBlock]), w, a[i]) }
}

#if WIDE8
/// The multiply-adds of a whole vector of channels, eight.
///
/// Written out, since a loop of eight short steps was slower, the more so where others share the core
/// (Benchmarks/LOG.md). Tiles of fewer pixels than four are too rare to have this code of their own.
@inline(__always)
private func addEight<let n: Int, P: TileProduct>(
  _ p: P.Type, _ block: Floats, _ w: inout Floats, _ a: inout InlineArray<n, Vector>,
  _ b: inout InlineArray<n, Vector>
) -> Int {
  add(p, block, load(w), load(w + 8), &a, &b)
  add(p, block + 1, load(w + 16), load(w + 24), &a, &b)
  add(p, block + 2, load(w + 32), load(w + 40), &a, &b)
  add(p, block + 3, load(w + 48), load(w + 56), &a, &b)
  add(p, block + 4, load(w + 64), load(w + 72), &a, &b)
  add(p, block + 5, load(w + 80), load(w + 88), &a, &b)
  add(p, block + 6, load(w + 96), load(w + 104), &a, &b)
  add(p, block + 7, load(w + 112), load(w + 120), &a, &b)
  w += 128
  return 8
}
#endif

/// `tiles` tiles beside each other, from `column` on.
@inline(__always)
private func tilePair<let n: Int, P: TileProduct, F: TileFinish>(
  _: Count<n>, _ tiles: Int, _: P.Type, _ c: kernel_conv, _ pixel: Floats, _ weights: Floats,
  _ out: MutableFloats, _ f: F, _ channel: Int, _ row: Int, _ column: Int
) {
  let lanes = Vector.scalarCount
  var (pixel, out, column) = (pixel, out, column)
  for _ in 0..<tiles {
    var a = InlineArray<n, Vector> { _ in .zero }
    var b = InlineArray<n, Vector> { _ in .zero }
    var w = weights
    for t in 0..<c.tap_count {
      var block = pixel + c.taps[t]
      var left = c.channels
      while left > 0 {
        #if arch(arm64)
        let first = left < lanes ? 0 : addFour(block, &w, &a, &b)
        #elseif WIDE8
        let first = left < lanes || n < 4 ? 0 : addEight(P.self, block, &w, &a, &b)
        #else
        let first = 0
        #endif
        for k in first..<min(left, P.perBlock) {
          add(P.self, block + k, load(w), load(w + lanes), &a, &b)
          w += 2 * lanes
        }
        if c.ahead != 0, channel == 0 {
          for i in 0..<n { prefetch(block + (c.ahead + i * P.perBlock)) }
        }
        left -= P.perBlock
        block += c.input_block
      }
    }
    let (first, second) = (f.start(channel), f.start(channel + lanes))
    for i in 0..<n {
      // Both before either is stored, so that they share the noise.
      let one = f.short(a[i], first, row: row, column: column + i)
      let other = f.short(b[i], second, row: row, column: column + i)
      store(one, out + i * lanes)
      store(other, out + c.output_block + i * lanes)
    }
    pixel += n * P.perBlock
    out += n * lanes
    column += n
  }
}

@inline(__always)
private func tileSingle<let n: Int, P: TileProduct>(
  _: Count<n>, _ tiles: Int, _: P.Type, _ c: kernel_conv, _ pixel: Floats, _ weights: Floats,
  _ out: MutableFloats
) {
  let lanes = Vector.scalarCount
  var (pixel, out) = (pixel, out)
  for _ in 0..<tiles {
    var a = InlineArray<n, Vector> { _ in .zero }
    var w = weights
    for t in 0..<c.tap_count {
      var block = pixel + c.taps[t]
      var left = c.channels
      while left > 0 {
        #if arch(arm64)
        let first = left < lanes ? 0 : addFour(block, &w, &a)
        #else
        let first = 0
        #endif
        for k in first..<min(left, P.perBlock) {
          add(P.self, block + k, load(w), &a)
          w += lanes
        }
        left -= P.perBlock
        block += c.input_block
      }
    }
    for i in 0..<n { store(a[i], out + i * lanes) }
    pixel += n * P.perBlock
    out += n * lanes
  }
}

// MARK: - Convolution rows

// Rows of a convolution as tiles. A row is cut into equal tiles rather than full ones and a rest,
// since a narrow rest would leave the multipliers waiting for their own sums.

/// Does `tiles` tiles of `count` pixels and two vectors.
@inline(__always)
private func dispatchPair<P: TileProduct, F: TileFinish>(
  _ count: Int, _ tiles: Int, _ p: P.Type, _ c: kernel_conv, _ pixel: Floats, _ weights: Floats,
  _ out: MutableFloats, _ f: F, _ channel: Int, _ row: Int, _ column: Int
) {
  switch count {
  case 1: tilePair(Count<1>(), tiles, p, c, pixel, weights, out, f, channel, row, column)
  case 2: tilePair(Count<2>(), tiles, p, c, pixel, weights, out, f, channel, row, column)
  case 3: tilePair(Count<3>(), tiles, p, c, pixel, weights, out, f, channel, row, column)
  case 4: tilePair(Count<4>(), tiles, p, c, pixel, weights, out, f, channel, row, column)
  case 5: tilePair(Count<5>(), tiles, p, c, pixel, weights, out, f, channel, row, column)
  #if WIDE16 || arch(arm64)
  case 6: tilePair(Count<6>(), tiles, p, c, pixel, weights, out, f, channel, row, column)
  case 7: tilePair(Count<7>(), tiles, p, c, pixel, weights, out, f, channel, row, column)
  default: tilePair(Count<8>(), tiles, p, c, pixel, weights, out, f, channel, row, column)
  #else
  default: tilePair(Count<6>(), tiles, p, c, pixel, weights, out, f, channel, row, column)
  #endif
  }
}

/// Does `tiles` tiles of `count` pixels and one vector.
@inline(__always)
private func dispatchSingle<P: TileProduct>(
  _ count: Int, _ tiles: Int, _ p: P.Type, _ c: kernel_conv, _ pixel: Floats, _ weights: Floats,
  _ out: MutableFloats
) {
  switch count {
  case 1: tileSingle(Count<1>(), tiles, p, c, pixel, weights, out)
  case 2: tileSingle(Count<2>(), tiles, p, c, pixel, weights, out)
  case 3: tileSingle(Count<3>(), tiles, p, c, pixel, weights, out)
  case 4: tileSingle(Count<4>(), tiles, p, c, pixel, weights, out)
  case 5: tileSingle(Count<5>(), tiles, p, c, pixel, weights, out)
  case 6: tileSingle(Count<6>(), tiles, p, c, pixel, weights, out)
  case 7: tileSingle(Count<7>(), tiles, p, c, pixel, weights, out)
  case 8: tileSingle(Count<8>(), tiles, p, c, pixel, weights, out)
  case 9: tileSingle(Count<9>(), tiles, p, c, pixel, weights, out)
  case 10: tileSingle(Count<10>(), tiles, p, c, pixel, weights, out)
  case 11: tileSingle(Count<11>(), tiles, p, c, pixel, weights, out)
  #if WIDE16
  case 12: tileSingle(Count<12>(), tiles, p, c, pixel, weights, out)
  case 13: tileSingle(Count<13>(), tiles, p, c, pixel, weights, out)
  case 14: tileSingle(Count<14>(), tiles, p, c, pixel, weights, out)
  case 15: tileSingle(Count<15>(), tiles, p, c, pixel, weights, out)
  default: tileSingle(Count<16>(), tiles, p, c, pixel, weights, out)
  #else
  default: tileSingle(Count<12>(), tiles, p, c, pixel, weights, out)
  #endif
  }
}

/// Finishes pixels of one vector of channels, `column` the first of them and `channel` the first channel.
///
/// A pass over what lies in the first-level cache: within the tile it would be too long to unroll, and a
/// rolled loop over the sums keeps all of them in memory instead of registers.
@inline(__always)
private func finish(
  _ e: kernel_epilogue, _ noise: Floats?, _ sums: MutableFloats, count: Int, channel: Int,
  column: Int
) {
  let finish = blockFinish(e, channel: channel)
  for i in 0..<count {
    let at = sums + i * Vector.scalarCount
    store(finished(finish, load(at), noise, column + i), at)
  }
}

/// Every output block of every pixel of every row; without an epilogue the sums stay as they are.
///
/// A pair of blocks keeps its weights in cache over the whole band. All ways to finish share the tiles but
/// for what is done in registers: tiles are most of this code.
@inline(__always)
private func convolve<P: TileProduct>(
  _ p: P.Type, _ c: kernel_conv, _ epilogue: kernel_epilogue?, row firstRow: Int, size: Int
) {
  guard c.pixels > 0 else { return }
  let lanes = Vector.scalarCount
  let perBlock = c.tap_count * c.channels * lanes
  var plain: Plain?
  if let epilogue { plain = Plain(epilogue, row: firstRow, size: size) }
  var block = 0
  while block < c.blocks {
    let isPair = block + 1 < c.blocks
    let channel = block * lanes
    let weights = c.weights + block * perBlock
    let widest = isPair ? widestPair : widestSingle
    let tiles = (c.pixels + widest - 1) / widest
    // The first tiles are a pixel wider than the others.
    let (narrow, wide) = (c.pixels / tiles, c.pixels % tiles)
    // Equal tiles follow each other without coming back here, unless a pass of its own finishes each.
    let goesOn = epilogue == nil || isPair && plain != nil
    for row in 0..<c.rows {
      let input = c.input + row * c.input_row
      let output = c.output + (row * c.output_row + block * c.output_block)
      let noise = epilogue?.noise.map { $0 + (firstRow + row) * size }
      var tile = 0
      var column = 0
      while tile < tiles {
        let count = tile < wide ? narrow + 1 : narrow
        let run = goesOn ? (tile < wide ? wide : tiles - wide) : 1
        let pixel = input + column * P.perBlock
        let out = output + column * lanes
        if isPair, let plain {
          dispatchPair(count, run, p, c, pixel, weights, out, plain, channel, row, column)
        } else if isPair {
          dispatchPair(count, run, p, c, pixel, weights, out, Raw(), channel, row, column)
        } else {
          dispatchSingle(count, run, p, c, pixel, weights, out)
        }
        if !goesOn, let epilogue {
          finish(epilogue, noise, out, count: count, channel: channel, column: column)
          if isPair {
            finish(
              epilogue, noise, out + c.output_block, count: count, channel: channel + lanes,
              column: column)
          }
        }
        tile += run
        column += run * count
      }
    }
    block += isPair ? 2 : 1
  }
}

extension Vectorized {
  /// A convolution whose sums are finished by `epilogue`; `row` is the band's first row and `size`
  /// the side of the output, to place the noise.
  @inline(never)
  func convActivated(
    _ conv: kernel_conv, _ epilogue: kernel_epilogue, row: Int,
    size: Int
  ) {
    singles(conv, epilogue, row: row, size: size)
  }

  /// A convolution whose sums are stored as they are.
  @inline(never)
  func convRaw(_ conv: kernel_conv) {
    singles(conv, nil, row: 0, size: 0)
  }

  @inline(never)
  private func singles(_ conv: kernel_conv, _ epilogue: kernel_epilogue?, row: Int, size: Int) {
    convolve(Single.self, conv, epilogue, row: row, size: size)
  }

  /// The same of pairs of channels in bfloat16, where the processor multiplies them.
  @inline(never)
  func convPairs(_ conv: kernel_conv, _ epilogue: kernel_epilogue, row: Int, size: Int) {
    #if WIDE16
    convolve(Paired.self, conv, epilogue, row: row, size: size)
    #endif
  }
}
