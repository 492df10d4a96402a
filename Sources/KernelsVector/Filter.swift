// The filter behind a doubling, on blocks of channels.

import CKernels

// The resample filter [1, 3, 3, 1] behind an upsampling convolution, in its two separable passes,
// and what follows it.

extension Vectorized {
  /// Filters raw rows of the transposed convolution and finishes them.
  ///
  /// Output row Y needs raw rows Y-1 ... Y+2, output column X raw columns X-1 ... X+2. Raw rows come
  /// as two planes, even and odd columns, so that both passes read vectors that lie side by side.
  @inline(never)
  func filterActivated(
    _ f: kernel_filter, _ e: kernel_epilogue, row: Int,
    size: Int
  ) {
    let lanes = Vector.scalarCount
    let plane = (f.width + 2) * lanes
    let evenRow = f.vertical
    let oddRow = f.vertical + plane
    let three = Vector(repeating: 3)
    for y in 0..<f.rows {
      let noise = e.noise.map { $0 + (row + y) * size }
      for block in 0..<f.blocks {
        // Gain 4 of the upsampling over the 8 x 8 of the filter's sums: a sixteenth.
        let finish = blockFinish(e, channel: block * lanes, scale: 1.0 / 16)
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
          store(finished(finish, left, noise, 2 * x), out + 2 * x * lanes)
          store(finished(finish, right, noise, 2 * x + 1), out + (2 * x + 1) * lanes)
          odd0 = odd1
          even0 = even1
        }
      }
    }
  }

  @inline(__always)
  private func vertical(
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
  func addUpsampledRow(
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
  private func pixel(
    _ map: Floats, _ y: Int, _ x: Int, _ size: Int, _ blocks: Int, _ block: Int
  ) -> Vector {
    guard y >= 0, y < size, x >= 0, x < size else { return .zero }
    return load(map + ((y * blocks + block) * size + x) * Vector.scalarCount)
  }
}
