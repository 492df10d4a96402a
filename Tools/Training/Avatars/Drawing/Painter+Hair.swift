// What hair covers of the face; what hangs behind it is in Painter+HairBehind.

extension Painter {
  mutating func paintHair() {
    let hair = avatar.hair
    let w = head.halfWidth
    let volume = hair.volume
    switch hair.style {
    case .bald:
      let gleam = pose.at(-shade * w * 0.4, -head.crown + 8, 6)
      fill(
        .ellipse(gleam, 4.4, 2.4, turned: -0.07 * -shade), palette.skinLight.lighter(0.05),
        alpha: 0.7)
    case .horseshoe:
      for side in [-1, 1] as [Float] {
        paintShaped(
          .closed([
            pose.at(side * w * 0.93, 5), pose.at(side * (w + 1), 5.6),
            pose.at(side * (w + 2.4), -2), pose.at(side * (w + 1), -10),
            pose.at(side * w * 0.88, -14.5), pose.on(side * w * 0.84, -8),
            pose.on(side * w * 0.9, -1),
          ]), lights: false)
      }
    case .buzz:
      paintShaped(
        cap(top: 0.7, side: 0.3, from: 2, [temples(2) + forehead(-hair.line, -hair.line + 0.6)]),
        colour: palette.hair.mixed(palette.skin, 0.22), lights: false)
    case .crop:
      let teeth = 9
      var edge: [Point] = [pose.on(-w * 0.86, -7), pose.on(-w * 0.76, -hair.line * 0.84)]
      for i in 0...teeth {
        let x = -0.62 + 1.24 * Float(i) / Float(teeth)
        edge.append(pose.on(x * w, -hair.line + (i % 2 == 0 ? 1.2 : -0.5) + hair.fringe * 2))
      }
      edge += [pose.on(w * 0.76, -hair.line * 0.84), pose.on(w * 0.86, -7)]
      paintShaped(
        cap(
          top: volume * 0.62, side: 0.7, from: 3,
          [sideburn(-1, 3) + edge + sideburn(1, 3).reversed()]))
    case .parted, .ponytail, .bun: paintCombed()
    case .quiff: paintQuiff()
    case .spiky: paintSpikes()
    case .curls, .afro: paintCurls()
    case .bowl:
      let y = -9.5 + 2.2 * hair.fringe
      let bowl = cap(
        top: volume * 0.8, side: 1.2 + volume * 0.25, from: 2,
        [
          [pose.on(-w * 0.88, 4), pose.on(-w * 0.84, y + 4)],
          [
            pose.on(-w * 0.84, y + 4), pose.on(-w * 0.5, y + 0.7), pose.on(0, y),
            pose.on(w * 0.5, y + 0.7), pose.on(w * 0.84, y + 4),
          ], [pose.on(w * 0.84, y + 4), pose.on(w * 0.88, 4)],
        ])
      paintShaped(bowl)
      paintStrands(
        bowl, from: pose.at(hair.part * 6, -head.crown, 2),
        to: [
          pose.on(-w * 0.72, y), pose.on(-w * 0.3, y), pose.on(w * 0.16, y), pose.on(w * 0.6, y),
        ], lift: 1)
    case .bob:
      let low = min(19 + hair.fringe * 3, 22)
      if hair.phase < 0.55 {
        let y = -9 + 1.6 * hair.fringe
        paintShaped(
          cap(
            top: volume * 0.7, side: 2.4 + volume * 0.4, from: low,
            [
              [pose.at(-w * 0.98, low + 1.6, 2), pose.on(-w * 0.93, 6), pose.on(-w * 0.86, y + 3)],
              [
                pose.on(-w * 0.86, y + 3), pose.on(-w * 0.4, y + 0.4), pose.on(0, y),
                pose.on(w * 0.4, y + 0.4), pose.on(w * 0.86, y + 3),
              ], [pose.on(w * 0.86, y + 3), pose.on(w * 0.93, 6), pose.at(w * 0.98, low + 1.6, 2)],
            ]))
      } else {
        paintCurtains(to: low, side: 2.4 + volume * 0.4)
      }
    case .straight, .wavy, .locs, .pigtails:
      let side = hair.style == .pigtails ? 1 : 1.8 + volume * 0.45
      paintCurtains(to: hair.style == .pigtails ? 3 : 13, side: side)
    case .mohawk:
      paintShaped(
        cap(top: 0.6, side: 0.3, from: 1, [temples(1) + forehead(-hair.line - 1, -hair.line - 1)]),
        colour: palette.hair.mixed(palette.skin, 0.45), lights: false)
      let crest = head.crown + 7 + volume * 2
      let lean = hair.part * 5
      // Five tufts, the middle one the longest.
      var ridge = [pose.on(-w * 0.36, -hair.line - 1), pose.at(-w * 0.5, -head.crown + 3)]
      for i in 0...8 {
        let t = Float(i) / 4 - 1
        let high = crest - t * t * 5 - (i % 2 == 0 ? 0 : 3.6)
        ridge.append(pose.at(t * w * 0.5 + lean, -high, 2))
      }
      ridge += [pose.at(w * 0.5, -head.crown + 3), pose.on(w * 0.36, -hair.line - 1)]
      paintShaped(
        .joined(
          ridge,
          Path.spline(
            [
              pose.on(w * 0.36, -hair.line - 1), pose.on(w * 0.1, -hair.line + 2.4),
              pose.on(-w * 0.36, -hair.line - 1),
            ], closed: false)))
    }
  }

