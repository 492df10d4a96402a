// What is worn on the head, and what of it lies behind.

extension Painter {
  mutating func paintHeadwearBehind() {
    let w = head.halfWidth
    switch avatar.hat.style {
    case .sunhat:
      let middle = pose.at(0, -7 - avatar.hat.height * 2)
      fill(
        .ellipse(middle, w + 17, 15.5, turned: -0.01 * avatar.hat.tilt),
        palette.hatShade.shaded(0.08))
    case .headscarf:
      fill(
        .closed([
          pose.at(0, -head.crown - 3), pose.at(w + 3, -14), pose.at(w + 5, 6), pose.at(w + 7, 30),
          pose.at(w + 14, 58), pose.at(-w - 14, 58), pose.at(-w - 7, 30), pose.at(-w - 5, 6),
          pose.at(-w - 3, -14),
        ]),
        palette.hatShade.shaded(0.05))
    default: break
    }
  }

  mutating func paintHat() {
    switch avatar.hat.style {
    case .none: break
    case .beanie: paintBeanie()
    case .cap: paintCap()
    case .fedora, .sunhat: paintBrimmed()
    case .beret: paintBeret()
    case .headband: paintHeadband()
    case .headphones: paintHeadphones()
    case .headscarf: paintHeadscarf()
    case .turban: paintTurban()
    case .flower: paintFlower()
    }
  }

  /// Shades the forehead below the edge of a hat.
  private mutating func paintShadow(_ path: Path, _ down: Float) {
    fill(
      path.moved(Point(0.5 * shade, down)), palette.skinShade.shaded(0.03), alpha: 0.9,
      within: faceMask)
  }

  private func felt(_ light: Colour, _ dark: Colour) -> Paint {
    let w = head.halfWidth
    return .line(
      light, dark, from: pose.at(-shade * w * 0.5, -20), to: pose.at(shade * w * 1.2, -12))
  }

  private mutating func paintBeanie() {
    let hat = avatar.hat
    let w = head.halfWidth + 1.8
    let edge = -11 - hat.height * 2.5
    let top = head.crown + 3 + hat.height * 5
    let dome = Path.joined(
      Path.spline(
        [
          pose.at(w, edge), pose.at(w * 1.0, edge - 6), pose.at(w * 0.64, -top + 3.6),
          pose.at(hat.tilt * 3, -top), pose.at(-w * 0.64, -top + 3.6), pose.at(-w * 1.0, edge - 6),
          pose.at(-w, edge),
        ], closed: false),
      Path.spline(
        [
          pose.at(-w, edge), pose.on(-w * 0.5, edge + 1), pose.on(0, edge + 1.4),
          pose.on(w * 0.5, edge + 1), pose.at(w, edge),
        ], closed: false))
    if hat.pattern == 1 {
      let ball = pose.at(hat.tilt * 3, -top - 2.4)
      for i in 0..<9 {
        let turn = Rotation(turns: Float(i) / 9)
        fill(.ellipse(ball + turn(Point(3, 0)), 2, 2), palette.hatSecond.shaded(0.05))
      }
      canvas.fill(
        .ellipse(ball, 4, 3.8),
        .circle(
          palette.hatSecond.lighter(0.05), palette.hatSecond, about: ball + Point(-shade, -1),
          radius: 5))
    }
    canvas.fill(dome, felt(palette.hat, palette.hatShade))
    let mask = canvas.mask(dome)
    for i in -3...3 {
      let x = Float(i) / 3.4
      fill(
        .stroke(
          [
            pose.on(x * w * 0.95, edge), pose.at(x * w * 0.9, -top + 9), pose.at(x * w * 0.4, -top),
          ], 0.7), palette.hatShade.shaded(0.02), alpha: 0.6, within: mask)
    }
    // The part that is folded up.
    let band = Path.joined(
      Path.spline(
        [
          pose.at(-w - 0.5, edge + 1.4), pose.at(-w - 0.9, edge - 2.6),
          pose.at(-w * 0.98, edge - 5.2),
        ], closed: false),
      Path.spline(
        [
          pose.at(-w * 0.98, edge - 5.2), pose.on(-w * 0.5, edge - 3.6), pose.on(0, edge - 3),
          pose.on(w * 0.5, edge - 3.6), pose.at(w * 0.98, edge - 5.2),
        ], closed: false),
      Path.spline(
        [
          pose.at(w * 0.98, edge - 5.2), pose.at(w + 0.9, edge - 2.6), pose.at(w + 0.5, edge + 1.4),
        ], closed: false),
      Path.spline(
        [
          pose.at(w + 0.5, edge + 1.4), pose.on(w * 0.5, edge + 3.4), pose.on(0, edge + 4),
          pose.on(-w * 0.5, edge + 3.4), pose.at(-w - 0.5, edge + 1.4),
        ], closed: false))
    paintShadow(band, 1.8)
    let (light, dark) =
      hat.pattern == 1
      ? (palette.hatSecond, palette.hatSecond.shaded(0.07))
      : (palette.hat.lighter(0.05), palette.hatShade)
    canvas.fill(band, felt(light, dark))
  }

