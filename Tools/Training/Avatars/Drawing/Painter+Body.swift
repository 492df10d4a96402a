// Neck, shoulders and what is worn there.

extension Painter {
  /// The middle of the neck, which a turned head leaves behind.
  private var neckCenter: Float { pose.center.x - 7 * pose.yaw.sine + avatar.clothes.lean * 0.4 }
  private var base: Float { 84.5 }

  mutating func paintBody() {
    let clothes = avatar.clothes
    let (x, neck, base) = (neckCenter, head.neck, self.base)
    let (wide, slope) = (clothes.shoulders, clothes.slope)
    let middle = 50 + clothes.lean * 0.5
    if clothes.style == .hoodie { paintHoodBehind(x) }

    let torso = Path.joined(
      Path.spline(
        [
          Point(x - neck - 1, base - 3), Point(x - neck - 5, base + 1.6),
          Point(middle - wide * 0.72, base + slope * 0.62 + 1),
          Point(middle - wide, base + slope + 3.5), Point(middle - wide - 4, 108),
        ], closed: false),
      Path.spline(
        [
          Point(middle + wide + 4, 108), Point(middle + wide, base + slope + 3.5),
          Point(middle + wide * 0.72, base + slope * 0.62 + 1), Point(x + neck + 5, base + 1.6),
          Point(x + neck + 1, base - 3),
        ], closed: false))
    let cover = canvas.mask(torso)
    let bare = clothes.style == .straps
    if bare {
      canvas.fill(
        torso,
        .line(
          palette.skin, palette.skinShade, from: Point(50 - 30 * shade, 0),
          to: Point(50 + 40 * shade, 0)))
    } else {
      canvas.fill(
        torso,
        .line(
          palette.cloth, palette.clothShade, from: Point(50 - 10 * shade, 84),
          to: Point(50 + 34 * shade, 96)))
    }
    paintPattern(x, middle, within: cover)
    paintNeck(x, cover)
    paintCollar(x, middle, within: cover)
  }

  /// Neck and what the neckline shows.
  private mutating func paintNeck(_ x: Float, _ torso: Canvas.Mask) {
    let clothes = avatar.clothes
    let (neck, base) = (head.neck, self.base)
    let depth: Float =
      switch clothes.style {
      case .vneck, .shirt, .blazer: 10 + clothes.neckline
      case .straps: 9
      case .turtleneck, .scarf: 0
      default: 2.5 + clothes.neckline * 0.6
      }
    let wide: Float = clothes.style == .straps ? neck + 5.5 : neck + 2.4
    let top = pose.center.y + 6
    let left = [
      Point(x - neck, top), Point(x - neck, base - 7), Point(x - neck - 0.6, base - 3),
      Point(x - wide, base + 0.4),
    ]
    let scoop: [Point] =
      switch clothes.style {
      case .vneck, .shirt, .blazer: [Point(x, base + depth)]
      default:
        Path.spline(
          [
            Point(x - wide, base + 0.4), Point(x - wide * 0.62, base + depth * 0.78),
            Point(x, base + depth), Point(x + wide * 0.62, base + depth * 0.78),
            Point(x + wide, base + 0.4),
          ], closed: false)
      }
    let right = left.reversed().map { Point(2 * x - $0.x, $0.y) }
    let skin = Path.joined(
      Path.spline(left, closed: false), scoop, Path.spline(Array(right), closed: false))
    let mask = canvas.mask(skin)
    canvas.fill(
      skin,
      .line(
        palette.skin, palette.skinShade, from: Point(x - neck * shade, 0),
        to: Point(x + neck * 1.3 * shade, 0)))
    // What chin and beard keep from the light.
    fill(face.moved(Point(1.6 * shade, 5.4)), palette.skinShade.shaded(0.03), within: mask)
    if clothes.style == .straps {
      let y = base + 4
      fill(
        .stroke(
          [Point(x - 9, y - 0.5), Point(x - 4.6, y + 0.5), Point(x - 1.6, y + 1.4)], 0.5, 0.9, 0.4),
        palette.skinShade)
      fill(
        .stroke(
          [Point(x + 9, y - 0.5), Point(x + 4.6, y + 0.5), Point(x + 1.6, y + 1.4)], 0.5, 0.9, 0.4),
        palette.skinShade)
    }
    if clothes.accessory,
      clothes.style == .tee || clothes.style == .straps || clothes.style == .vneck
    {
      paintNecklace(x, depth)
    }
  }

