import CTorch

extension Tensor {
  func unary(_ kind: ct_unary_kind) -> Tensor {
    lend { handle in Tensor.made { ct_unary(kind, handle, $0) } }
  }

  func binary(_ kind: ct_binary_kind, _ other: Tensor) -> Tensor {
    lend { a in other.lend { b in Tensor.made { ct_binary(kind, a, b, $0) } } }
  }

  func scalar(_ kind: ct_scalar_kind, _ value: Double) -> Tensor {
    lend { handle in Tensor.made { ct_scalar(kind, handle, value, $0) } }
  }

  // MARK: Elements

  public static func + (a: Tensor, b: Tensor) -> Tensor { a.binary(CT_ADD, b) }
  public static func - (a: Tensor, b: Tensor) -> Tensor { a.binary(CT_SUB, b) }
  public static func * (a: Tensor, b: Tensor) -> Tensor { a.binary(CT_MUL, b) }
  public static func / (a: Tensor, b: Tensor) -> Tensor { a.binary(CT_DIV, b) }
  public static func + (a: Tensor, b: Double) -> Tensor { a.scalar(CT_ADD_SCALAR, b) }
  public static func - (a: Tensor, b: Double) -> Tensor { a.scalar(CT_ADD_SCALAR, -b) }
  public static func * (a: Tensor, b: Double) -> Tensor { a.scalar(CT_MUL_SCALAR, b) }
  public static func * (a: Double, b: Tensor) -> Tensor { b.scalar(CT_MUL_SCALAR, a) }
  public static prefix func - (a: Tensor) -> Tensor { a.unary(CT_NEG) }

  public var squared: Tensor { unary(CT_SQUARE) }
  public var squareRoot: Tensor { unary(CT_SQRT) }
  public var reciprocalSquareRoot: Tensor { unary(CT_RSQRT) }
  public var magnitude: Tensor { unary(CT_ABS) }
  /// `log(1 + exp(x))`.
  public var softplus: Tensor { unary(CT_SOFTPLUS) }
  public var sigmoid: Tensor { unary(CT_SIGMOID) }

  /// x times the share of normal numbers below it.
  public var gelu: Tensor { unary(CT_GELU) }

  public func leakyReLU(slope: Double) -> Tensor { scalar(CT_LEAKY_RELU, slope) }

  public func clamped(to range: ClosedRange<Double>) -> Tensor {
    lend { handle in
      Tensor.made { ct_clamp(handle, range.lowerBound, range.upperBound, $0) }
    }
  }

  /// The same numbers in 32 bits, whatever `withBFloat16` made of them.
  public var inFullPrecision: Tensor { unary(CT_FLOAT32) }

  /// The same elements side by side in memory.
  public var contiguous: Tensor { unary(CT_CONTIGUOUS) }

  /// Images `[N, C, H, W]` whose channels lie side by side in memory; what follows keeps that order.
  public var channelsLast: Tensor { unary(CT_CHANNELS_LAST) }

  /// Matrix product over the last two axes; the others are broadcast.
  public func times(_ other: Tensor) -> Tensor { binary(CT_MATMUL, other) }

  // MARK: Sums

  public var sum: Tensor { unary(CT_SUM) }
  public var mean: Tensor { unary(CT_MEAN) }

  public func sum(over axes: [Int], keepingAxes: Bool = false) -> Tensor {
    reduced(axes, keepingAxes, mean: false)
  }

  public func mean(over axes: [Int], keepingAxes: Bool = false) -> Tensor {
    reduced(axes, keepingAxes, mean: true)
  }

  private func reduced(_ axes: [Int], _ keep: Bool, mean: Bool) -> Tensor {
    lend { handle in
      Tensor.made { ct_reduce(handle, axes.wide, Int32(axes.count), keep, mean, $0) }
    }
  }

  // MARK: Shapes

  /// The same elements in another shape; one size may be -1.
  public func reshaped(_ shape: [Int]) -> Tensor {
    lend { handle in Tensor.made { ct_reshape(handle, shape.wide, Int32(shape.count), $0) } }
  }

  /// Repeats axes of size 1 without a copy; -1 keeps a size.
  public func expanded(_ shape: [Int]) -> Tensor {
    lend { handle in Tensor.made { ct_expand(handle, shape.wide, Int32(shape.count), $0) } }
  }

  public func permuted(_ order: [Int]) -> Tensor {
    lend { handle in Tensor.made { ct_permute(handle, order.wide, Int32(order.count), $0) } }
  }

  public func repeated(_ times: [Int]) -> Tensor {
    lend { handle in Tensor.made { ct_repeat(handle, times.wide, Int32(times.count), $0) } }
  }

  public func flipped(axis: Int) -> Tensor {
    lend { handle in Tensor.made { ct_flip(handle, Int64(axis), $0) } }
  }

  public func slice(axis: Int, _ range: Range<Int>) -> Tensor {
    lend { handle in
      Tensor.made {
        ct_slice(handle, Int64(axis), Int64(range.lowerBound), Int64(range.upperBound), $0)
      }
    }
  }

  /// Element `index` along `axis`, without that axis.
  public func element(axis: Int, _ index: Int) -> Tensor {
    var shape = shape
    shape.remove(at: axis)
    return slice(axis: axis, index..<index + 1).reshaped(shape)
  }

  /// Elements along `axis` in the order of `indices`.
  public func selected(axis: Int, _ indices: Tensor) -> Tensor {
    lend { handle in indices.lend { i in Tensor.made { ct_index(handle, Int64(axis), i, $0) } } }
  }

  // MARK: Layers

  /// `self […, in]` times `weight [out, in]` transposed, plus `bias [out]`.
  public func linear(_ weight: Tensor, bias: Tensor? = nil) -> Tensor {
    lend { x in
      weight.lend { w in
        guard let bias else { return Tensor.made { ct_linear(x, w, nil, $0) } }
        return bias.lend { b in Tensor.made { ct_linear(x, w, b, $0) } }
      }
    }
  }

  /// Each row of the last axis at mean 0 and deviation 1, times `weight` plus `bias`, `[C]` each.
  public func layerNormed(_ weight: Tensor, bias: Tensor, epsilon: Double) -> Tensor {
    lend { x in
      weight.lend { w in
        bias.lend { b in Tensor.made { ct_layer_norm(x, w, b, epsilon, $0) } }
      }
    }
  }

  /// Cross-correlation with `weight [O, I / groups, kH, kW]`.
  public func convolved(
    _ weight: Tensor, stride: Int = 1, padding: Int = 0, groups: Int = 1
  ) -> Tensor {
    lend { x in
      weight.lend { w in
        Tensor.made { ct_conv2d(x, w, Int64(stride), Int64(padding), Int64(groups), $0) }
      }
    }
  }

  /// The transpose of `convolved`; `weight [I, O / groups, kH, kW]`.
  public func transposeConvolved(
    _ weight: Tensor, stride: Int = 1, padding: Int = 0, groups: Int = 1
  ) -> Tensor {
    lend { x in
      weight.lend { w in
        Tensor.made { ct_conv_transpose2d(x, w, Int64(stride), Int64(padding), Int64(groups), $0) }
      }
    }
  }

  /// Means over squares of `size` pixels.
  public func averagePooled(_ size: Int) -> Tensor {
    lend { x in Tensor.made { ct_avg_pool2d(x, Int64(size), $0) } }
  }
}
