/// Cubic splines through equally spaced points, as SciPy's `interp1d(kind="cubic")` makes them.
enum CubicSpline {
  /// The second derivatives of the spline at its points, whose distance is 1.
  ///
  /// Continuity asks `M[i-1] + 4 M[i] + M[i+1] = 6 (y[i-1] - 2 y[i] + y[i+1])` of each inner point.
  /// The ends are "not a knot": the third derivative is continuous at the second point from each
  /// end, so `M[0] = 2 M[1] - M[2]`, which makes the first of these equations `6 M[1] = …`. Two
  /// points give a line, three a parabola.
  ///
  /// - Parameter points: Values at 0, 1, 2, …
  /// - Returns: One number for each point.
  static func secondDerivatives(of points: [Double]) -> [Double] {
    let count = points.count
    var second = [Double](repeating: 0, count: count)
    guard count > 2 else { return second }
    for i in 1..<(count - 1) { second[i] = 6 * (points[i - 1] - 2 * points[i] + points[i + 1]) }
    guard count > 3 else { return Array(repeating: second[1] / 6, count: count) }
    second[1] /= 6
    second[count - 2] /= 6
    // Gaussian elimination of the tridiagonal rows between; `share` is what row i keeps of row i + 1.
    var share = [Double](repeating: 0, count: count)
    for i in stride(from: 2, to: count - 2, by: 1) {
      let pivot = 4 - share[i - 1]
      share[i] = 1 / pivot
      second[i] = (second[i] - second[i - 1]) / pivot
    }
    for i in stride(from: count - 3, to: 1, by: -1) { second[i] -= share[i] * second[i + 1] }
    second[0] = 2 * second[1] - second[2]
    second[count - 1] = 2 * second[count - 2] - second[count - 3]
    return second
  }
}