  private mutating func paintNecklace(_ x: Float, _ depth: Float) {
    let (neck, drop) = (head.neck, avatar.clothes.detail * 3 + 2)
    let low = Point(x, base + min(depth, 7) * 0.55 + drop * 0.4)
    fill(
      .stroke(
        [
          Point(x - neck + 0.4, base - 4), Point(x - neck * 0.6, low.y - 2.4), low,
          Point(x + neck * 0.6, low.y - 2.4), Point(x + neck - 0.4, base - 4),
        ],
        0.7), palette.metal)
    fill(.ellipse(low + Point(0, 0.9), 1.2, 1.4), palette.metal.lighter(0.06))
  }

  private mutating func paintHoodBehind(_ x: Float) {
    let neck = head.neck
    let hood: [Point] = [
      Point(x - neck - 9, base + 5), Point(x - neck - 8.5, base - 4),
      Point(x - neck - 3, base - 11),
      Point(x, base - 13), Point(x + neck + 3, base - 11), Point(x + neck + 8.5, base - 4),
      Point(x + neck + 9, base + 5), Point(x, base + 12),
    ]
    fill(.closed(hood), palette.clothShade.shaded(0.06))
  }

  /// What is printed on the cloth.
  private mutating func paintPattern(_ x: Float, _ middle: Float, within cover: Canvas.Mask) {
    let clothes = avatar.clothes
    switch clothes.style {
    case .striped:
      let step = 3.4 + 2.4 * clothes.detail
      var y = base + 3
      while y < 104 {
        fill(
          .stroke(
            [
              Point(2, y + 6), Point(26, y + 1.4), Point(50, y), Point(74, y + 1.4),
              Point(98, y + 6),
            ], step * 0.46),
          palette.clothSecond, within: cover)
        y += step
      }
    case .sweater:
      // A yoke of dots between two bands.
      for ring in 0..<2 {
        let radius = 19 + 6 * Float(ring)
        fill(
          .ring(
            Path.ellipse(Point(x, base - 2), radius * 1.25, radius * 0.72).contours[0], width: 0.9),
          palette.clothSecond, within: cover)
      }
      for index in 1..<16 {
        let turn = Rotation(turns: Float(index) / 32)
        let at = Point(turn.cosine * 27.4, turn.sine * 15.8) + Point(x, base - 2)
        fill(.ellipse(at, 0.95, 0.95), palette.clothThird, within: cover)
      }
    case .tee where clothes.accessory && clothes.detail > 0.5:
      // A print that the lower edge cuts.
      fill(.ellipse(Point(middle, 104), 9, 9), palette.clothSecond, within: cover)
    case .straps:
      let bib = Path.joined(
        Path.spline(
          [Point(x - 17, base - 3), Point(x - 15.5, base + 6), Point(x - 13, base + 9.6)],
          closed: false),
        Path.spline(
          [Point(x - 13, base + 9.6), Point(x, base + 11.5), Point(x + 13, base + 9.6)],
          closed: false),
        Path.spline(
          [Point(x + 13, base + 9.6), Point(x + 15.5, base + 6), Point(x + 17, base - 3)],
          closed: false),
        Path.spline(
          [Point(x + 22, base - 1), Point(x + 21, base + 10), Point(x + 25, 108)], closed: false),
        Path.spline(
          [Point(x - 25, 108), Point(x - 21, base + 10), Point(x - 22, base - 1)], closed: false))
      canvas.fill(
        bib,
        .line(
          palette.cloth, palette.clothShade, from: Point(x - 10 * shade, 0),
          to: Point(x + 24 * shade, 0)), within: cover)
    default: break
    }
  }

