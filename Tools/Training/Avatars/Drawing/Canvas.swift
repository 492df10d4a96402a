import ImageFile

/// How a shape is coloured: evenly, or from one colour to another along a line or about a point.
package struct Paint {
  fileprivate enum Course {
    case even
    case line(origin: Point, along: Point)
    case circle(center: Point, radius: Float)
  }

  fileprivate let first: SIMD4<Float>
  fileprivate let change: SIMD4<Float>
  fileprivate let course: Course

  private init(_ first: SIMD4<Float>, _ last: SIMD4<Float>, _ course: Course) {
    self.first = first
    change = last - first
    self.course = course
  }

  package static func even(_ colour: Colour, alpha: Float = 1) -> Paint {
    let first = colour.rgb * SIMD4(1, 1, 1, alpha)
    return Paint(first, first, .even)
  }

  /// The first colour at and before `from`, the last at and after `to`.
  static func line(
    _ first: Colour, _ last: Colour, from: Point, to: Point, alphas: (Float, Float) = (1, 1)
  ) -> Paint {
    let along = to - from
    let square = max(along.x * along.x + along.y * along.y, 1e-6)
    return Paint(
      first.rgb * SIMD4(1, 1, 1, alphas.0), last.rgb * SIMD4(1, 1, 1, alphas.1),
      .line(origin: from, along: along * (1 / square)))
  }

  /// The first colour in the middle.
  static func circle(
    _ first: Colour, _ last: Colour, about center: Point, radius: Float,
    alphas: (Float, Float) = (1, 1)
  ) -> Paint {
    Paint(
      first.rgb * SIMD4(1, 1, 1, alphas.0), last.rgb * SIMD4(1, 1, 1, alphas.1),
      .circle(center: center, radius: radius))
  }
}

