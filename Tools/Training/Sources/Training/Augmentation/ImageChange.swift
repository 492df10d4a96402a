import Glibc

/// What augmentation does to one picture; the presets are nothing.
///
/// Source: Karras et al. 2020, arXiv:2006.06676, appendix B; as in NVlabs' code the set `bgc`, which
/// is blits, geometry and colour, in this order.
struct ImageChange {
  var flips = false
  var quarterTurns = 0
  /// Whole pixels.
  var shift = (x: 0.0, y: 0.0)
  var scale = 1.0
  /// Radians, before and after the change of aspect.
  var firstTurn = 0.0
  var aspect = 1.0
  var secondTurn = 0.0
  /// Shares of the side.
  var fraction = (x: 0.0, y: 0.0)
  var brightness = 0.0
  var contrast = 1.0
  var flipsLuma = false
  /// Radians.
  var hue = 0.0
  var saturation = 1.0

  init() {}

  /// Each change by chance.
  ///
  /// - Parameters:
  ///   - p: The probability of each.
  ///   - size: Side of the picture.
  ///   - random: Gives the same numbers in the same order whatever comes out.
  init(p: Double, size: Int, _ random: inout SplitMix64) {
    func happens(_ share: Double = p) -> Bool { random.fraction() < share }
    func spread() -> Double { 2 * random.fraction() - 1 }
    func power(_ deviation: Double) -> Double { exp2(random.normal() * deviation) }
    // A turn before or after: together they happen with probability p.
    let turn = 1 - max(1 - p, 0).squareRoot()

    flips = random.next() & 1 == 1
    if !happens() { flips = false }
    quarterTurns = random.below(4)
    if !happens() { quarterTurns = 0 }
    shift = (
      (spread() * 0.125 * Double(size)).rounded(.toNearestOrEven),
      (spread() * 0.125 * Double(size)).rounded(.toNearestOrEven)
    )
    if !happens() { shift = (0, 0) }
    scale = power(0.2)
    if !happens() { scale = 1 }
    firstTurn = spread() * .pi
    if !happens(turn) { firstTurn = 0 }
    aspect = power(0.2)
    if !happens() { aspect = 1 }
    secondTurn = spread() * .pi
    if !happens(turn) { secondTurn = 0 }
    fraction = (random.normal() * 0.125, random.normal() * 0.125)
    if !happens() { fraction = (0, 0) }
    brightness = random.normal() * 0.2
    if !happens() { brightness = 0 }
    contrast = power(0.5)
    if !happens() { contrast = 1 }
    flipsLuma = random.next() & 1 == 1
    if !happens() { flipsLuma = false }
    hue = spread() * .pi
    if !happens() { hue = 0 }
    saturation = power(1)
    if !happens() { saturation = 1 }
  }

  /// Takes a place of the changed picture to the place of the picture that is seen there; pixels
  /// from the centre.
  func places(size: Int) -> SquareMatrix {
    let side = Double(size)
    let steps: [SquareMatrix] = [
      .scale(flips ? -1 : 1, 1), .rotation(.pi / 2 * Double(quarterTurns)),
      .translation(-shift.x, -shift.y), .scale(1 / scale, 1 / scale), .rotation(firstTurn),
      .scale(1 / aspect, aspect), .rotation(secondTurn),
      .translation(-fraction.x * side, -fraction.y * side),
    ]
    return steps.reduce(.identity(3), *)
  }

  /// Takes red, green, blue, 1 of -1 to 1 to the changed colour.
  var colours: SquareMatrix {
    let third = (1.0 / 3).squareRoot()
    // The axis of grey.
    let grey = SquareMatrix.outer([third, third, third, 0])
    let rest = SquareMatrix.identity(4) + grey * -1
    let steps: [SquareMatrix] = [
      .translation(brightness, brightness, brightness), .scale(contrast, contrast, contrast),
      flipsLuma ? .identity(4) + grey * -2 : .identity(4),
      .rotation(hue, around: (third, third, third)), grey + rest * saturation,
    ]
    return steps.reduce(.identity(4)) { $1 * $0 }
  }
}

extension SplitMix64 {
  /// A normal of mean 0 and variance 1 (Box and Muller).
  mutating func normal() -> Double {
    let (radius, angle) = (1 - fraction(), 2 * Double.pi * fraction())
    return (-2 * log(radius)).squareRoot() * cos(angle)
  }
}