  private mutating func paintCollar(_ x: Float, _ middle: Float, within cover: Canvas.Mask) {
    let clothes = avatar.clothes
    let (neck, base) = (head.neck, self.base)
    switch clothes.style {
    case .tee, .striped, .sweater:
      let (wide, depth) = (neck + 2.4, 2.5 + clothes.neckline * 0.6)
      let rim =
        clothes.style == .sweater
        ? palette.clothSecond : palette.cloth.lighter(palette.cloth.lightness > 0.6 ? -0.06 : 0.06)
      fill(
        .stroke(
          [
            Point(x - wide, base - 0.2), Point(x - wide * 0.64, base + depth * 0.8),
            Point(x, base + depth + 0.4), Point(x + wide * 0.64, base + depth * 0.8),
            Point(x + wide, base - 0.2),
          ],
          clothes.style == .sweater ? 2.6 : 1.9), rim)
    case .vneck:
      let tip = Point(x, base + 10 + clothes.neckline)
      let rim = palette.clothSecond
      fill(
        .stroke([Point(x - neck - 2, base), Point(x - neck * 0.45, tip.y - 4.6), tip], 1.7), rim)
      fill(
        .stroke([Point(x + neck + 2, base), Point(x + neck * 0.45, tip.y - 4.6), tip], 1.7), rim)
    case .shirt:
      paintShirtCollar(x, palette.cloth.lighter(palette.cloth.lightness > 0.85 ? -0.04 : 0.05))
    case .blazer: paintLapels(x, middle, within: cover)
    case .turtleneck, .scarf:
      let scarf = clothes.style == .scarf
      let (wide, top) = (neck + (scarf ? 4 : 1.5), base - (scarf ? 8 : 9.5))
      let colour = scarf ? palette.clothSecond : palette.cloth
      let roll = Path.joined(
        Path.spline(
          [
            Point(x - wide - 0.6, base + 3), Point(x - wide - (scarf ? 1.6 : 0.2), base - 3),
            Point(x - wide + 0.4, top),
          ], closed: false),
        Path.spline(
          [Point(x - wide + 0.4, top), Point(x, top + 3.4), Point(x + wide - 0.4, top)],
          closed: false),
        Path.spline(
          [
            Point(x + wide - 0.4, top), Point(x + wide + (scarf ? 1.6 : 0.2), base - 3),
            Point(x + wide + 0.6, base + 3),
          ], closed: false),
        Path.spline(
          [
            Point(x + wide + 0.6, base + 3), Point(x, base + (scarf ? 9 : 6.4)),
            Point(x - wide - 0.6, base + 3),
          ], closed: false))
      if scarf {
        let end = x + 6 * shade
        fill(
          .polygon(
            Point(end - 4.4, base + 2), Point(end + 4.4, base + 3), Point(end + 5, 108),
            Point(end - 5.4, 108)), colour.shaded(0.05))
        for stripe in 0..<2 {
          let y = 93 + 3.4 * Float(stripe)
          fill(.line(Point(end - 4.6, y), Point(end + 4.4, y + 0.6), 1.2), palette.clothThird)
        }
      }
      canvas.fill(
        roll,
        .line(
          colour, colour.shaded(0.08), from: Point(x - 6 * shade, 0), to: Point(x + 12 * shade, 0)))
      let mask = canvas.mask(roll)
      fill(face.moved(Point(1.6 * shade, 4.6)), colour.shaded(0.11), within: mask)
      fill(
        .stroke(
          [Point(x - wide, base - 1.5), Point(x, base + 2.4), Point(x + wide, base - 1.5)], 0.9),
        colour.shaded(0.09), within: mask)
    case .hoodie: paintHoodie(x)
    case .straps: break
    }
  }

  private mutating func paintShirtCollar(_ x: Float, _ colour: Colour) {
    let (neck, base) = (head.neck, self.base)
    let tip = Point(x, base + 10 + avatar.clothes.neckline * 0.6)
    fill(.line(tip + Point(0, -1), Point(tip.x, 106), 0.8), palette.cloth.shaded(0.13))
    for index in 0..<3 {
      fill(
        .ellipse(Point(x + 1.8, tip.y + 1.5 + 6 * Float(index)), 0.75, 0.75),
        palette.cloth.shaded(0.2))
    }
    for side in [-1, 1] as [Float] {
      let wing = Path.polygon(
        Point(x + side * (neck + 0.5), base - 5.5), Point(x + side * (neck + 4.8), base + 1.5),
        Point(x + side * (neck * 0.72), base + 9.5), Point(x + side * 0.2, tip.y - 0.6))
      fill(wing.moved(Point(0.5 * shade, 1.1)), palette.cloth.shaded(0.12))
      fill(wing, side == shade ? colour.shaded(0.04) : colour)
    }
  }

