// Matrix times vector: mapping, styles and demodulation.

import CKernels

extension Vectorized {
  /// Rows of `W x + bias`; each row of the weights is read from memory once for all vectors.
  @inline(never)
  func dense(_ k: kernel_dense, _ weights: UnsafePointer<Float>) {
    for r in k.first..<k.last { row(FloatRows(start: weights), k, r) }
  }

  /// Whether `denseHalves` and `convSmallHalves` can be called: this instruction set converts half
  /// floats.
  var readsHalves: Bool {
    #if WIDE8 || WIDE16 || arch(arm64)
    true
    #else
    false
    #endif
  }

  /// `dense` of half floats: the same bits as of those floats.
  @inline(never)
  func denseHalves(_ k: kernel_dense, _ weights: UnsafePointer<UInt16>) {
    #if WIDE8 || WIDE16 || arch(arm64)
    for r in k.first..<k.last { row(HalfRows(start: weights), k, r) }
    #endif
  }

  /// `dense` of signed bytes times a scale for each row: the same bits as of those products.
  @inline(never)
  func denseBytes(
    _ k: kernel_dense, _ weights: UnsafePointer<Int8>, scales: UnsafePointer<Float>
  ) {
    for r in k.first..<k.last {
      row(ByteRows(start: weights, scale: scales[r], scales: Vector(repeating: scales[r])), k, r)
    }
  }

  /// Row `r` of all vectors; behind a layer of the mapping network leaky ReLU 0.2 and gain √2.
  @inline(__always)
  private func row<Weights: Rows>(_ weights: Weights, _ k: kernel_dense, _ r: Int) {
    for v in 0..<k.vectors {
      let y = dot(weights, r * k.count, k.x + v * k.stride, k.count) + k.bias[r]
      k.output[v * k.stride + r] =
        k.activated != 0 ? (y < 0 ? y * 0.2 : y) * 1.414_213_562_373_095_1 : y
    }
  }

  /// Demodulation factors `first ..< last`: `rsqrt(energy[o] · s² + 1e-8)`.
  @inline(never)
  func demodulate(
    _ energy: UnsafePointer<Float>, squares: UnsafePointer<Float>, count: Int, first: Int,
    last: Int, into factors: UnsafeMutablePointer<Float>
  ) {
    for o in first..<last {
      let sum = dot(FloatRows(start: energy), o * count, squares, count)
      factors[o] = 1 / (sum + 1e-8).squareRoot()
    }
  }

  /// One row times a vector.
  ///
  /// Weights come from memory or a far cache, and the processor fetches a single stream ahead best.
  /// Four running sums hide the multiply-add's latency.
  @inline(__always)
  private func dot<Weights: Rows>(
    _ a: Weights, _ from: Int, _ b: Floats, _ count: Int
  ) -> Float {
    let lanes = Vector.scalarCount
    var sum0 = Vector.zero
    var sum1 = Vector.zero
    var sum2 = Vector.zero
    var sum3 = Vector.zero
    var i = 0
    while i + 4 * lanes <= count {
      a.fetch(from + i)
      sum0 = multiplyAdd(a.vector(from + i), load(b + i), sum0)
      sum1 = multiplyAdd(a.vector(from + i + lanes), load(b + i + lanes), sum1)
      sum2 = multiplyAdd(a.vector(from + i + 2 * lanes), load(b + i + 2 * lanes), sum2)
      sum3 = multiplyAdd(a.vector(from + i + 3 * lanes), load(b + i + 3 * lanes), sum3)
      i += 4 * lanes
    }
    while i + lanes <= count {
      sum0 = multiplyAdd(a.vector(from + i), load(b + i), sum0)
      i += lanes
    }
    var rest: Float = 0
    while i < count {
      rest += a.scalar(from + i) * b[i]
      i += 1
    }
    return total((sum0 + sum1) + (sum2 + sum3)) + rest
  }
}

/// A matrix, row-major, in the type that it is stored in.
private protocol Rows {
  func vector(_ i: Int) -> Vector
  func scalar(_ i: Int) -> Float
  /// Asks for the cache lines 4 KB behind the next four vectors.
  func fetch(_ i: Int)
}

private struct FloatRows: Rows {
  let start: Floats

  @inline(__always)
  func vector(_ i: Int) -> Vector { load(start + i) }

  @inline(__always)
  func scalar(_ i: Int) -> Float { start[i] }

  @inline(__always)
  func fetch(_ i: Int) {
    for line in stride(from: 0, to: 4 * Vector.scalarCount, by: 16) {
      prefetch(start + i + 1024 + line)
    }
  }
}

#if WIDE8 || WIDE16 || arch(arm64)
private struct HalfRows: Rows {
  let start: UnsafePointer<UInt16>

  @inline(__always)
  func vector(_ i: Int) -> Vector {
    widened(start + i)
  }

  /// The bits of a half float as a float: exponent and fraction move, and a product with 2^112 sets
  /// the exponent's offset right, for subnormals too.
  @inline(__always)
  func scalar(_ i: Int) -> Float {
    let bits = UInt32(start[i])
    let magnitude = Float(bitPattern: (bits & 0x7fff) << 13) * 0x1p112
    return bits & 0x8000 == 0 ? magnitude : -magnitude
  }

  @inline(__always)
  func fetch(_ i: Int) {
    for line in stride(from: 0, to: 4 * Vector.scalarCount, by: 32) {
      let address = UnsafeRawPointer(start + i + 2048 + line)
      prefetch(address.assumingMemoryBound(to: Float.self))
    }
  }
}
#endif

/// A row of signed bytes, and its scale.
private struct ByteRows: Rows {
  let start: UnsafePointer<Int8>
  let scale: Float
  let scales: Vector

  @inline(__always)
  func vector(_ i: Int) -> Vector { widened(start + i) * scales }

  @inline(__always)
  func scalar(_ i: Int) -> Float { Float(start[i]) * scale }

  @inline(__always)
  func fetch(_ i: Int) {
    // A line holds four vectors or more.
    let address = UnsafeRawPointer(start + i + 4096)
    prefetch(address.assumingMemoryBound(to: Float.self))
  }
}