  /// Hair on the skull: its outer edge, then the inner pieces from the left sideburn to the right one.
  private func cap(top: Float, side: Float, from: Float, _ inner: [[Point]]) -> Path {
    let outer = Path.spline(
      head.skull(pose, top: top, side: side, from: from), closed: false)
    return Path([outer + inner.flatMap { Path.spline($0, closed: false) }])
  }

  private func sideburn(_ side: Float, _ y: Float) -> [Point] {
    [pose.on(side * head.halfWidth * 0.91, y), pose.on(side * head.halfWidth * 0.9, -3)]
  }

  /// Up along the left temple.
  private func temples(_ y: Float) -> [Point] {
    sideburn(-1, y) + [pose.on(-head.halfWidth * 0.86, -8)]
  }

  /// Across the forehead and down along the right temple.
  private func forehead(_ outer: Float, _ middle: Float) -> [Point] {
    let w = head.halfWidth
    return [
      pose.on(-w * 0.7, outer * 0.88), pose.on(-w * 0.3, outer), pose.on(0, middle),
      pose.on(w * 0.3, outer),
      pose.on(w * 0.7, outer * 0.88), pose.on(w * 0.86, -8),
    ] + sideburn(1, 2).reversed()
  }

  /// Fills hair, with what it keeps from the light below it and where it shines.
  private mutating func paintShaped(_ path: Path, colour: Colour? = nil, lights: Bool = true) {
    fill(
      path.moved(Point(0.5 * shade, 1.7)), palette.skinShade.shaded(0.02), alpha: 0.9,
      within: faceMask)
    let (w, base) = (head.halfWidth, colour ?? palette.hair)
    canvas.fill(
      path,
      .line(
        base.lighter(0.015), colour ?? palette.hairShade, from: pose.at(-shade * w * 0.3, -14),
        to: pose.at(shade * w * 1.2, 2)))
    guard lights else { return }
    let mask = canvas.mask(path)
    let side = -shade
    let crown = head.crown
    fill(
      .stroke(
        [
          pose.at(side * w * 0.92, -9, 2), pose.at(side * w * 0.74, -crown + 7.5, 3),
          pose.at(side * w * 0.4, -crown + 3.4, 3), pose.at(0, -crown + 2.2, 3),
        ],
        0.3, 2.6, 2, 0.3), palette.hairLight, alpha: 0.75 * avatar.hair.shine, within: mask)
    fill(
      .stroke(
        [
          pose.at(-side * w * 0.3, -crown + 2.5, 3), pose.at(-side * w * 0.62, -crown + 6.6, 3),
          pose.at(-side * w * 0.84, -9, 2),
        ],
        0.3, 1.3, 0.3), palette.hairLight, alpha: 0.4 * avatar.hair.shine, within: mask)
  }

  /// Strands that follow the comb, from the parting to a temple.
  private mutating func paintStrands(_ path: Path, from: Point, to ends: [Point], lift: Float) {
    let mask = canvas.mask(path)
    for end in ends {
      let middle = (from + end) * 0.5 + Point(0, -lift)
      fill(
        .stroke([from, middle, end], 0.25, 0.75, 0.25), palette.hairShade.shaded(0.04), alpha: 0.6,
        within: mask)
    }
  }