  private mutating func paintLapels(_ x: Float, _ middle: Float, within cover: Canvas.Mask) {
    let (neck, base) = (head.neck, self.base)
    let clothes = avatar.clothes
    let tip = base + 10 + clothes.neckline
    let shirt = Path.polygon(
      Point(x - neck - 1.2, base - 1), Point(x, tip - 1), Point(x + neck + 1.2, base - 1),
      Point(x + 11, 108), Point(x - 11, 108))
    fill(shirt, palette.clothThird)
    let collar = palette.clothThird.lighter(palette.clothThird.lightness > 0.9 ? -0.05 : 0.04)
    for side in [-1, 1] as [Float] {
      fill(
        .polygon(
          Point(x + side * neck, base - 6), Point(x + side * (neck + 3.6), base + 0.5),
          Point(x + side * neck * 0.62, base + 8.5), Point(x, tip - 1.4)),
        side == shade ? collar.shaded(0.04) : collar)
    }
    if clothes.accessory {
      let knot = tip - 1.6
      fill(
        .polygon(
          Point(x - 2.3, knot - 1.6), Point(x + 2.3, knot - 1.6), Point(x + 1.5, knot + 2.2),
          Point(x - 1.5, knot + 2.2)), palette.clothSecond.shaded(0.05))
      fill(
        .polygon(
          Point(x - 1.4, knot + 2.2), Point(x + 1.4, knot + 2.2), Point(x + 3.6, 108),
          Point(x - 3.6, 108)), palette.clothSecond)
    } else {
      fill(.line(Point(x, tip), Point(x, 106), 0.6), collar.shaded(0.12))
    }
    let lapel = palette.cloth.lighter(palette.cloth.lightness > 0.7 ? -0.05 : 0.045)
    for side in [-1, 1] as [Float] {
      let shape = Path.polygon(
        Point(x + side * (neck + 0.8), base - 4.5), Point(x + side * (neck + 6), base + 1.8),
        Point(x + side * (neck + 8.4), base + 9), Point(x + side * (neck + 4.6), base + 9.6),
        Point(x + side * (neck + 6.4), base + 12.2), Point(x + side * 5, 110),
        Point(x + side * 2.6, 110),
        Point(x + side * (neck * 0.8), base + 10))
      fill(shape.moved(Point(0.8 * side, 0.6)), palette.cloth.shaded(0.11), within: cover)
      fill(shape, side == shade ? lapel.shaded(0.035) : lapel, within: cover)
    }
  }

  private mutating func paintHoodie(_ x: Float) {
    let (neck, base) = (head.neck, self.base)
    for side in [-1, 1] as [Float] {
      let fold = Path.joined(
        Path.spline(
          [
            Point(x + side * (neck - 0.6), base - 9), Point(x + side * (neck + 6.4), base - 5),
            Point(x + side * (neck + 8.6), base + 3), Point(x + side * 7, base + 11),
            Point(x, base + 12.4),
          ],
          closed: false),
        Path.spline(
          [
            Point(x, base + 7), Point(x + side * neck * 0.72, base + 3.2),
            Point(x + side * (neck + 1), base - 3), Point(x + side * (neck - 0.6), base - 9),
          ],
          closed: false))
      fill(fold, side == shade ? palette.clothShade : palette.cloth.lighter(0.03))
    }
    let string = palette.clothThird
    for side in [-1, 1] as [Float] {
      let start = Point(x + side * 4.2, base + 9.6)
      let length = 7 + 5 * avatar.clothes.detail * (side > 0 ? 1 : 0.8)
      fill(
        .stroke(
          [start, start + Point(side * 0.9, length * 0.5), start + Point(side * 0.3, length)], 1),
        string)
      fill(.ellipse(start, 0.9, 0.9), palette.cloth.shaded(0.2))
    }
  }
}