/// A square picture that shapes are painted on, each pixel covered by the exact area of the polygon in it.
///
/// Sums, products, quotients and square roots alone, which IEEE 754 rounds correctly, and no sum in an
/// order that a compiler chooses: equal bytes on every processor.
package struct Canvas {
  /// How much of each pixel a shape covers, 0 to 1, row after row.
  package struct Mask {
    fileprivate let shares: [Float]
  }

  let size: Int
  private let scale: Float
  /// Red, green and blue, 0 to 1, in sRGB: edges are mixed as browsers mix them.
  private var pixels: [SIMD4<Float>]
  /// Signed areas to be summed along each row; all 0 between two shapes.
  private var areas: [Float]
  private var rows = (first: 0, last: -1)
  private var columns = (first: 0, last: -1)

  /// - Parameter size: Pixels of a side.
  package init(size: Int) {
    self.size = size
    scale = Float(size) / 100
    pixels = Array(repeating: SIMD4(0, 0, 0, 1), count: size * size)
    areas = Array(repeating: 0, count: size * (size + 2))
  }

  /// Paints a shape over what is there; with a mask, only what the mask shows.
  package mutating func fill(_ path: Path, _ paint: Paint, within mask: Mask? = nil) {
    guard cover(path) else { return }
    let unit = 1 / scale
    for y in rows.first...rows.last {
      var sum: Float = 0
      for x in columns.first...columns.last {
        let area = y * (size + 2) + x
        sum += areas[area]
        areas[area] = 0
        var share = min(abs(sum), 1)
        guard share > 1 / 512, x < size else { continue }
        let at = y * size + x
        if let mask { share *= mask.shares[at] }
        var colour = paint.first
        switch paint.course {
        case .even: break
        case .line(let origin, let along):
          let (dx, dy) = ((Float(x) + 0.5) * unit - origin.x, (Float(y) + 0.5) * unit - origin.y)
          let t = dx * along.x + dy * along.y
          colour += paint.change * min(max(t, 0), 1)
        case .circle(let center, let radius):
          let (dx, dy) = ((Float(x) + 0.5) * unit - center.x, (Float(y) + 0.5) * unit - center.y)
          let t = (dx * dx + dy * dy).squareRoot() / radius
          colour += paint.change * min(t, 1)
        }
        let under = pixels[at]
        pixels[at] = under + (colour - under) * (share * colour.w)
      }
    }
  }

  /// What a shape covers.
  package mutating func mask(_ path: Path) -> Mask {
    var shares = [Float](repeating: 0, count: size * size)
    guard cover(path) else { return Mask(shares: shares) }
    for y in rows.first...rows.last {
      var sum: Float = 0
      for x in columns.first...columns.last {
        let area = y * (size + 2) + x
        sum += areas[area]
        areas[area] = 0
        let share = min(abs(sum), 1)
        if share > 1 / 512, x < size { shares[y * size + x] = share }
      }
    }
    return Mask(shares: shares)
  }

  /// The picture, rounded to bytes.
  package var picture: Pixels {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size * size * 3)
    for pixel in pixels {
      let values = (pixel * 255 + 0.5).clamped(
        lowerBound: SIMD4(repeating: 0), upperBound: SIMD4(repeating: 255))
      bytes.append(UInt8(values.x))
      bytes.append(UInt8(values.y))
      bytes.append(UInt8(values.z))
    }
    return Pixels(width: size, height: size, channels: 3, bytes: bytes)
  }

  /// Sums the areas of a path; false if none of it is in the picture.
  private mutating func cover(_ path: Path) -> Bool {
    var (low, high) = (Point(.infinity, .infinity), Point(-.infinity, -.infinity))
    for contour in path.contours {
      for point in contour {
        low = Point(min(low.x, point.x), min(low.y, point.y))
        high = Point(max(high.x, point.x), max(high.y, point.y))
      }
    }
    let side = Float(size)
    (low, high) = (low * scale, high * scale)
    guard low.x < side, low.y < side, high.x > 0, high.y > 0 else { return false }
    rows = (Int(max(low.y, 0)), Int(min(high.y, side - 1)))
    // Two columns further than the shape: its last area lies beside it.
    columns = (Int(max(low.x, 0)), min(Int(min(high.x, side)) + 1, size + 1))
    for contour in path.contours {
      var before = contour[contour.count - 1] * scale
      for point in contour {
        let after = point * scale
        addEdge(before, after)
        before = after
      }
    }
    return true
  }

  /// Adds what an edge takes of the pixels to its right, as differences along each row.
  ///
  /// Source: Levien 2016, font-rs, "inside the fastest font renderer in the world".
  private mutating func addEdge(_ from: Point, _ to: Point) {
    guard from.y != to.y else { return }
    let sign: Float = from.y < to.y ? 1 : -1
    let (top, bottom) = from.y < to.y ? (from, to) : (to, from)
    let side = Float(size)
    guard top.y < side, bottom.y > 0 else { return }
    let slope = (bottom.x - top.x) / (bottom.y - top.y)
    var x = top.y < 0 ? top.x - top.y * slope : top.x
    let start = max(top.y, 0)
    for y in Int(start)..<min(size, Int(min(bottom.y, side).rounded(.up))) {
      let height = min(Float(y + 1), bottom.y) - max(Float(y), start)
      let next = x + slope * height
      addSpan(
        y * (size + 2), min(max(min(x, next), 0), side), min(max(max(x, next), 0), side),
        height * sign)
      x = next
    }
  }

  /// One row of an edge, from `left` to `right`.
  private mutating func addSpan(_ row: Int, _ left: Float, _ right: Float, _ height: Float) {
    let (leftFloor, rightCeiling) = (left.rounded(.down), right.rounded(.up))
    let (first, last) = (Int(leftFloor), Int(rightCeiling))
    if last <= first + 1 {
      let middle = (left + right) / 2 - leftFloor
      areas[row + first] += height - height * middle
      areas[row + first + 1] += height * middle
      return
    }
    let share = 1 / (right - left)
    let leftPart = 1 - (left - leftFloor)
    let rightPart = right - rightCeiling + 1
    let begin = share * leftPart * leftPart / 2
    let end = share * rightPart * rightPart / 2
    areas[row + first] += height * begin
    if last == first + 2 {
      areas[row + first + 1] += height * (1 - begin - end)
    } else {
      let second = share * (leftPart + 0.5)
      areas[row + first + 1] += height * (second - begin)
      for column in first + 2..<last - 1 { areas[row + column] += height * share }
      let beforeLast = second + Float(last - first - 3) * share
      areas[row + last - 1] += height * (1 - beforeLast - end)
    }
    areas[row + last] += height * end
  }
}
