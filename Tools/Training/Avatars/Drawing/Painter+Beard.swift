extension Painter {
  mutating func paintBeard() {
    let beard = avatar.beard
    let colour = palette.brow.mixed(palette.hair, 0.55)
    let mouth = avatar.features.mouthHeight
    let w = head.halfWidth
    switch beard.style {
    case .none: return
    case .stubble:
      canvas.fill(
        jaw(grow: 0), .even(colour.mixed(palette.skin, 0.3), alpha: 0.34), within: faceMask)
    case .full: paintMass(jaw(grow: 1.2 + beard.length), colour)
    case .short: paintMass(jaw(grow: 0.7), colour)
    case .chinstrap:
      let chin = head.chin
      let outer = jawLine(grow: 0.6)
      let inner: [Point] = [
        pose.on(-w * 0.91, -2.5), pose.on(-w * 0.85, 7), pose.on(-head.jaw * w * 0.8, 0.62 * chin),
        pose.on(-head.chinWidth * w * 0.9, 0.84 * chin), pose.on(0, 0.88 * chin),
        pose.on(head.chinWidth * w * 0.9, 0.84 * chin), pose.on(head.jaw * w * 0.8, 0.62 * chin),
        pose.on(w * 0.85, 7), pose.on(w * 0.91, -2.5),
      ]
      paintMass(.joined(outer, Path.spline(inner, closed: false)), colour)
    case .goatee:
      let chin = head.chin + beard.length * 0.5
      let wide = 4.6 + beard.height * 0.22
      paintMass(
        .closed([
          pose.on(-wide, mouth + 3), pose.at(-wide * 0.9, chin - 2.4, 9), pose.at(0, chin + 1, 9),
          pose.at(wide * 0.9, chin - 2.4, 9), pose.on(wide, mouth + 3), pose.on(0, mouth + 4.6),
        ]),
        colour)
      paintMoustache(wide: avatar.features.mouthWidth * 0.9, thick: 1.7, curl: -1.4, colour)
    case .moustache:
      paintMoustache(wide: avatar.features.mouthWidth * 1.02, thick: 2.5, curl: -0.9, colour)
    case .handlebar:
      paintMoustache(wide: avatar.features.mouthWidth * 1.3, thick: 2.1, curl: 2.2, colour)
    }
    if beard.style == .full || beard.style == .short {
      paintMoustache(wide: avatar.features.mouthWidth * 1.05, thick: 1.9, curl: -1.6, colour)
    }
  }

  private mutating func paintMass(_ path: Path, _ colour: Colour) {
    canvas.fill(
      path,
      .line(
        colour.lighter(0.02), colour.shaded(0.06), from: pose.at(-shade * 12, 8),
        to: pose.at(shade * 18, 20)))
  }

  /// Down the left jaw, round the chin and up again, from ear to ear.
  private func jawLine(grow: Float) -> [Point] {
    let w = head.halfWidth
    let right: [(Float, Float, Float)] = [
      (w * 0.99, -2.5, 0), (w * 0.995 + 0.2, 3.5, 0),
      (w * head.cheek * 0.985 + 0.3 + grow * 0.1, 9, 1),
      (head.jaw * w + 0.5 + grow * 0.4, 0.66 * head.chin + grow * 0.3, 4),
      (head.chinWidth * w + grow * 0.2, 0.95 * head.chin + grow * 0.85, 8),
      (0, head.chin + 0.4 + grow, 9),
    ]
    let left = right.map { (-$0.0, $0.1, $0.2) }
    let all = left + right.dropLast().reversed()
    // Passed on from the right, so that the chain closes against the inner edge.
    return Path.spline(all.reversed().map { pose.at($0.0, $0.1, $0.2) }, closed: false)
  }

  /// All that a beard covers but the mouth's own place.
  private func jaw(grow: Float) -> Path {
    let w = head.halfWidth
    let features = avatar.features
    let (mouth, wide) = (features.mouthHeight, features.mouthWidth)
    let inner: [Point] = [
      pose.on(-w * 0.91, -2.5), pose.on(-w * 0.86, 4), pose.on(-w * 0.7, avatar.beard.height + 3.4),
      pose.on(-wide - 2.4, mouth - 2.6), pose.on(-2.4, mouth - 3.3),
      pose.on(0, mouth - 2.8), pose.on(2.4, mouth - 3.3), pose.on(wide + 2.4, mouth - 2.6),
      pose.on(w * 0.7, avatar.beard.height + 3.4), pose.on(w * 0.86, 4), pose.on(w * 0.91, -2.5),
    ]
    return .joined(jawLine(grow: grow), Path.spline(inner, closed: false))
  }

  private mutating func paintMoustache(wide: Float, thick: Float, curl: Float, _ colour: Colour) {
    let features = avatar.features
    let y = min(features.mouthHeight - 2.5, features.noseLength + 3.6)
    for side in [-1, 1] as [Float] {
      func at(_ x: Float, _ dy: Float) -> Point { pose.on(side * x, y + dy, lift: 2) }
      fill(
        .stroke(
          [at(0.2, 0), at(wide * 0.4, -0.1), at(wide * 0.78, 0.8), at(wide * 1.1, 0.9 - curl)],
          thick * 0.8, thick * 1.15, thick * 0.9, 0.4),
        side == shade ? colour.shaded(0.04) : colour.lighter(0.015))
    }
  }
}
