import CTorch

/// A linear regression whose rows need not be in memory together, in double precision.
public final class LeastSquares {
  private let sums: OpaquePointer

  public init() {
    guard let sums = ct_normal_new() else { Failure.end("no memory for a regression") }
    self.sums = sums
  }

  deinit { ct_normal_free(sums) }

  /// Adds rows `x [n, d]` that shall lead to `y [n, o]`.
  public func add(_ x: Tensor, _ y: Tensor) {
    Failure.check(x.lend { x in y.lend { y in ct_normal_add(sums, x, y) } })
  }

  /// What fits best.
  ///
  /// - Parameters:
  ///   - start: `[o, d]`, towards which the weight is drawn; nil for 0.
  ///   - ridge: How strongly, as a share of each input's own sum of squares.
  /// - Returns: `weight [o, d]`, `bias [o]`, and the share of the outputs' variance that these rows
  ///   leave unexplained.
  public func solved(
    from start: Tensor? = nil, ridge: Double
  ) -> (weight: Tensor, bias: Tensor, unexplained: Double) {
    var unexplained = Double.nan
    var bias: Tensor?
    let weight = Tensor.made { weight in
      func solve(_ start: OpaquePointer?) -> ct_error? {
        bias = Tensor.made { ct_normal_solve(sums, start, ridge, weight, $0, &unexplained) }
        return nil
      }
      guard let start else { return solve(nil) }
      return start.lend { solve($0) }
    }
    guard let bias else { Failure.end("a regression without an intercept") }
    return (weight, bias, unexplained)
  }

  /// How much the first inputs of an order explain by themselves.
  ///
  /// - Parameters:
  ///   - order: Of inputs, each once; those that are not named are left out.
  ///   - ridge: As a share of each input's own sum of squares.
  /// - Returns: The share of the outputs' variance that is left with 0, 1, … of them.
  public func curve(_ order: [Int], ridge: Double) -> [Float] {
    Tensor.made { ct_normal_curve(sums, order.wide, Int64(order.count), ridge, $0) }.floats
  }
}