  private mutating func paintCap() {
    let hat = avatar.hat
    let w = head.halfWidth + 1.4
    let edge: Float = -11.5
    let top = head.crown + 3.4 + hat.height * 2
    let dome = Path.joined(
      Path.spline(
        [
          pose.at(w, edge + 3), pose.at(w * 1.0, edge - 5), pose.at(w * 0.66, -top + 3.4),
          pose.at(0, -top), pose.at(-w * 0.66, -top + 3.4), pose.at(-w * 1.0, edge - 5),
          pose.at(-w, edge + 3),
        ], closed: false),
      Path.spline(
        [
          pose.at(-w, edge + 3), pose.on(-w * 0.5, edge - 0.4), pose.on(0, edge - 1),
          pose.on(w * 0.5, edge - 0.4), pose.at(w, edge + 3),
        ], closed: false))
    canvas.fill(dome, felt(palette.hat, palette.hatShade))
    let mask = canvas.mask(dome)
    if hat.pattern == 1 {
      let panel = Path.joined(
        Path.spline(
          [
            pose.on(-w * 0.56, edge), pose.at(-w * 0.46, -top + 6, 8), pose.at(0, -top, 5),
            pose.at(w * 0.46, -top + 6, 8), pose.on(w * 0.56, edge),
          ], closed: false))
      canvas.fill(panel, felt(palette.hatSecond, palette.hatSecond.shaded(0.06)), within: mask)
    }
    for x in [-0.52, 0, 0.52] as [Float] {
      fill(
        .stroke(
          [pose.on(x * w * 1.1, edge), pose.at(x * w * 0.9, -top + 7, 7), pose.at(0, -top, 0)], 0.55
        ), palette.hatShade.shaded(0.05), alpha: 0.7, within: mask)
    }
    fill(.ellipse(pose.at(0, -top + 0.1), 1.5, 1), palette.hatShade.shaded(0.04))
    fill(
      .ellipse(pose.on(0, edge - 6.4, lift: 1), 3.2 * pose.width(at: 0), 3.2),
      hat.pattern == 1 ? palette.hat : palette.hatSecond)
    let lean = pose.yaw.sine * 6
    func rim(_ x: Float, _ y: Float) -> Point {
      pose.on(x * w * 0.94, y, lift: 3) + Point(lean * (1 - x * x) * 0.6, 0)
    }
    let peak = Path.joined(
      Path.spline(
        [
          pose.on(-w * 0.88, edge + 1.4), rim(-0.5, edge - 1.6), rim(0, edge - 2.6),
          rim(0.5, edge - 1.6), pose.on(w * 0.88, edge + 1.4),
        ], closed: false),
      Path.spline(
        [
          pose.on(w * 0.88, edge + 1.4), rim(0.72, edge + 4.6), rim(0.35, edge + 5),
          rim(0, edge + 4.9), rim(-0.35, edge + 5), rim(-0.72, edge + 4.6),
          pose.on(-w * 0.88, edge + 1.4),
        ], closed: false))
    paintShadow(peak, 2.6)
    canvas.fill(
      peak,
      .line(
        palette.hat.lighter(0.04), palette.hatShade.shaded(0.05), from: pose.on(0, edge - 2),
        to: pose.on(0, edge + 5)))
  }

