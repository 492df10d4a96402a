// Prepared rows: what a convolution reads. Modulated input with a column of zeros on each side and
// rows of zeros above and below, so that no tap needs a check.

/// How a filtered pixel is stored for the products behind it.
private protocol StoredPixel {
  /// Words of 4 bytes of a vector.
  static var words: Int { get }
  static func put(_ v: Vector, _ p: MutableFloats)
}

/// As floats.
private struct Whole: StoredPixel {
  @inline(__always)
  static var words: Int { Vector.scalarCount }
  @inline(__always)
  static func put(_ v: Vector, _ p: MutableFloats) { store(v, p) }
}

#if WIDE16
/// As bfloat16, two channels a word.
private struct Narrow: StoredPixel {
  @inline(__always)
  static var words: Int { Vector.scalarCount / 2 }
  @inline(__always)
  static func put(_ v: Vector, _ p: MutableFloats) { storeNarrow(v, p) }
}
#endif

extension Vectorized {
  /// Copies row `y` of a map times the style, `[block][size + 2][lane]`; zeros where the map has no
  /// such row.
  @inline(never)
  func modulateRow(
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
  func haarRow(
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
  func depthwiseRow(
    _ above: UnsafePointer<Float>, _ here: UnsafePointer<Float>, _ below: UnsafePointer<Float>,
    size: Int, blocks: Int, weights: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>
  ) {
    filter(
      Whole.self, above, here, below, size: size, blocks: blocks, weights: weights, into: out)
  }

  /// The same, rounded to bfloat16: `[block][size][lanes / 2]` words.
  @inline(never)
  func depthwiseRowPairs(
    _ above: UnsafePointer<Float>, _ here: UnsafePointer<Float>, _ below: UnsafePointer<Float>,
    size: Int, blocks: Int, weights: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>
  ) {
    #if WIDE16
    filter(
      Narrow.self, above, here, below, size: size, blocks: blocks, weights: weights, into: out)
    #endif
  }

  @inline(__always)
  private func filter<Pixel: StoredPixel>(
    _: Pixel.Type, _ above: Floats, _ here: Floats, _ below: Floats, size: Int, blocks: Int,
    weights: Floats, into out: MutableFloats
  ) {
    let lanes = Vector.scalarCount
    let channels = blocks * lanes
    for block in 0..<blocks {
      var w = InlineArray<9, Vector> { _ in .zero }
      for k in 0..<9 { w[k] = load(weights + k * channels + block * lanes) }
      let top = above + block * (size + 2) * lanes
      let middle = here + block * (size + 2) * lanes
      let bottom = below + block * (size + 2) * lanes
      let target = out + block * size * Pixel.words
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
        Pixel.put(sum, target + x * Pixel.words)
      }
    }
  }
}

extension Vectorized {
  /// A depthwise 3x3 straight from rows of a map, `[block][size][lane]` to the same, zeros outside; nil
  /// for a row that the map does not have.
  ///
  /// `weights` is `[9][blocks * lanes]`, the style in them.
  @inline(never)
  func depthwiseMapRow(
    _ above: UnsafePointer<Float>?, _ here: UnsafePointer<Float>,
    _ below: UnsafePointer<Float>?, size: Int, blocks: Int, weights: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>
  ) {
    filterMap(
      Whole.self, above, here, below, size: size, blocks: blocks, weights: weights, into: out)
  }

  /// The same, rounded to bfloat16: `[block][size][lanes / 2]` words.
  @inline(never)
  func depthwiseMapRowPairs(
    _ above: UnsafePointer<Float>?, _ here: UnsafePointer<Float>,
    _ below: UnsafePointer<Float>?, size: Int, blocks: Int, weights: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>
  ) {
    #if WIDE16
    filterMap(
      Narrow.self, above, here, below, size: size, blocks: blocks, weights: weights, into: out)
    #endif
  }

  @inline(__always)
  private func filterMap<Pixel: StoredPixel>(
    _: Pixel.Type, _ above: Floats?, _ here: Floats, _ below: Floats?, size: Int, blocks: Int,
    weights: Floats, into out: MutableFloats
  ) {
    let lanes = Vector.scalarCount
    let channels = blocks * lanes
    for block in 0..<blocks {
      // A row that is not there is the middle one with weights of zero.
      var w = InlineArray<9, Vector> { _ in .zero }
      for k in 0..<9 { w[k] = load(weights + k * channels + block * lanes) }
      if above == nil { for k in 0..<3 { w[k] = .zero } }
      if below == nil { for k in 6..<9 { w[k] = .zero } }
      let middle = here + block * size * lanes
      let top = (above ?? here) + block * size * lanes
      let bottom = (below ?? here) + block * size * lanes
      let target = out + block * size * Pixel.words

      @inline(__always)
      func column(_ x: Int, _ k: Int, _ sum: Vector) -> Vector {
        let at = x * lanes
        var sum = multiplyAdd(load(top + at), w[k], sum)
        sum = multiplyAdd(load(middle + at), w[3 + k], sum)
        return multiplyAdd(load(bottom + at), w[6 + k], sum)
      }
      Pixel.put(column(1, 2, column(0, 1, .zero)), target)
      for x in 1..<(size - 1) {
        Pixel.put(
          column(x + 1, 2, column(x, 1, column(x - 1, 0, .zero))), target + x * Pixel.words)
      }
      Pixel.put(
        column(size - 1, 1, column(size - 2, 0, .zero)), target + (size - 1) * Pixel.words)
    }
  }
}
