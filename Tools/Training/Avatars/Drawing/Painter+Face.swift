// Ears, skin, nose and mouth.

extension Painter {
  mutating func paintEars() {
    // Long hair falls over them, and cloth.
    switch avatar.hair.style {
    case .straight, .wavy, .bob, .locs: return
    default: if avatar.hat.style == .headscarf { return }
    }
    for side in [-1, 1] as [Float] {
      // Of a turned head one ear goes behind.
      let away = max(0, side * pose.yaw.sine)
      let out = head.earOut * (1 - 2.2 * away) - away * 6
      let middle = pose.at(side * (head.halfWidth * 0.985 + out * 0.7), 3.4, -1)
      let (rx, ry) = (3.1 * head.earSize * pose.size, 5.4 * head.earSize * pose.size)
      let lean = 0.025 * side
      let colour = side == shade ? palette.skinShade : palette.skin
      fill(.ellipse(middle, rx, ry, turned: lean), colour)
      fill(
        .ellipse(middle + Point(side * 0.3, 0.1), rx * 0.56, ry * 0.6, turned: lean),
        palette.skinShade.shaded(0.045))
      guard avatar.features.earring > 0, away < 0.3 else { continue }
      let drop = middle + Point(-side * 0.2, ry * 0.92)
      if avatar.features.earring > 1.35 {
        fill(
          .ring(Path.ellipse(drop + Point(0, 2.2), 2, 2.3).contours[0], width: 0.8), palette.metal)
      } else {
        fill(.ellipse(drop, 1.05, 1.05), palette.metal)
      }
    }
  }

  mutating func paintFace() {
    let w = head.halfWidth * pose.size
    let middle = pose.on(0, 2)
    let lit = middle + Point(-shade * w * 0.35, -7)
    canvas.fill(
      face, .circle(palette.skinLight, palette.skin, about: lit, radius: w * 1.15))
    // The side away from the light.
    let edge = pose.on(shade * head.halfWidth * 0.64, 2).x - middle.x
    let crescent = face.moved(Point(-shade * (w - abs(edge)) * 0.7, -1.4))
    fill(
      face + Path(crescent.contours.map { $0.reversed() }), palette.skinShade, alpha: 0.8,
      within: faceMask)
    paintCheeks()
    if avatar.features.wrinkles > 0.15 { paintWrinkles() }
  }

  private mutating func paintCheeks() {
    let features = avatar.features
    for side in [-1, 1] as [Float] {
      let cheek = pose.on(side * (head.halfWidth * 0.58), 9.6)
      let wide = 5 * pose.width(at: side * 11)
      if features.blush > 0 {
        canvas.fill(
          .ellipse(cheek, wide, 3.6),
          .circle(
            palette.blush, palette.blush, about: cheek, radius: 5,
            alphas: (features.blush * 1.15, 0)),
          within: faceMask)
      }
      guard features.freckles > 0 else { continue }
      for (dx, dy) in [(-3, -1), (-1, 0.6), (1, -0.8), (2.8, 0.5), (0, 2), (-2.6, 1.8)]
        as [(Float, Float)]
      {
        let at = pose.on(side * (head.halfWidth * 0.5) + dx, 8.6 + dy)
        fill(
          .ellipse(at, 0.5, 0.45), palette.skinShade.shaded(0.08), alpha: features.freckles,
          within: faceMask)
      }
    }
    if let mole = features.mole {
      fill(.ellipse(pose.on(mole.x, mole.y), 0.6, 0.6), palette.line, alpha: 0.8)
    }
  }