  private mutating func paintBrimmed() {
    let hat = avatar.hat
    let wide = hat.style == .sunhat
    let w = head.halfWidth
    let edge: Float = -13.2
    let out: Float = wide ? 16 : 9 + hat.height * 2
    let top = head.crown + (wide ? 3.4 : 6) + hat.height * 2
    let pinch: Float = wide ? 0 : 2.4
    let crown = Path.joined(
      Path.spline(
        [
          pose.at(w * 1.0, edge + 1), pose.at(w * 0.97, edge - 7), pose.at(w * 0.7, -top + 1.2),
          pose.at(w * 0.2, -top + pinch * 0.3), pose.at(0, -top + pinch),
          pose.at(-w * 0.2, -top + pinch * 0.3), pose.at(-w * 0.7, -top + 1.2),
          pose.at(-w * 0.97, edge - 7), pose.at(-w * 1.0, edge + 1),
        ], closed: false))
    let band = Path.joined(
      Path.spline([pose.at(-w * 1.03, edge + 1), pose.at(-w * 0.99, edge - 5)], closed: false),
      Path.spline(
        [pose.at(-w * 0.99, edge - 5), pose.on(0, edge - 2), pose.at(w * 0.99, edge - 5)],
        closed: false),
      Path.spline(
        [
          pose.at(w * 0.99, edge - 5), pose.at(w * 1.03, edge + 1), pose.on(0, edge + 4),
          pose.at(-w * 1.03, edge + 1),
        ], closed: false))
    let brim = Path.joined(
      Path.spline(
        [
          pose.at(-w - out, edge + (wide ? 5 : 1.4) + hat.tilt), pose.at(-w * 0.9, edge - 1),
          pose.on(-w * 0.4, edge + 1.2), pose.on(0, edge + 2), pose.on(w * 0.4, edge + 1.2),
          pose.at(w * 0.9, edge - 1), pose.at(w + out, edge + (wide ? 5 : 1.4) - hat.tilt),
        ], closed: false),
      Path.spline(
        [
          pose.at(w + out, edge + (wide ? 5 : 1.4) - hat.tilt), pose.at(w * 0.9, edge + 4.4),
          pose.on(w * 0.4, edge + 6, lift: 3), pose.on(0, edge + 6.4, lift: 4),
          pose.on(-w * 0.4, edge + 6, lift: 3), pose.at(-w * 0.9, edge + 4.4),
          pose.at(-w - out, edge + (wide ? 5 : 1.4) + hat.tilt),
        ], closed: false))
    paintShadow(brim, 2.4)
    canvas.fill(crown, felt(palette.hat, palette.hatShade))
    canvas.fill(band, felt(palette.hatSecond, palette.hatSecond.shaded(0.07)))
    canvas.fill(brim, felt(palette.hat.lighter(0.035), palette.hatShade.shaded(0.03)))
  }

  private mutating func paintBeret() {
    let hat = avatar.hat
    let (w, s) = (head.halfWidth, hat.side)
    let y = -head.crown
    let shape = Path.closed([
      pose.at(-s * w * 0.98, y + 11), pose.at(-s * w * 1.1, y + 4), pose.at(-s * w * 0.5, y - 4.6),
      pose.at(s * w * 0.4, y - 6.4 - hat.height * 2), pose.at(s * w * 1.22, y - 2),
      pose.at(s * w * 1.36, y + 7), pose.at(s * w * 1.06, y + 13), pose.on(s * w * 0.45, y + 10.4),
      pose.on(-s * w * 0.3, y + 9.6),
    ])
    fill(
      .stroke(
        [pose.at(s * w * 0.1, y - 3), pose.at(s * w * 0.16, y - 7.6 - hat.height * 2)], 1.5, 1),
      palette.hatShade.shaded(0.03))
    paintShadow(shape, 1.6)
    canvas.fill(shape, felt(palette.hat, palette.hatShade))
    let mask = canvas.mask(shape)
    fill(
      .stroke(
        [pose.at(-s * w * 0.9, y + 8.6), pose.on(0, y + 6.6), pose.at(s * w * 0.9, y + 9.4)], 0.8),
      palette.hatShade.shaded(0.05), within: mask)
    fill(
      .stroke(
        [
          pose.at(-shade * w * 0.8, y + 3), pose.at(-shade * w * 0.3, y - 2.2),
          pose.at(shade * w * 0.2, y - 3.4),
        ], 0.4, 2, 0.4), palette.hat.lighter(0.06), alpha: 0.7, within: mask)
  }

