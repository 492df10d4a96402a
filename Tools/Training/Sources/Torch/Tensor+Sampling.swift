import CTorch

extension Tensor {
  /// Means over squares of `size` pixels in steps of `stride`.
  ///
  /// - Parameters:
  ///   - size: Side of a window.
  ///   - stride: From one window to the next.
  ///   - padding: Zeros around the image.
  ///   - countsPadding: Whether a mean counts these zeros.
  /// - Returns: `[N, C, …]`, as many windows as fit.
  public func averageWindows(
    _ size: Int, stride: Int, padding: Int = 0, countsPadding: Bool = true
  ) -> Tensor {
    lend { x in
      Tensor.made {
        ct_average_windows(x, Int64(size), Int64(stride), Int64(padding), countsPadding, $0)
      }
    }
  }

  public func maxPooled(_ size: Int, stride: Int, padding: Int = 0) -> Tensor {
    lend { x in
      Tensor.made { ct_max_pool2d(x, Int64(size), Int64(stride), Int64(padding), $0) }
    }
  }

  /// Bilinear, pixel centres at halves; the same tensor where the size is right.
  public func resized(to side: Int, antialias: Bool = false) -> Tensor {
    let shape = shape
    if shape[2] == side, shape[3] == side { return self }
    return lend { x in
      Tensor.made { ct_resize(x, Int64(side), Int64(side), antialias, $0) }
    }
  }

  /// Adds rows and columns: zeros, or the image mirrored at its edge pixels.
  public func padded(
    left: Int, right: Int, top: Int, bottom: Int, mirrors: Bool = false
  ) -> Tensor {
    lend { x in
      Tensor.made {
        ct_pad(x, Int64(left), Int64(right), Int64(top), Int64(bottom), mirrors, $0)
      }
    }
  }

  /// Each image read at places of its own, bilinearly; outside there are zeros.
  ///
  /// - Parameters:
  ///   - places: `[N, 2, 3]`: takes x, y, 1 of the output to x, y of the input, both from -1 to 1
  ///     between the outer edges of the border pixels.
  ///   - height: Of the output.
  ///   - width: Of the output.
  /// - Returns: `[N, C, height, width]`; its gradient can be differentiated again.
  public func warped(by places: Tensor, height: Int, width: Int) -> Tensor {
    lend { x in
      places.lend { places in
        Tensor.made { ct_warp(x, places, Int64(height), Int64(width), $0) }
      }
    }
  }

  public func softmax(axis: Int) -> Tensor {
    lend { x in Tensor.made { ct_softmax(x, Int64(axis), false, $0) } }
  }

  public func logSoftmax(axis: Int) -> Tensor {
    lend { x in Tensor.made { ct_softmax(x, Int64(axis), true, $0) } }
  }

  /// Where the largest element along `axis` is, without that axis.
  public func largestIndex(axis: Int) -> Tensor {
    lend { x in Tensor.made { ct_argmax(x, Int64(axis), $0) } }
  }

  /// Of a symmetric matrix `[d, d]`, largest first: eigenvalues `[d]` and vectors of length 1 as rows
  /// `[d, d]`; in double precision, and never differentiated.
  public var eigenvectors: (values: Tensor, vectors: Tensor) {
    var columns: Tensor?
    let ascending = lend { matrix in
      Tensor.made { values in
        columns = Tensor.made { ct_eigen(matrix, values, $0) }
        return nil
      }
    }
    guard let columns else { Failure.end("eigenvalues without their vectors") }
    return (ascending.flipped(axis: 0), columns.permuted([1, 0]).flipped(axis: 0))
  }

  /// In ascending order along `axis`.
  public func sorted(axis: Int) -> Tensor {
    lend { x in Tensor.made { ct_sort(x, Int64(axis), $0) } }
  }

  /// `max(x, 0)`.
  public var relu: Tensor { clamped(to: 0...Double.infinity) }
}

/// Distances between two sets of features `[N, d]`, in double precision.
public enum FeatureDistance {
  /// `|m1 - m2|² + tr(S1 + S2 - 2 (S1 S2)^½)`; covariances divide by N.
  public static func frechet(_ a: Tensor, _ b: Tensor) -> Double {
    number { a, b, out in ct_frechet_distance(a, b, out) }(a, b)
  }

  /// The unbiased squared MMD with kernel `(x·y / d + 1)³`, for sets of equal size.
  public static func kernel(_ a: Tensor, _ b: Tensor) -> Double {
    number { a, b, out in ct_kernel_distance(a, b, out) }(a, b)
  }

  /// Share of `points` within some ball of `centres`, as wide as to its `k`th nearest other centre.
  public static func coverage(of points: Tensor, by centres: Tensor, k: Int) -> Double {
    number { a, b, out in ct_coverage(a, b, Int64(k), out) }(centres, points)
  }

  private typealias Measure = (OpaquePointer, OpaquePointer, UnsafeMutablePointer<Double>) ->
    ct_error?

  private static func number(_ measure: @escaping Measure) -> (Tensor, Tensor) -> Double {
    { a, b in
      var result = Double.nan
      Failure.check(a.lend { a in b.lend { b in measure(a, b, &result) } })
      return result
    }
  }
}