  private mutating func paintWrinkles() {
    let features = avatar.features
    let strength = min(1, features.wrinkles)
    let colour = palette.skinShade.shaded(0.03)
    for side in [-1, 1] as [Float] {
      let x = side * features.noseWidth
      fill(
        .stroke(
          [pose.on(x * 1.5, features.noseLength), pose.on(x * 2.1, 13), pose.on(x * 2.3, 16)], 0.3,
          0.8, 0.2),
        colour, alpha: strength)
      let eye = side * features.eyeDistance
      fill(
        .stroke(
          [pose.on(eye - side * 3, 5), pose.on(eye, 6), pose.on(eye + side * 3, 5)], 0.2, 0.7, 0.2),
        colour, alpha: strength)
    }
    for line in 0..<2 {
      let y = -11.6 - 2 * Float(line)
      fill(
        .stroke([pose.on(-6, y + 0.3), pose.on(0, y - 0.3), pose.on(6, y + 0.3)], 0.2, 0.7, 0.2),
        colour, alpha: strength * 0.8)
    }
  }

  mutating func paintNose() {
    let features = avatar.features
    let (length, wide) = (features.noseLength, features.noseWidth)
    let shadow = palette.skinShade.shaded(0.035)
    let side = shade
    let tip = pose.on(0, length - 1, lift: 4.5)
    switch features.nose {
    case .soft:
      // A cup below the tip.
      fill(
        .stroke(
          [
            pose.on(-wide, length - 1.6, lift: 1.5), pose.on(-wide * 0.6, length, lift: 2.5),
            pose.on(0, length + 0.7, lift: 3.6), pose.on(wide * 0.6, length, lift: 2.5),
            pose.on(wide, length - 1.6, lift: 1.5),
          ],
          0.6, 1.1, 1.3, 1.1, 0.6), shadow)
    case .button:
      fill(.ellipse(tip + Point(0.3 * side, 0.5), wide * 0.92, 2.3), shadow)
      fill(.ellipse(tip, wide * 0.92, 2.1), palette.skin.mixed(palette.blush, 0.22))
      fill(
        .ellipse(tip + Point(-side * 0.8, -0.7), 0.9, 0.65), palette.skinLight.lighter(0.05),
        alpha: 0.8)
    case .straight:
      let x = side * wide * 0.62
      fill(
        .stroke(
          [
            pose.on(x * 0.75, -2.5, lift: 1.5), pose.on(x * 0.8, length * 0.5, lift: 3),
            pose.on(x * 1.5, length - 1.4, lift: 2), pose.on(x * 0.8, length + 0.4, lift: 3),
            pose.on(-x * 0.5, length + 0.3, lift: 3),
          ],
          0.4, 0.8, 1.15, 1.1, 0.7), shadow)
    case .wedge:
      let x = side * wide
      fill(
        .joined(
          Path.spline(
            [
              pose.on(side * 1.1, -3, lift: 1.5), pose.on(side * 1.3, length * 0.45, lift: 3.4),
              pose.on(x * 1.05, length - 1.4, lift: 1.8), pose.on(x * 0.8, length + 0.3, lift: 2.4),
            ], closed: false),
          Path.spline(
            [
              pose.on(x * 0.8, length + 0.3, lift: 2.4), pose.on(-x * 0.5, length + 0.7, lift: 3),
              pose.on(side * 0.2, length - 2, lift: 4.4),
              pose.on(side * 0.4, length * 0.4, lift: 3.4), pose.on(side * 1.1, -3, lift: 1.5),
            ], closed: false)),
        palette.skinShade.shaded(0.012))
    case .wide:
      fill(
        .closed([
          pose.on(-wide * 1.15, length - 1.2, lift: 1.5),
          pose.on(-wide * 0.9, length - 2.7, lift: 2.2), pose.on(0, length - 3.2, lift: 4),
          pose.on(wide * 0.9, length - 2.7, lift: 2.2),
          pose.on(wide * 1.15, length - 1.2, lift: 1.5),
          pose.on(wide * 0.66, length + 0.4, lift: 2.5), pose.on(0, length + 0.9, lift: 4),
          pose.on(-wide * 0.66, length + 0.4, lift: 2.5),
        ]),
        palette.skinShade, alpha: 0.85)
      for nostril in [-1, 1] as [Float] {
        fill(
          .ellipse(pose.on(nostril * wide * 0.52, length - 0.3, lift: 2.5), 0.85, 0.55),
          palette.line, alpha: 0.55)
      }
    }
  }
}