  private mutating func paintHeadband() {
    let (w, y) = (head.halfWidth + 0.8 + avatar.hair.volume * 0.2, -avatar.hair.line - 2)
    let lift = avatar.hair.volume * 0.5
    let line = [
      pose.at(-w, -6), pose.at(-w * 0.88, y + 1, 2), pose.on(-w * 0.4, y - 1.8 - lift * 0.4),
      pose.on(0, y - 2.6 - lift * 0.4), pose.on(w * 0.4, y - 1.8 - lift * 0.4),
      pose.at(w * 0.88, y + 1, 2), pose.at(w, -6),
    ]
    fill(.stroke(line, 2.6, 4, 4.4, 4, 2.6), palette.hat)
    fill(.stroke(line.map { $0 + Point(0, 1.1) }, 0.6, 1, 1, 1, 0.6), palette.hatShade, alpha: 0.9)
    guard avatar.hat.pattern == 1 else { return }
    let knot = pose.on(avatar.hat.side * w * 0.45, y - 2.6)
    for side in [-1, 1] as [Float] {
      fill(
        .closed([
          knot, knot + Point(side * 5.4, -4), knot + Point(side * 6.6, 0),
          knot + Point(side * 5, 2.8),
        ]), side == shade ? palette.hatShade : palette.hat.lighter(0.04))
    }
    fill(.ellipse(knot, 1.7, 1.9), palette.hatShade.shaded(0.04))
  }

  private mutating func paintHeadphones() {
    let w = head.halfWidth
    let top =
      head.crown + max(2.4, avatar.hair.volume * 0.7) + (avatar.hair.style == .quiff ? 2 : 0)
    let arch = [
      pose.at(-w - 2.4, 0), pose.at(-w - 1.8, -9), pose.at(-w * 0.76, -top + 4.6), pose.at(0, -top),
      pose.at(w * 0.76, -top + 4.6), pose.at(w + 1.8, -9), pose.at(w + 2.4, 0),
    ]
    fill(.stroke(arch, 2.6), palette.hatShade)
    fill(
      .stroke(arch.map { $0 + Point(-0.3 * shade, -0.4) }, 1), palette.hat.lighter(0.08), alpha: 0.8
    )
    for side in [-1, 1] as [Float] {
      let away = max(0, side * pose.yaw.sine)
      let cup = pose.at(side * (w + 2.6 - away * 5), 3)
      let wide = 4 * (1 - away * 0.9)
      fill(.ellipse(cup + Point(-side * 1.6, 0), wide * 0.9, 6.6), Colour(0x2a2a32))
      canvas.fill(
        .ellipse(cup, wide, 7),
        .line(
          palette.hat.lighter(0.03), palette.hatShade, from: cup + Point(0, -6),
          to: cup + Point(0, 7)))
      fill(.ellipse(cup + Point(side * 0.4, 0), wide * 0.42, 3.2), palette.hatSecond, alpha: 0.9)
    }
  }

