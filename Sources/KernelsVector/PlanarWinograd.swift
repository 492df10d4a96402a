import CKernels

// F(4, 3) down the columns and plain taps along the rows: 18 products for 4 outputs of a 3x3
// convolution, against 36, and no transform that crosses lanes.

extension Vectorized {
  /// Four rows of a 3x3 convolution whose sums are finished by `epilogue`.
  ///
  /// `row` is the first of them and `size` the side of the map.
  @inline(never)
  func planarWinograd(
    _ w: kernel_planar_winograd, _ epilogue: kernel_epilogue,
    row: Int, size: Int
  ) {
    spread(w, row, size)
    var x = 0
    while x < size {
      let columns = min(w.chunk, size - x)
      for point in 0..<6 {
        self.row(
          kernel_planar(
            input: Floats(w.transformed) + (point * w.channels * w.stride + x),
            steps: w.steps, step_count: 3 * w.channels,
            weights: w.weights + point * 3 * w.channels * w.outputs,
            output: w.products + point * w.outputs * columns, output_channel: columns,
            outputs: w.outputs, group: w.group, columns: columns))
      }
      gather(w, epilogue, row, size, x, columns)
      x += columns
    }
  }

  /// Six modulated input rows to `[6][channel][stride]`.
  @inline(__always)
  private func spread(_ w: kernel_planar_winograd, _ row: Int, _ size: Int) {
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
  private func gather(
    _ w: kernel_planar_winograd, _ e: kernel_epilogue, _ row: Int, _ size: Int, _ x0: Int,
    _ columns: Int
  ) {
    let mapRow = w.outputs * size
    let point = w.outputs * columns
    for o in 0..<w.outputs {
      let finish = rowFinish(e, channel: o)
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
        store(finished(finish, m0 + sum1 + sum2, n), q)
        store(finished(finish, difference1 + difference2 * 2, n.map { $0 + size }), q + mapRow)
        store(finished(finish, sum1 + sum2 * 4, n.map { $0 + 2 * size }), q + 2 * mapRow)
        store(
          finished(finish, difference1 + difference2 * 8 + m5, n.map { $0 + 3 * size }),
          q + 3 * mapRow)
        x += Vector.scalarCount
      }
    }
  }
}
