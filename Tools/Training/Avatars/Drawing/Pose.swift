/// How the head is held, and where its parts are then seen.
///
/// The head's own axes begin between the eyes: x to the picture's right, y down, z towards us. It is seen
/// from far away, so that places in front move sideways when it turns, and the outline hardly does.
package struct Pose {
  package let center: Point
  package let size: Float
  /// To the right; what is one unit before the outline moves by the sine.
  let yaw: Rotation
  /// Downwards.
  let pitch: Rotation
  /// Clockwise.
  let roll: Rotation
  private let halfWidth: Float

  init(_ numbers: inout Decisions, _ head: HeadShape) {
    numbers.begin(stream: 3)
    yaw = Rotation(turns: numbers.bell(-0.085, 0.085))
    pitch = Rotation(turns: numbers.bell(-0.03, 0.03))
    roll = Rotation(turns: numbers.bell(-0.028, 0.028))
    size = numbers.bell(0.98, 1.16)
    center = Point(50 + numbers.bell(-3, 3), 48.5 + numbers.bell(-2, 2))
    halfWidth = head.halfWidth
  }

  /// A place of the head, by its own axes.
  func at(_ x: Float, _ y: Float, _ z: Float = 0) -> Point {
    // The outline of a ball does not get narrower when it turns.
    let turned = x + z * yaw.sine
    let nodded = y + z * pitch.sine
    return center + roll(Point(turned, nodded)) * size
  }

  /// A place on the face, `lift` before it; none is seen outside of the outline.
  func on(_ x: Float, _ y: Float, lift: Float = 0) -> Point {
    let (u, v) = (x / (halfWidth * 1.12), y / 34)
    let depth = 17 * max(0.04, 1 - u * u - v * v).squareRoot() + lift
    let limit = halfWidth * 0.985
    // Foreshortened: what is turned away comes nearer to the rim.
    let shifted = min(max(x * yaw.cosine + depth * yaw.sine, -limit), limit)
    let nodded = y + depth * pitch.sine
    return center + roll(Point(shifted, nodded)) * size
  }

  /// How wide things on the face are seen at `x`: less on the side that is turned away.
  func width(at x: Float) -> Float {
    let u = x / (halfWidth * 1.12)
    let depth = max(0.1, 1 - u * u).squareRoot()
    return max(0.6, min(1.06, yaw.cosine - yaw.sine * u / depth * 0.8))
  }
}

/// The outline of a head.
package struct HeadShape {
  package let halfWidth: Float
  package let jaw: Float
  let chinWidth: Float
  package let chin: Float
  let cheek: Float
  package let crown: Float
  let earSize: Float
  let earOut: Float
  let neck: Float

  init(_ numbers: inout Decisions, _ person: Person) {
    numbers.begin(stream: 4)
    halfWidth = numbers.bell(18.6, 22.4)
    jaw = numbers.bell(0.68, 0.8) + 0.1 * person.build
    chinWidth = numbers.bell(0.3, 0.42) + 0.1 * person.build
    chin = numbers.bell(23.2, 28.4) + 0.8 * person.build
    cheek = numbers.bell(0.93, 1.02)
    crown = numbers.bell(25, 28)
    earSize = numbers.bell(0.85, 1.2)
    earOut = numbers.bell(0.6, 2)
    neck = numbers.bell(7.6, 9.4) + 1.8 * person.build
  }

  /// The right half from the crown to the chin: x, y, and how far before the outline's plane.
  var half: [(Float, Float, Float)] {
    let w = halfWidth
    return [
      (0, -crown, 0), (0.58 * w, -crown + 2.9, 0), (0.92 * w, -crown + 11.5, 0), (w, -3, 0),
      (w * cheek * 0.975, 7.5, 1), (jaw * w, 0.64 * chin, 4),
      (chinWidth * w, 0.94 * chin, 8), (0, chin, 9),
    ]
  }

  /// The whole outline, clockwise from the crown.
  func outline(_ pose: Pose) -> Path {
    let right = half
    let left = right.dropFirst().dropLast().reversed().map { (-$0.0, $0.1, $0.2) }
    return .closed((right + left).map { pose.at($0.0, $0.1, $0.2) })
  }

  /// The skull above the ears, from right to left, pushed outwards.
  ///
  /// - Parameters:
  ///   - pose: How the head is held.
  ///   - top: How far at the crown.
  ///   - side: How far at the temples.
  ///   - from: Where it begins and ends, below the eyes.
  /// - Returns: Nine knots for a spline.
  func skull(_ pose: Pose, top: Float, side: Float, from: Float) -> [Point] {
    let w = halfWidth
    let right: [(Float, Float)] = [
      (w * 0.99 + side * 0.8, from), (w + side, -4), (0.93 * w + side * 0.95, -crown + 10.5),
      (0.58 * w + side * 0.5, -crown + 2.6 - top * 0.85),
    ]
    let left = right.reversed().map { (-$0.0, $0.1) }
    return (right + [(0, -crown - top)] + left).map { pose.at($0.0, $0.1) }
  }
}
