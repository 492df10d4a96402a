/// Paints one avatar, what lies behind first.
struct Painter {
  let avatar: Avatar
  var canvas: Canvas
  let pose: Pose
  let head: HeadShape
  let palette: Palette
  /// The head's outline, and what it covers.
  let face: Path
  let faceMask: Canvas.Mask

  init(_ avatar: Avatar, size: Int) {
    self.avatar = avatar
    canvas = Canvas(size: size)
    pose = avatar.pose
    head = avatar.head
    palette = avatar.palette
    face = head.outline(pose)
    faceMask = canvas.mask(face)
  }

  mutating func paint() {
    paintBackdrop()
    paintHeadwearBehind()
    paintHairBehind()
    paintBody()
    paintLocks()
    paintEars()
    paintFace()
    paintBeard()
    paintMouth()
    paintNose()
    paintEyes()
    paintBrows()
    paintHair()
    paintGlasses()
    paintHat()
  }

  mutating func fill(
    _ path: Path, _ colour: Colour, alpha: Float = 1, within mask: Canvas.Mask? = nil
  ) {
    canvas.fill(path, .even(colour, alpha: alpha), within: mask)
  }

  /// The side of the picture that lies in the shade: 1 right, -1 left.
  var shade: Float { avatar.light > 0 ? -1 : 1 }
}

// ---- Behind ----

extension Painter {
  private mutating func paintBackdrop() {
    let backdrop = avatar.backdrop
    let whole = Path.polygon(Point(-1, -1), Point(101, -1), Point(101, 101), Point(-1, 101))
    let (a, b, c) = (backdrop.first, backdrop.second, backdrop.third)
    let (back, second, third) = (palette.back, palette.backSecond, palette.backThird)
    switch backdrop.style {
    case .plain:
      canvas.fill(
        whole,
        .line(
          third, second, from: Point(50 - 40 * (a - 0.5), 0), to: Point(50 + 40 * (a - 0.5), 100)))
    case .disc:
      fill(whole, back)
      fill(.ellipse(Point(50, 50 + 6 * b), 38 + 7 * a, 38 + 7 * a), second)
    case .halves:
      fill(whole, back)
      let x = 30 + 40 * b
      let slant = 70 * (a - 0.5)
      fill(
        .polygon(Point(x - slant, -1), Point(101, -1), Point(101, 101), Point(x + slant, 101)),
        second)
    case .hills:
      canvas.fill(whole, .line(third, back, from: Point(50, 0), to: Point(50, 70)))
      fill(.ellipse(Point(18 + 64 * c, 22 + 10 * b), 7 + 3 * a, 7 + 3 * a), third.lighter(0.06))
      fill(
        .closed([
          Point(-10, 110), Point(-10, 62 + 10 * a), Point(25, 56 + 14 * b), Point(60, 68 - 8 * a),
          Point(110, 58 + 10 * c), Point(110, 110),
        ]), second)
      fill(
        .closed([
          Point(-10, 110), Point(-10, 80 - 8 * c), Point(35, 78 + 6 * a), Point(75, 70 + 8 * b),
          Point(110, 82), Point(110, 110),
        ]), second.shaded(0.05))
    case .bokeh:
      fill(whole, back)
      // Even steps of irrational length: they never line up, and nothing else decides.
      func part(_ start: Float, _ step: Float, _ index: Int) -> Float {
        let place = start + step * Float(index)
        return place - place.rounded(.down)
      }
      for index in 0..<9 {
        let radius = 3 + 9 * part(c, 0.414214, index)
        fill(
          .ellipse(
            Point(100 * part(a, 0.754878, index), 85 * part(b, 0.569840, index)), radius, radius),
          index % 2 == 0 ? second : third, alpha: 0.7)
      }
    case .stripes:
      fill(whole, back)
      let step = 9 + 9 * a
      let slant = 50 * (b - 0.5)
      for index in -4..<14 {
        let x = (Float(index) + c) * step * 2
        fill(
          .polygon(
            Point(x - slant, -1), Point(x + step - slant, -1), Point(x + step + slant, 101),
            Point(x + slant, 101)), second, alpha: 0.65)
      }
    case .rays:
      fill(whole, back)
      let rays = 8 + Int(a * 6)
      for index in 0..<rays {
        let from = (Float(index) + b) / Float(rays)
        let edge = from + 0.5 / Float(rays)
        let center = Point(50, 55)
        fill(
          .polygon(
            center, center + Rotation(turns: from)(Point(110, 0)),
            center + Rotation(turns: edge)(Point(110, 0))), second, alpha: 0.6)
      }
    case .window:
      fill(whole, second)
      let (left, top) = (8 + 8 * a, 6 + 8 * b)
      canvas.fill(
        .polygon(
          Point(left, top), Point(100 - left, top), Point(100 - left, 101), Point(left, 101)),
        .line(third, back, from: Point(0, top), to: Point(0, 90)))
    }
  }
}