  private mutating func paintHeadscarf() {
    let w = head.halfWidth
    let line = -14.5 + avatar.hat.height * 2
    // Round the face, closed below the chin.
    let opening = Path.spline(
      [
        pose.on(0, line), pose.on(w * 0.55, line + 2.2), pose.on(w * 0.86, -5), pose.on(w * 0.9, 6),
        pose.on(w * head.jaw * 0.86, 15.5), pose.at(0, head.chin - 1.2, 10),
        pose.on(-w * head.jaw * 0.86, 15.5), pose.on(-w * 0.9, 6), pose.on(-w * 0.86, -5),
        pose.on(-w * 0.55, line + 2.2),
      ],
      closed: true)
    let outside = Path.spline(
      [
        pose.at(0, -head.crown - 3), pose.at(w * 0.72, -head.crown + 1), pose.at(w + 2.8, -12),
        pose.at(w + 3.6, 4), pose.at(w * 0.98, 20), pose.at(w * 0.92, 34), pose.at(0, 42),
        pose.at(-w * 0.92, 34), pose.at(-w * 0.98, 20), pose.at(-w - 3.6, 4),
        pose.at(-w - 2.8, -12), pose.at(-w * 0.72, -head.crown + 1),
      ],
      closed: true)
    let cloth = Path([outside, opening.reversed()])
    paintShadow(cloth, 1.2)
    canvas.fill(
      cloth,
      .line(
        palette.hat, palette.hatShade, from: pose.at(-shade * w * 0.5, 0),
        to: pose.at(shade * w * 1.3, 4)))
    let mask = canvas.mask(cloth)
    let fold = palette.hatShade.shaded(0.05)
    fill(
      .ring(stride(from: 0, to: opening.count, by: 5).map { opening[$0] }, width: 1.3),
      palette.hat.lighter(0.04), within: mask)
    let s = avatar.hat.side
    fill(
      .stroke(
        [pose.at(-s * w * 0.8, 19), pose.at(0, head.chin + 4, 6), pose.at(s * w * 0.9, 20)], 0.4,
        1.3, 0.4), fold, within: mask)
    fill(
      .stroke(
        [pose.at(-s * w * 0.86, 25), pose.at(0, head.chin + 10, 4), pose.at(s * w * 0.94, 24)], 0.4,
        1.3, 0.4), fold, within: mask)
    fill(
      .stroke(
        [
          pose.on(s * w * 0.2, line - 1), pose.at(s * w * 0.75, -head.crown + 8, 3),
          pose.at(s * w * 1.05, -4),
        ], 0.4, 1.1, 0.4), fold, within: mask)
  }

  private mutating func paintTurban() {
    let w = head.halfWidth + 1.6
    let (edge, top) = (Float(-10.6), head.crown + 5 + avatar.hat.height * 3)
    let shape = Path.joined(
      Path.spline(
        [
          pose.at(w * 0.98, edge + 4), pose.at(w * 1.16, edge - 5), pose.at(w * 0.94, -top + 8),
          pose.at(w * 0.4, -top + 0.6), pose.at(-w * 0.4, -top + 0.6), pose.at(-w * 0.94, -top + 8),
          pose.at(-w * 1.16, edge - 5), pose.at(-w * 0.98, edge + 4),
        ], closed: false),
      Path.spline(
        [
          pose.at(-w * 0.98, edge + 4), pose.on(-w * 0.45, edge - 2), pose.on(0, edge - 6),
          pose.on(w * 0.45, edge - 2), pose.at(w * 0.98, edge + 4),
        ], closed: false))
    paintShadow(shape, 1.7)
    canvas.fill(shape, felt(palette.hat, palette.hatShade))
    let mask = canvas.mask(shape)
    for i in 0..<4 {
      let t = Float(i) / 4
      for side in [-1, 1] as [Float] {
        fill(
          .stroke(
            [
              pose.on(0, edge - 6 - 4.4 * t), pose.on(side * w * 0.5, edge - 4.6 - 5 * t),
              pose.at(side * w * 1.12, edge + 0.6 - 7 * t),
            ], 0.4, 0.9, 0.6),
          palette.hatShade.shaded(0.05), alpha: 0.85, within: mask)
      }
    }
    fill(
      .ellipse(pose.on(0, edge - 8, lift: 1), 1.5, 1.9),
      avatar.hat.pattern == 1 ? palette.metal : palette.hatShade)
  }

  private mutating func paintFlower() {
    let side = avatar.hat.side
    let at = pose.at(side * head.halfWidth * 0.78, -head.crown + 8, 5)
    let radius = 2 + avatar.hat.height * 0.8
    for i in 0..<6 {
      let turn = Rotation(turns: Float(i) / 6 + 0.05 * avatar.hat.tilt)
      fill(
        .ellipse(at + turn(Point(radius * 1.25, 0)), radius, radius * 0.9),
        i % 2 == 0 ? palette.hat : palette.hat.lighter(0.05))
    }
    fill(.ellipse(at, radius * 0.8, radius * 0.8), Colour(0xf2c744))
  }
}
