// Layers of few channels: maps as [row][channel][column] and vectors along a row, so that no lane is
// wasted on a channel that is not there.

import CKernels

// A debug build compiles files apart and inlines nothing from another, so this one has its own.
@inline(__always)
private func load(_ p: Floats) -> Vector {
  UnsafeRawPointer(p).loadUnaligned(as: Vector.self)
}

@inline(__always)
private func store(_ v: Vector, _ p: MutableFloats) {
  UnsafeMutableRawPointer(p).storeBytes(of: v, as: Vector.self)
}

@inline(__always)
private func multiplyAdd(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector {
  #if WIDE8 || WIDE16 || arch(arm64)
  return c.addingProduct(a, b)
  #else
  return c + a * b
  #endif
}

/// `left[0], right[0], left[1], right[1], ...` as two vectors.
@inline(__always)
private func interleaved(_ left: Vector, _ right: Vector) -> (Vector, Vector) {
  #if WIDE16
  var both = SIMD32<Float>()
  #elseif WIDE8
  var both = SIMD16<Float>()
  #else
  var both = SIMD8<Float>()
  #endif
  both.evenHalf = left
  both.oddHalf = right
  return (both.lowHalf, both.highHalf)
}

// MARK: - Convolution of a row

// The register tile: n output channels times m vectors of columns. A step loads m vectors of one
// input channel and n weights, and does n * m multiply-adds; 12 sums hide the latency of two FMA
// units and fit 16 registers with their operands. AVX-512 has 32.

#if WIDE16
private let widestRow = 4
#else
private let widestRow = 2
#endif

/// Most output channels of a tile that is `vectors` wide; the packing of weights depends on it.
private func mostChannels(_ vectors: Int) -> Int {
  #if WIDE16
  return vectors > 2 ? 4 : 8
  #else
  return 6
  #endif
}

extension Vectorized {
  /// Output channels that go together in rows of `columns`.
  public static func planarGroup(columns: Int) -> Int {
    mostChannels(min(columns / Vector.scalarCount, widestRow))
  }

  /// One row of a convolution by taps; sums are stored as they are.
  @inline(never)
  public static func planarRow(_ conv: UnsafePointer<kernel_planar>) {
    row(conv.pointee)
  }

  @inline(__always)
  private static func row(_ c: kernel_planar) {
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
        weights += count * c.channels * c.tap_count
      }
    }
  }

  @inline(__always)
  private static func dispatch(
    _ count: Int, _ width: Int, _ c: kernel_planar, _ input: Floats, _ weights: Floats,
    _ out: MutableFloats
  ) {
    switch width {
    case 1: dispatch(count, Count<1>(), c, input, weights, out)
    #if WIDE16
    case 2: dispatch(count, Count<2>(), c, input, weights, out)
    case 3: dispatch(min(count, 4), Count<3>(), c, input, weights, out)
    default: dispatch(min(count, 4), Count<4>(), c, input, weights, out)
    #else
    default: dispatch(count, Count<2>(), c, input, weights, out)
    #endif
    }
  }

  @inline(never)
  private static func dispatch<let m: Int>(
    _ count: Int, _ width: Count<m>, _ c: kernel_planar, _ input: Floats, _ weights: Floats,
    _ out: MutableFloats
  ) {
    switch count {
    case 1: tile(Count<1>(), width, c, input, weights, out)
    case 2: tile(Count<2>(), width, c, input, weights, out)
    case 3: tile(Count<3>(), width, c, input, weights, out)
    case 4: tile(Count<4>(), width, c, input, weights, out)
    case 5: tile(Count<5>(), width, c, input, weights, out)
    #if WIDE16
    case 6: tile(Count<6>(), width, c, input, weights, out)
    case 7: tile(Count<7>(), width, c, input, weights, out)
    default: tile(Count<8>(), width, c, input, weights, out)
    #else
    default: tile(Count<6>(), width, c, input, weights, out)
    #endif
    }
  }

  @inline(__always)
  private static func tile<let n: Int, let m: Int>(
    _: Count<n>, _: Count<m>, _ c: kernel_planar, _ input: Floats, _ weights: Floats,
    _ out: MutableFloats
  ) {
    let lanes = Vector.scalarCount
    var sums = InlineArray<n, InlineArray<m, Vector>> { _ in InlineArray { _ in .zero } }
    var w = weights
    var channel = input
    for _ in 0..<c.channels {
      for t in 0..<c.tap_count {
        let p = channel + c.taps[t]
        var x = InlineArray<m, Vector> { _ in .zero }
        for v in 0..<m { x[v] = load(p + v * lanes) }
        for o in 0..<n {
          let weight = Vector(repeating: w[o])
          for v in 0..<m { sums[o][v] = multiplyAdd(x[v], weight, sums[o][v]) }
        }
        w += n
      }
      channel += c.input_channel
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
  public static func planarModulateRow(
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
  public static func planarModulateBlockedRow(
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
  public static func planarColumn(
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

// MARK: - Winograd along columns

// F(4, 3) down the columns and plain taps along the rows: 18 products for 4 outputs of a 3x3
// convolution, against 36, and no transform that crosses lanes.

extension Vectorized {
  /// Four rows of a 3x3 convolution whose sums are finished by `epilogue`.
  ///
  /// `row` is the first of them and `size` the side of the map.
  @inline(never)
  public static func planarWinograd(
    _ winograd: UnsafePointer<kernel_planar_winograd>, _ epilogue: UnsafePointer<kernel_epilogue>,
    row: Int, size: Int
  ) {
    let w = winograd.pointee
    spread(w, row, size)
    var x = 0
    while x < size {
      let columns = min(w.chunk, size - x)
      for point in 0..<6 {
        self.row(
          kernel_planar(
            input: Floats(w.transformed) + (point * w.channels * w.stride + x),
            input_channel: w.stride, channels: w.channels, taps: w.taps, tap_count: 3,
            weights: w.weights + point * 3 * w.channels * w.outputs,
            output: w.products + point * w.outputs * columns, output_channel: columns,
            outputs: w.outputs, group: w.group, columns: columns))
      }
      gather(w, epilogue.pointee, row, size, x, columns)
      x += columns
    }
  }

  /// Six modulated input rows to `[6][channel][stride]`.
  @inline(__always)
  private static func spread(_ w: kernel_planar_winograd, _ row: Int, _ size: Int) {
    let mapRow = w.channels * size
    let point = w.channels * w.stride
    for c in 0..<w.channels {
      let s = Vector(repeating: w.style[c])
      let source = w.input + ((row - 1) * mapRow + c * size)
      let hasFirst = row > 0
      let hasLast = row + 4 < size
      let out = w.transformed + c * w.stride
      var x = 0
      while x < size {
        let p = source + x
        let d0 = hasFirst ? load(p) * s : .zero
        let d1 = load(p + mapRow) * s
        let d2 = load(p + 2 * mapRow) * s
        let d3 = load(p + 3 * mapRow) * s
        let d4 = load(p + 4 * mapRow) * s
        let d5 = hasLast ? load(p + 5 * mapRow) * s : .zero
        let even = d4 - d2 * 4
        let odd = d3 - d1 * 4
        let near = d4 - d2
        let far = (d3 - d1) * 2
        let q = out + x
        store(d0 * 4 - d2 * 5 + d4, q)
        store(even + odd, q + point)
        store(even - odd, q + 2 * point)
        store(near + far, q + 3 * point)
        store(near - far, q + 4 * point)
        store(d1 * 4 - d3 * 5 + d5, q + 5 * point)
        x += Vector.scalarCount
      }
    }
  }

  /// Sums of six points to four finished rows.
  @inline(__always)
  private static func gather(
    _ w: kernel_planar_winograd, _ e: kernel_epilogue, _ row: Int, _ size: Int, _ x0: Int,
    _ columns: Int
  ) {
    let mapRow = w.outputs * size
    let point = w.outputs * columns
    for o in 0..<w.outputs {
      let finish = RowFinish(e, channel: o)
      let source = Floats(w.products) + o * columns
      let out = w.output + (o * size + x0)
      let noise = e.noise.map { $0 + (row * size + x0) }
      var x = 0
      while x < columns {
        let p = source + x
        let m0 = load(p)
        let m1 = load(p + point)
        let m2 = load(p + 2 * point)
        let m3 = load(p + 3 * point)
        let m4 = load(p + 4 * point)
        let m5 = load(p + 5 * point)
        let sum1 = m1 + m2
        let difference1 = m1 - m2
        let sum2 = m3 + m4
        let difference2 = m3 - m4
        let q = out + x
        let n = noise.map { $0 + x }
        finish.store(m0 + sum1 + sum2, q, n)
        finish.store(difference1 + difference2 * 2, q + mapRow, n.map { $0 + size })
        finish.store(sum1 + sum2 * 4, q + 2 * mapRow, n.map { $0 + 2 * size })
        finish.store(difference1 + difference2 * 8 + m5, q + 3 * mapRow, n.map { $0 + 3 * size })
        x += Vector.scalarCount
      }
    }
  }
}

/// Demodulation, noise, bias, leaky ReLU, gain and clamp of one channel.
private struct RowFinish {
  let factor: Vector
  let bias: Vector
  let strength: Vector
  let slope: Vector
  let limit: Vector
  let clamps: Bool

  /// The gain goes to what stands in front of the leaky ReLU, which scales with its input; `scale`
  /// multiplies the sums.
  @inline(__always)
  init(_ e: kernel_epilogue, channel: Int, scale: Float = 1) {
    factor = Vector(repeating: e.factors[channel] * e.gain * scale)
    bias = Vector(repeating: e.bias[channel] * e.gain)
    strength = Vector(repeating: e.strength * e.gain)
    slope = Vector(repeating: e.slope)
    limit = Vector(repeating: e.clamp)
    clamps = e.clamp < .infinity
  }

  @_transparent
  func store(_ sum: Vector, _ out: MutableFloats, _ noise: Floats?) {
    var offset = bias
    if let noise { offset = multiplyAdd(load(noise), strength, offset) }
    let y = multiplyAdd(sum, factor, offset)
    var leaky = y.replacing(with: y * slope, where: y .< Vector.zero)
    if clamps {
      leaky = leaky.replacing(with: -limit, where: leaky .< -limit)
      leaky = leaky.replacing(with: limit, where: leaky .> limit)
    }
    UnsafeMutableRawPointer(out).storeBytes(of: leaky, as: Vector.self)
  }
}

// MARK: - Resample filter

extension Vectorized {
  /// Filters raw rows of the transposed convolution with [1, 3, 3, 1] along both axes and finishes
  /// them.
  ///
  /// Output row Y needs raw rows Y-1 ... Y+2. A raw row is `[channel][even, odd][stride]`, columns
  /// 2x and 2x + 1; even column `width` is used too, and zeros on either side of both.
  @inline(never)
  public static func planarFilter(
    _ filter: UnsafePointer<kernel_filter>, _ epilogue: UnsafePointer<kernel_epilogue>, row: Int,
    size: Int, channels: Int, stride: Int
  ) {
    let f = filter.pointee
    let e = epilogue.pointee
    let lanes = Vector.scalarCount
    let three = Vector(repeating: 3)
    // Two filtered rows with a zero column on each side, lanes apart so that they are aligned.
    let even = f.vertical + lanes
    let odd = even + stride
    odd[-1] = 0
    odd[f.width] = 0
    for y in 0..<f.rows {
      let noise = e.noise.map { $0 + (row + y) * size }
      for c in 0..<channels {
        // Gain 4 of the upsampling over the 8 x 8 of the filter's sums: a sixteenth.
        let finish = RowFinish(e, channel: c, scale: 1.0 / 16)
        let evenRaw = f.even + (y * f.raw_row + c * 2 * stride)
        let oddRaw = evenRaw + stride
        var x = 0
        while x < f.width {
          store(vertical(evenRaw + x, f.raw_row, three), even + x)
          store(vertical(oddRaw + x, f.raw_row, three), odd + x)
          x += lanes
        }
        let last = evenRaw + f.width
        even[f.width] =
          last[0] + last[3 * f.raw_row] + 3 * (last[f.raw_row] + last[2 * f.raw_row])
        let out = f.output + (y * f.output_row + c * 2 * f.width)
        x = 0
        while x < f.width {
          let even0 = load(even + x)
          let even1 = load(even + x + 1)
          let odd0 = load(odd + x - 1)
          let odd1 = load(odd + x)
          let odd2 = load(odd + x + 1)
          let left = multiplyAdd(even0 + odd1, three, odd0 + even1)
          let right = multiplyAdd(odd1 + even1, three, even0 + odd2)
          let (first, second) = interleaved(left, right)
          let n = noise.map { $0 + 2 * x }
          finish.store(first, out + 2 * x, n)
          finish.store(second, out + 2 * x + lanes, n.map { $0 + lanes })
          x += lanes
        }
      }
    }
  }

  @inline(__always)
  private static func vertical(_ p: Floats, _ row: Int, _ three: Vector) -> Vector {
    multiplyAdd(load(p + row) + load(p + 2 * row), three, load(p) + load(p + 3 * row))
  }
}

// MARK: - Image

extension Vectorized {
  /// Row `y` of `image = upsampled(previous) + clamp(row + bias)`.
  ///
  /// `row` is toRGB's sum, `[channel][size]`; `scratch` holds `size / 2 + 2 * lanes` floats.
  @inline(never)
  public static func planarImageRow(
    _ image: UnsafePointer<kernel_image>, y: Int, row: UnsafePointer<Float>,
    _ epilogue: UnsafePointer<kernel_epilogue>, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let k = image.pointee
    let e = epilogue.pointee
    let lanes = Vector.scalarCount
    let half = k.size / 2
    let limit = Vector(repeating: e.clamp)
    let three = Vector(repeating: 3)
    let near = y / 2
    let far = y % 2 == 0 ? near - 1 : near + 1
    // Outside there are zeros: the near row twice with a factor of nothing for the far one.
    let farFactor: Float = far >= 0 && far < half ? 1 : 0
    let line = scratch + lanes
    line[-1] = 0
    line[half] = 0
    for c in 0..<k.channels {
      let bias = Vector(repeating: e.bias[c])
      let out = k.image + (c * k.plane + y * k.size)
      let sums = row + c * k.size
      guard let previous = k.previous else {
        var x = 0
        while x < k.size {
          store(limited(load(sums + x) + bias, limit), out + x)
          x += lanes
        }
        continue
      }
      let nearRow = previous + (c * half + near) * half
      let farRow = previous + (c * half + (farFactor == 0 ? near : far)) * half
      let weight = Vector(repeating: farFactor)
      var x = 0
      while x < half {
        let sum = multiplyAdd(load(nearRow + x), three, load(farRow + x) * weight)
        store(sum * (1.0 / 16), line + x)
        x += lanes
      }
      x = 0
      while x < half {
        let here = load(line + x) * 3
        let (a, b) = interleaved(here + load(line + x - 1), here + load(line + x + 1))
        let own = sums + 2 * x
        store(a + limited(load(own) + bias, limit), out + 2 * x)
        store(b + limited(load(own + lanes) + bias, limit), out + 2 * x + lanes)
        x += lanes
      }
    }
  }

  @_transparent
  private static func limited(_ v: Vector, _ limit: Vector) -> Vector {
    let raised = v.replacing(with: -limit, where: v .< -limit)
    return raised.replacing(with: limit, where: raised .> limit)
  }
}