  /// Combed to the sides of a parting, or back into a knot or tail.
  private mutating func paintCombed() {
    let hair = avatar.hair
    let w = head.halfWidth
    let part = hair.part
    let tied = hair.style != .parted
    let hasFringe = tied && hair.fringe > 0.5
    let top = tied ? 1 + hair.volume * 0.3 : hair.volume * 0.9
    let side: Float = tied ? 0.6 : 0.9
    let low: Float = tied ? 1 : 4
    let (y, away) = (-hair.line - 0.5, part > 0 ? Float(-1) : 1)
    // The long side swoops over the forehead, the short one goes straight to the temple.
    let sag = (tied && !hasFringe ? 0.6 : 2 + hair.fringe * 3.6)
    let long: [Point] = [
      pose.on(part * w, y), pose.on((part + away * 0.42) * w, y + sag * 0.45),
      pose.on(away * w * 0.66, y + sag + 2.6),
      pose.on(away * w * 0.87, -7 + (hasFringe ? 3 : 0)), pose.on(away * w * 0.92, low),
    ]
    let short: [Point] = [
      pose.on(part * w, y), pose.on(-away * w * 0.72, y * 0.86), pose.on(-away * w * 0.87, -7),
      pose.on(-away * w * 0.92, low),
    ]
    let path =
      part > 0
      ? cap(top: top, side: side, from: low, [long.reversed(), short])
      : cap(top: top, side: side, from: low, [short.reversed(), long])
    paintShaped(path)
    let root = pose.on(part * w, y)
    let crown = -head.crown
    paintStrands(
      path, from: root,
      to: [
        pose.at(part * w * 0.7, crown - 2, 0), pose.at(away * w * 0.5, crown + 3.4, 2),
        pose.at(away * w * 0.86, crown + 12, 1),
      ], lift: 1.2)
    if !tied {
      fill(
        .stroke([root, pose.at(part * w * 0.82, crown + 2.5, 6)], 0.9, 0.3),
        palette.hairShade.shaded(0.09))
    }
  }

  private mutating func paintQuiff() {
    let hair = avatar.hair
    let w = head.halfWidth
    let lean = hair.part > 0 ? Float(1) : -1
    let high = head.crown + 3.4 + hair.volume * 1.3
    let y = -hair.line
    paintShaped(
      cap(top: 0.9, side: 0.5, from: 3, [temples(3) + forehead(y, y + 0.5)]),
      colour: palette.hairShade.mixed(palette.skin, 0.1), lights: false)
    let wave = Path.joined(
      Path.spline(
        [
          pose.on(-lean * w * 0.74, y + 1.5), pose.at(-lean * w * 0.92, y - 5, 3),
          pose.at(-lean * w * 0.66, -high + 4, 3), pose.at(-lean * w * 0.1, -high, 4),
          pose.at(lean * w * 0.6, -high + 1, 5), pose.at(lean * w * 0.98, y - 4, 4),
          pose.on(lean * w * 0.8, y + 3),
        ],
        closed: false),
      Path.spline(
        [
          pose.on(lean * w * 0.8, y + 3), pose.on(lean * w * 0.5, y - 1.5),
          pose.on(lean * w * 0.1, y - 0.4), pose.on(-lean * w * 0.35, y + 1.4),
          pose.on(-lean * w * 0.74, y + 1.5),
        ],
        closed: false))
    paintShaped(wave)
    let mask = canvas.mask(wave)
    for i in 0..<3 {
      let t = Float(i) * 0.26
      fill(
        .stroke(
          [
            pose.on(-lean * w * (0.55 - t), y + 0.6), pose.at(-lean * w * (0.5 - t), -high + 7, 5),
            pose.at(lean * w * (0.3 + t * 0.7), -high + 4, 5),
          ], 0.3, 0.9, 0.3),
        i == 1 ? palette.hairLight : palette.hairShade.shaded(0.04), alpha: 0.6, within: mask)
    }
  }

