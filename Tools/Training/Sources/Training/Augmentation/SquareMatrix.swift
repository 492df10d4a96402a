import Glibc

/// A small matrix for changes of place and of colour, `[row][column]`.
struct SquareMatrix: Equatable {
  private(set) var rows: [[Double]]

  private init(_ rows: [[Double]]) { self.rows = rows }

  static func identity(_ size: Int) -> SquareMatrix {
    SquareMatrix((0..<size).map { i in (0..<size).map { $0 == i ? 1 : 0 } })
  }

  static func * (a: SquareMatrix, b: SquareMatrix) -> SquareMatrix {
    let size = a.rows.count
    return SquareMatrix(
      (0..<size).map { i in
        (0..<size).map { j in (0..<size).reduce(0) { $0 + a.rows[i][$1] * b.rows[$1][j] } }
      })
  }

  static func + (a: SquareMatrix, b: SquareMatrix) -> SquareMatrix {
    SquareMatrix(zip(a.rows, b.rows).map { zip($0, $1).map { $0 + $1 } })
  }

  static func * (a: SquareMatrix, b: Double) -> SquareMatrix {
    SquareMatrix(a.rows.map { $0.map { $0 * b } })
  }

  /// `shifts` are as many as the space has axes.
  static func translation(_ shifts: Double...) -> SquareMatrix {
    var matrix = identity(shifts.count + 1)
    for (i, shift) in shifts.enumerated() { matrix.rows[i][shifts.count] = shift }
    return matrix
  }

  static func scale(_ factors: Double...) -> SquareMatrix {
    var matrix = identity(factors.count + 1)
    for (i, factor) in factors.enumerated() { matrix.rows[i][i] = factor }
    return matrix
  }

  /// Of the plane, by an angle in radians from x to y.
  static func rotation(_ angle: Double) -> SquareMatrix {
    SquareMatrix([[cos(angle), -sin(angle), 0], [sin(angle), cos(angle), 0], [0, 0, 1]])
  }

  /// `v vᵀ` of a vector.
  static func outer(_ v: [Double]) -> SquareMatrix {
    SquareMatrix(v.map { a in v.map { a * $0 } })
  }

  /// Of space around an axis of length 1, by an angle in radians.
  static func rotation(_ angle: Double, around v: (x: Double, y: Double, z: Double)) -> SquareMatrix
  {
    let (s, c) = (sin(angle), cos(angle))
    let cross = SquareMatrix([
      [0, -v.z, v.y, 0], [v.z, 0, -v.x, 0], [-v.y, v.x, 0, 0], [0, 0, 0, 0],
    ])
    return outer([v.x, v.y, v.z, 0]) * (1 - c) + cross * s + scale(c, c, c)
  }
}
