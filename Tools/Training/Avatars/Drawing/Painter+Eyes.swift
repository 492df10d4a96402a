extension Painter {
  mutating func paintEyes() {
    for side in [-1, 1] as [Float] { paintEye(side) }
  }

  private mutating func paintEye(_ side: Float) {
    let features = avatar.features
    let x = side * features.eyeDistance
    let narrow = pose.width(at: x)
    let (w, tilt) = (features.eyeWidth, features.eyeTilt)
    let open: Float =
      switch features.eyes {
      case .round: features.eyeHeight * 1.18
      case .sleepy: features.eyeHeight * 0.62
      case .hooded: features.eyeHeight * 0.86
      default: features.eyeHeight
      }
    /// Across from the nose outwards, and down.
    func at(_ out: Float, _ down: Float) -> Point {
      pose.on(x + side * out, down - tilt * out / w * 0.8)
    }
    let lash = palette.line.mixed(Colour(0x1a1416), 0.6)

    if features.eyes == .smiling {
      let line = [
        at(-w * 0.9, 1.4), at(-w * 0.45, -0.8), at(0.1, -1.6), at(w * 0.5, -0.8), at(w * 0.95, 1.4),
      ]
      fill(.stroke(line, 0.7, 1.5, 1.7, 1.5, 0.7), lash)
      if features.lashes > 0.3 { fill(.line(at(w * 0.85, 0.8), at(w * 1.25, -0.1), 0.8), lash) }
      return
    }
    let low = open * (features.eyes == .round ? 0.86 : 0.7)
    let upper: [Point] =
      features.eyes == .round
      ? [
        at(-w * 0.96, 0.5), at(-w * 0.66, -open * 0.72), at(0, -open), at(w * 0.66, -open * 0.74),
        at(w * 0.98, 0.2),
      ]
      : [
        at(-w, 0.9), at(-w * 0.55, -open * 0.66), at(-0.1, -open), at(w * 0.56, -open * 0.78),
        at(w * 1.02, 0),
      ]
    let lower = [
      at(w * 1.0, 0.1), at(w * 0.56, low * 0.84), at(0, low), at(-w * 0.56, low * 0.86),
      at(-w, 0.8),
    ]
    // A hint of the socket, and of colour on the lid.
    let lid = Path.joined(
      Path.spline(
        [
          at(-w * 0.95, 0), at(-w * 0.4, -open * 1.25), at(w * 0.3, -open * 1.5),
          at(w * 1.12, -0.7),
        ], closed: false),
      Path.spline(upper.reversed(), closed: false))
    if features.shadow {
      fill(lid, palette.lips.mixed(palette.skinShade, 0.45))
    } else if features.eyes == .hooded || features.eyes == .sleepy {
      fill(lid, palette.skinShade.shaded(0.01))
    }
    let shape = Path.joined(Path.spline(upper, closed: false), Path.spline(lower, closed: false))
    let mask = canvas.mask(shape)
    let white = Colour(0xfbf9f6).mixed(palette.skin, 0.06)
    canvas.fill(shape, .line(white.shaded(0.1), white, from: at(0, -open), to: at(0, open * 0.1)))

    let look = Point(features.gaze.x * 0.9 + pose.yaw.sine * 1.4, features.gaze.y * 0.5)
    let center = pose.on(x, -open * 0.1 + 0.15) + look
    let r = features.iris
    fill(.ellipse(center, r * narrow, r), palette.iris.shaded(0.09), within: mask)
    fill(.ellipse(center, r * 0.8 * narrow, r * 0.8), palette.iris, within: mask)
    fill(
      .ellipse(center + Point(0, r * 0.42), r * 0.52 * narrow, r * 0.36),
      palette.iris.lighter(0.12), alpha: 0.8, within: mask)
    fill(.ellipse(center, r * 0.47 * narrow, r * 0.47), Colour(0x120e12), within: mask)
    fill(
      .ellipse(center + Point(avatar.light * 0.85, -0.85), 0.72, 0.72), Colour(0xffffff),
      within: mask)

    let line = 0.85 + features.lashes * 0.55
    fill(.stroke(upper, line * 0.45, line * 0.9, line * 1.1, line * 1.15, line * 0.8), lash)
    if features.lashes > 0.25 {
      let long = features.lashes
      fill(
        .stroke(
          [
            at(w * 0.7, -open * 0.55), at(w * 1.05, -0.5),
            at(w * 1.05 + long * 1.3, -0.7 - long * 1.3),
          ], 0.9, 1.1, 0.25), lash)
    }
    fill(
      .stroke([at(w * 0.9, 0.5), at(w * 0.3, low * 1.02), at(-w * 0.4, low)], 0.2, 0.5, 0.2), lash,
      alpha: 0.35)
    // The fold of the lid; hooded eyes hide it.
    if features.eyes != .hooded {
      let high = open + 1.2
      fill(
        .stroke(
          [
            at(-w * 0.75, -open * 0.62), at(-w * 0.1, -high), at(w * 0.6, -high * 0.85),
            at(w * 1.05, -1.2),
          ], 0.2, 0.6, 0.6, 0.2), palette.skinShade.shaded(0.07))
    }
  }

  mutating func paintBrows() {
    let features = avatar.features
    for side in [-1, 1] as [Float] {
      let x = side * (features.eyeDistance - 0.3)
      let raise: Float =
        features.mouth == .surprised ? 1.6 : features.mouth == .smirk && side != shade ? 1 : 0
      let y = -features.browHeight - raise - (features.eyes == .round ? 0.5 : 0)
      let (l, arch, tilt) = (features.browLength, features.browArch, features.browTilt)
      func at(_ out: Float, _ down: Float) -> Point { pose.on(x + side * out, y + down) }
      let thick = features.browThickness
      fill(
        .stroke(
          [
            at(-l * 0.92, 0.5 + tilt * 0.6), at(-l * 0.25, -arch * 0.55),
            at(l * 0.38, -arch - tilt * 0.3), at(l * 1.04, 0.55 - tilt * 0.5),
          ],
          thick * 0.92, thick, thick * 0.86, thick * 0.3), palette.brow)
    }
  }
}