  private mutating func paintSpikes() {
    let hair = avatar.hair
    let w = head.halfWidth
    let count = 7
    var outer: [Point] = [pose.at(w * 0.99, 3)]
    for i in 0...(2 * count) {
      let turn = Rotation(turns: 0.005 - 0.51 * Float(i) / Float(2 * count))
      let grow = i % 2 == 1 ? 4 + hair.volume * 1.1 : 0.9
      let skew: Float = i % 2 == 1 ? (hair.part > 0 ? 2.4 : -2.4) : 0
      outer.append(
        pose.at(turn.cosine * (w + grow * 0.7) + skew, -3 + turn.sine * (head.crown - 3 + grow)))
    }
    outer.append(pose.at(-w * 0.99, 3))
    var edge: [Point] = sideburn(-1, 3) + [pose.on(-w * 0.82, -9)]
    for i in 0...8 {
      let x = -0.68 + 1.36 * Float(i) / 8
      edge.append(pose.on(x * w, -hair.line + (i % 2 == 0 ? -1 : 3.2)))
    }
    edge += [pose.on(w * 0.82, -9)] + sideburn(1, 3).reversed()
    paintShaped(Path([outer + edge]))
  }

  private mutating func paintCurls() {
    let hair = avatar.hair
    let w = head.halfWidth
    let big = hair.style == .afro
    let side = big ? 1.6 : 1
    let flat = avatar.hat.covers
    // A cap with a rim of balls; every second ball gets a light.
    var path = cap(
      top: flat ? 1 : hair.volume * 0.8, side: Float(side), from: 1,
      [temples(1) + forehead(-hair.line, -hair.line)])
    var balls: [(Point, Float)] = []
    if !big {
      for i in 0...12 {
        let turn = Rotation(turns: -0.5 * Float(i) / 12)
        let radius = (flat ? 2.2 : 3 + hair.volume * 0.42) * (i % 2 == 0 ? 1 : 0.86)
        balls.append(
          (
            pose.at(
              turn.cosine * (w + 0.2),
              -3 + turn.sine * (head.crown - 2.6 + (flat ? 0 : hair.volume * 0.6))), radius
          ))
      }
    }
    for i in 0...8 {
      let x = -0.78 + 1.56 * Float(i) / 8
      let y = -hair.line - 0.6 + (x * x) * 5.4 + (i % 2 == 0 ? 0.5 : -0.6)
      balls.append((pose.on(x * w, y), big ? 2.3 : 3))
    }
    for (center, radius) in balls {
      path = path + Path(Path.ellipse(center, radius, radius).contours.map { $0.reversed() })
    }
    paintShaped(path, lights: false)
    let mask = canvas.mask(path)
    for (index, ball) in balls.enumerated() where index % 2 == 0 {
      let (center, radius) = (ball.0 + Point(-shade * 0.8, -0.9), ball.1)
      fill(
        .stroke(
          [
            center + Point(-radius * 0.5, 0.2), center + Point(0, -radius * 0.42),
            center + Point(radius * 0.5, 0.2),
          ], 0.3, 0.9, 0.3), palette.hairLight, alpha: 0.8, within: mask)
    }
  }

  /// Long hair that falls from a parting along both cheeks.
  private mutating func paintCurtains(to low: Float, side: Float) {
    let hair = avatar.hair
    let w = head.halfWidth
    let part = hair.fringe > 0.62 ? 0 : hair.part * 0.75
    let y = -hair.line - 1.2
    let heavy = hair.phase
    func curtain(_ s: Float) -> [Point] {
      let reach = abs(s - part)
      var points = [
        pose.on(part * w, y), pose.on((part + s * reach * 0.4) * w, y + 2.6 + heavy * 2.2),
        pose.on(s * w * (0.76 - heavy * 0.04), -6.5 + heavy * 2),
      ]
      if low > 6 {
        points += [pose.on(s * w * 0.9, 3), pose.at(s * w * 0.96, low + 1)]
      } else {
        points += [pose.on(s * w * 0.92, low)]
      }
      return points
    }
    let path = cap(
      top: hair.volume * 0.75, side: side, from: low, [curtain(-1).reversed(), curtain(1)])
    paintShaped(path)
    let root = pose.on(part * w, y)
    paintStrands(
      path, from: root,
      to: [
        pose.at(w * (1 + side * 0.02), -4, 0), pose.at(-w * (1 + side * 0.02), -4, 0),
        pose.at(w * 0.98, 4, 0), pose.at(-w * 0.98, 4, 0),
      ], lift: 5)
    fill(
      .stroke([root, pose.at(part * w * 0.9, -head.crown + 0.5, 5)], 0.8, 0.3),
      palette.hairShade.shaded(0.08))
  }
}
