// Blocks of channels: convolution, filter, prepared rows. The kernels of one instruction set are the
// files of this room; the other per-CPU targets link to them and differ in compiler flags alone.
//
// What a loop inlines is in its own file, since a debug build compiles files apart. Only pointers,
// Int, SIMD and InlineArray are used: generic code of the standard library that is specialised here
// could replace the baseline copy of the whole program.

import CKernels
import KernelSet

// MARK: - Vectors

#if WIDE16
typealias Vector = SIMD16<Float>
#elseif WIDE8
typealias Vector = SIMD8<Float>
#else
typealias Vector = SIMD4<Float>
#endif

typealias Floats = UnsafePointer<Float>
typealias MutableFloats = UnsafeMutablePointer<Float>

/// The kernels of one instruction set.
public enum Vectorized: KernelSet {
  /// Floats of a vector; every channel count is padded to a multiple of it.
  public static var lanes: Int { Vector.scalarCount }
}

@inline(__always)
private func load(_ p: Floats) -> Vector {
  UnsafeRawPointer(p).loadUnaligned(as: Vector.self)
}

@inline(__always)
private func load(_ p: MutableFloats) -> Vector {
  UnsafeRawPointer(p).loadUnaligned(as: Vector.self)
}

@inline(__always)
private func store(_ v: Vector, _ p: MutableFloats) {
  UnsafeMutableRawPointer(p).storeBytes(of: v, as: Vector.self)
}

/// `a * b + c`, fused where the processor can: without FMA instructions `addingProduct` would call
/// a library function for each lane.
@inline(__always)
private func multiplyAdd(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector {
  #if WIDE8 || WIDE16 || arch(arm64)
  return c.addingProduct(a, b)
  #else
  return c + a * b
  #endif
}

// MARK: - Register tile

// The register tile: n pixels times one or two vectors of output channels.
//
// A step of the innermost loop loads one or two weight vectors and n single inputs, and does n or
// 2n multiply-adds. 6 x 2 and 12 x 1 keep 12 sums in flight, enough for two FMA units of latency 4,
// and with their operands fit 16 registers; AVX-512 has 32 and takes 8 x 2 and 16 x 1, which divide
// the widths of maps. (From 11 x 2 on the compiler leaves the loop over pixels rolled, in memory.)

#if WIDE16
private let widestPair = 8
private let widestSingle = 16
#else
private let widestPair = 6
private let widestSingle = 12
#endif

/// Carries a pixel count to a generic function.
struct Count<let n: Int> {}

/// What becomes of a tile's sums once they are stored.
///
/// A pass of its own over what lies in the first-level cache: within the tile it would be too long to
/// unroll, and a rolled loop over the sums keeps all of them in memory instead of registers.
protocol Finish {
  /// Finishes `count` pixels of one vector, which begins with `channel`; `row` counts within the band,
  /// `column` is the first pixel.
  func finish(_ sums: MutableFloats, count: Int, channel: Int, row: Int, column: Int)
}

/// Leaves the sums as they are.
struct Raw: Finish {
  @inline(__always)
  func finish(_ sums: MutableFloats, count: Int, channel: Int, row: Int, column: Int) {}
}

/// Demodulation, noise, bias, leaky ReLU, gain and clamp.
struct Activated: Finish {
  let epilogue: kernel_epilogue
  /// Noise at the band's first row, or nil.
  let noise: Floats?
  let size: Int

  @inline(__always)
  init(_ epilogue: kernel_epilogue, row: Int, size: Int) {
    self.epilogue = epilogue
    self.size = size
    noise = epilogue.noise.map { $0 + row * size }
  }

  @inline(__always)
  func finish(_ sums: MutableFloats, count: Int, channel: Int, row: Int, column: Int) {
    let factors = load(epilogue.factors + channel)
    let bias = load(epilogue.bias + channel)
    let slope = Vector(repeating: epilogue.slope)
    let gain = Vector(repeating: epilogue.gain)
    let limit = Vector(repeating: epilogue.clamp)
    let plane = noise.map { $0 + (row * size + column) }
    for i in 0..<count {
      let at = sums + i * Vector.scalarCount
      var offset = bias
      if let plane { offset += Vector(repeating: plane[i] * epilogue.strength) }
      let y = multiplyAdd(load(at), factors, offset)
      let leaky = y.replacing(with: y * slope, where: y .< Vector.zero) * gain
      let raised = leaky.replacing(with: -limit, where: leaky .< -limit)
      store(raised.replacing(with: limit, where: raised .> limit), at)
    }
  }
}

@inline(__always)
func tilePair<let n: Int, F: Finish>(
  _: Count<n>, _ c: kernel_conv, _ pixel: Floats, _ weights: Floats, _ out: MutableFloats, _ f: F,
  _ channel: Int, _ row: Int, _ column: Int
) {
  let lanes = Vector.scalarCount
  var a = InlineArray<n, Vector> { _ in .zero }
  var b = InlineArray<n, Vector> { _ in .zero }
  var w = weights
  for t in 0..<c.tap_count {
    var block = pixel + c.taps[t]
    var left = c.channels
    while left > 0 {
      for k in 0..<min(left, lanes) {
        let wa = load(w)
        let wb = load(w + lanes)
        for i in 0..<n {
          let x = Vector(repeating: block[i * lanes + k])
          a[i] = multiplyAdd(x, wa, a[i])
          b[i] = multiplyAdd(x, wb, b[i])
        }
        w += 2 * lanes
      }
      if c.ahead != 0, channel == 0 {
        for i in 0..<n { prefetch(block + (c.ahead + i * lanes)) }
      }
      left -= lanes
      block += c.input_block
    }
  }
  for i in 0..<n {
    store(a[i], out + i * lanes)
    store(b[i], out + c.output_block + i * lanes)
  }
  f.finish(out, count: n, channel: channel, row: row, column: column)
  f.finish(
    out + c.output_block, count: n, channel: channel + lanes, row: row, column: column)
}

@inline(__always)
func tileSingle<let n: Int, F: Finish>(
  _: Count<n>, _ c: kernel_conv, _ pixel: Floats, _ weights: Floats, _ out: MutableFloats, _ f: F,
  _ channel: Int, _ row: Int, _ column: Int
) {
  let lanes = Vector.scalarCount
  var a = InlineArray<n, Vector> { _ in .zero }
  var w = weights
  for t in 0..<c.tap_count {
    var block = pixel + c.taps[t]
    var left = c.channels
    while left > 0 {
      for k in 0..<min(left, lanes) {
        let wa = load(w)
        for i in 0..<n {
          a[i] = multiplyAdd(Vector(repeating: block[i * lanes + k]), wa, a[i])
        }
        w += lanes
      }
      if c.ahead != 0, channel == 0 {
        for i in 0..<n { prefetch(block + (c.ahead + i * lanes)) }
      }
      left -= lanes
      block += c.input_block
    }
  }
  for i in 0..<n { store(a[i], out + i * lanes) }
  f.finish(out, count: n, channel: channel, row: row, column: column)
}

// MARK: - Convolution rows

// Rows of a convolution as tiles. A row is cut into equal tiles rather than full ones and a rest,
// since a narrow rest would leave the multipliers waiting for their own sums.

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
  default: tilePair(Count<8>(), c, pixel, weights, out, f, channel, row, column)
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

/// Every output block of every pixel of every row.
///
/// A pair of blocks keeps its weights in cache over the whole band.
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

// MARK: - Resample filter

// The resample filter [1, 3, 3, 1] behind an upsampling convolution, in its two separable passes,
// and what follows it.

extension Vectorized {
  /// Filters raw rows of the transposed convolution and finishes them.
  ///
  /// Output row Y needs raw rows Y-1 ... Y+2, output column X raw columns X-1 ... X+2. Raw rows come
  /// as two planes, even and odd columns, so that both passes read vectors that lie side by side.
  @inline(never)
  public static func filterActivated(
    _ filter: UnsafePointer<kernel_filter>, _ epilogue: UnsafePointer<kernel_epilogue>, row: Int,
    size: Int
  ) {
    let f = filter.pointee
    let e = epilogue.pointee
    let lanes = Vector.scalarCount
    let plane = (f.width + 2) * lanes
    let evenRow = f.vertical
    let oddRow = f.vertical + plane
    let three = Vector(repeating: 3)
    let slope = Vector(repeating: e.slope)
    let gain = Vector(repeating: e.gain)
    let limit = Vector(repeating: e.clamp)
    for y in 0..<f.rows {
      let noise = e.noise.map { $0 + (row + y) * size }
      for block in 0..<f.blocks {
        // Gain 4 of the upsampling over the 8 x 8 of the filter's sums: a sixteenth.
        let factors = load(e.factors + block * lanes) * (1.0 / 16)
        let bias = load(e.bias + block * lanes)
        let from = y * f.raw_row + block * plane
        vertical(f.even + from, f.raw_row, plane, three, evenRow)
        vertical(f.odd + from, f.raw_row, plane, three, oddRow)
        let out = f.output + (y * f.output_row + block * 2 * f.width * lanes)
        // odd[x] is raw column 2x - 1, even[x] raw column 2x.
        var odd0 = load(oddRow)
        var even0 = load(evenRow)
        for x in 0..<f.width {
          let odd1 = load(oddRow + (x + 1) * lanes)
          let even1 = load(evenRow + (x + 1) * lanes)
          let odd2 = load(oddRow + (x + 2) * lanes)
          let left = multiplyAdd(even0 + odd1, three, odd0 + even1)
          let right = multiplyAdd(odd1 + even1, three, even0 + odd2)
          store(finished(left, 2 * x), out + 2 * x * lanes)
          store(finished(right, 2 * x + 1), out + (2 * x + 1) * lanes)
          odd0 = odd1
          even0 = even1
        }

        @_transparent
        func finished(_ sum: Vector, _ x: Int) -> Vector {
          var offset = bias
          if let noise { offset += Vector(repeating: noise[x] * e.strength) }
          let value = multiplyAdd(sum, factors, offset)
          let leaky = value.replacing(with: value * slope, where: value .< Vector.zero) * gain
          let raised = leaky.replacing(with: -limit, where: leaky .< -limit)
          return raised.replacing(with: limit, where: raised .> limit)
        }
      }
    }
  }

  @inline(__always)
  private static func vertical(
    _ from: Floats, _ row: Int, _ count: Int, _ three: Vector, _ out: MutableFloats
  ) {
    var i = 0
    while i < count {
      let outer = load(from + i) + load(from + 3 * row + i)
      let inner = load(from + row + i) + load(from + 2 * row + i)
      store(multiplyAdd(inner, three, outer), out + i)
      i += Vector.scalarCount
    }
  }

  /// Adds row `y` of a half-size map, upsampled by the same filter, to an output row
  /// (the skip of a resnet block; its gains are in the map).
  ///
  /// `map` is `[half][block][half][lane]`, `out` row `y` of a map of twice the size.
  @inline(never)
  public static func addUpsampledRow(
    _ map: UnsafePointer<Float>, y: Int, half: Int, blocks: Int,
    into out: UnsafeMutablePointer<Float>
  ) {
    let lanes = Vector.scalarCount
    let near = y / 2
    let far = y % 2 == 0 ? near - 1 : near + 1
    for block in 0..<blocks {
      for x in 0..<(2 * half) {
        let nearX = x / 2
        let farX = x % 2 == 0 ? nearX - 1 : nearX + 1
        var sum = pixel(map, near, nearX, half, blocks, block) * 9
        sum += pixel(map, near, farX, half, blocks, block) * 3
        sum += pixel(map, far, nearX, half, blocks, block) * 3
        sum += pixel(map, far, farX, half, blocks, block)
        let at = (block * 2 * half + x) * lanes
        store(load(out + at) + sum * (1.0 / 16), out + at)
      }
    }
  }

  /// A pixel of a map, zero outside.
  @inline(__always)
  private static func pixel(
    _ map: Floats, _ y: Int, _ x: Int, _ size: Int, _ blocks: Int, _ block: Int
  ) -> Vector {
    guard y >= 0, y < size, x >= 0, x < size else { return .zero }
    return load(map + ((y * blocks + block) * size + x) * Vector.scalarCount)
  }
}

// MARK: - Prepared rows

// Prepared rows: what a convolution reads. Modulated input with a column of zeros on each side and
// rows of zeros above and below, so that no tap needs a check.

extension Vectorized {
  /// Copies row `y` of a map times the style, `[block][size + 2][lane]`; zeros where the map has no
  /// such row.
  @inline(never)
  public static func modulateRow(
    _ map: UnsafePointer<Float>, y: Int, size: Int, blocks: Int, style: UnsafePointer<Float>,
    into row: UnsafeMutablePointer<Float>
  ) {
    let lanes = Vector.scalarCount
    for block in 0..<blocks {
      let out = row + block * (size + 2) * lanes
      guard y >= 0, y < size else {
        for x in 0..<(size + 2) { store(.zero, out + x * lanes) }
        continue
      }
      let source = map + (y * blocks + block) * size * lanes
      let s = load(style + block * lanes)
      store(.zero, out)
      for x in 0..<size { store(load(source + x * lanes) * s, out + (x + 1) * lanes) }
      store(.zero, out + (size + 1) * lanes)
    }
  }

  /// The same for a row of the inverse Haar transform of a modulated map.
  ///
  /// `source` is one row of the map, `[4 * blocks][size][lane]`: low-pass, then the three details, a
  /// group of blocks each. `up`, `[4 * blocks * lanes]`, modulates in front of the transform, `style`,
  /// `[blocks * lanes]`, behind it. `isLower` says which of the two output rows goes to `row`,
  /// `[blocks][2 * size + 2][lane]`.
  @inline(never)
  public static func haarRow(
    _ source: UnsafePointer<Float>, up: UnsafePointer<Float>, isLower: Bool, size: Int,
    blocks: Int, style: UnsafePointer<Float>, into row: UnsafeMutablePointer<Float>
  ) {
    let lanes = Vector.scalarCount
    let width = 2 * size + 2
    let group = blocks * size * lanes
    let groupStyle = blocks * lanes
    // y00 = L+a+b+d, y01 = L+a-b-d, y10 = L-a+b-d, y11 = L-a-b+d, all halved.
    let sign: Float = isLower ? -1 : 1
    for block in 0..<blocks {
      let out = row + block * width * lanes
      let s = load(style + block * lanes) * 0.5
      let sl = load(up + block * lanes)
      let sa = load(up + groupStyle + block * lanes) * sign
      let sb = load(up + 2 * groupStyle + block * lanes)
      let sd = load(up + 3 * groupStyle + block * lanes) * sign
      store(.zero, out)
      for x in 0..<size {
        let p = source + (block * size + x) * lanes
        let base = load(p) * sl + load(p + group) * sa
        let cross = load(p + 2 * group) * sb + load(p + 3 * group) * sd
        store((base + cross) * s, out + (2 * x + 1) * lanes)
        store((base - cross) * s, out + (2 * x + 2) * lanes)
      }
      store(.zero, out + (width - 1) * lanes)
    }
  }

  /// A depthwise 3x3 over three prepared rows: `[block][size + 2][lane]` to `[block][size][lane]`.
  ///
  /// `weights` is `[9][blocks * lanes]`.
  @inline(never)
  public static func depthwiseRow(
    _ rows: UnsafePointer<Float>, rowStride: Int, size: Int, blocks: Int,
    weights: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>
  ) {
    let lanes = Vector.scalarCount
    let channels = blocks * lanes
    for block in 0..<blocks {
      var w = InlineArray<9, Vector> { _ in .zero }
      for k in 0..<9 { w[k] = load(weights + k * channels + block * lanes) }
      let top = rows + block * (size + 2) * lanes
      let middle = top + rowStride
      let bottom = middle + rowStride
      let target = out + block * size * lanes
      for x in 0..<size {
        var sum = load(top + x * lanes) * w[0]
        sum = multiplyAdd(load(top + (x + 1) * lanes), w[1], sum)
        sum = multiplyAdd(load(top + (x + 2) * lanes), w[2], sum)
        sum = multiplyAdd(load(middle + x * lanes), w[3], sum)
        sum = multiplyAdd(load(middle + (x + 1) * lanes), w[4], sum)
        sum = multiplyAdd(load(middle + (x + 2) * lanes), w[5], sum)
        sum = multiplyAdd(load(bottom + x * lanes), w[6], sum)
        sum = multiplyAdd(load(bottom + (x + 1) * lanes), w[7], sum)
        sum = multiplyAdd(load(bottom + (x + 2) * lanes), w[8], sum)
        store(sum, target + x * lanes)
      }
    }
  }
}

extension Vectorized {
  /// A depthwise 3x3 straight from a map: row `y` of `[row][block][column][lane]` to
  /// `[block][size][lane]`, zeros outside.
  ///
  /// `weights` is `[9][blocks * lanes]`, the style in them.
  @inline(never)
  public static func depthwiseMapRow(
    _ map: UnsafePointer<Float>, y: Int, size: Int, blocks: Int,
    weights: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>
  ) {
    let lanes = Vector.scalarCount
    let channels = blocks * lanes
    let mapRow = size * channels
    let hasTop = y > 0
    let hasBottom = y + 1 < size
    for block in 0..<blocks {
      // A row that is not there is the middle one with weights of zero.
      var w = InlineArray<9, Vector> { _ in .zero }
      for k in 0..<9 { w[k] = load(weights + k * channels + block * lanes) }
      if !hasTop { for k in 0..<3 { w[k] = .zero } }
      if !hasBottom { for k in 6..<9 { w[k] = .zero } }
      let middle = map + (y * mapRow + block * size * lanes)
      let top = hasTop ? middle - mapRow : middle
      let bottom = hasBottom ? middle + mapRow : middle
      let target = out + block * size * lanes

      @inline(__always)
      func column(_ x: Int, _ k: Int, _ sum: Vector) -> Vector {
        let at = x * lanes
        var sum = multiplyAdd(load(top + at), w[k], sum)
        sum = multiplyAdd(load(middle + at), w[3 + k], sum)
        return multiplyAdd(load(bottom + at), w[6 + k], sum)
      }
      store(column(1, 2, column(0, 1, .zero)), target)
      for x in 1..<(size - 1) {
        store(column(x + 1, 2, column(x, 1, column(x - 1, 0, .zero))), target + x * lanes)
      }
      store(column(size - 1, 1, column(size - 2, 0, .zero)), target + (size - 1) * lanes)
    }
  }
}
