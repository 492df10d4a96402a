extension Painter {
  mutating func paintMouth() {
    let features = avatar.features
    let (y, w) = (features.mouthHeight, features.mouthWidth)
    let lift: Float = 2
    func at(_ x: Float, _ dy: Float) -> Point { pose.on(x, y + dy, lift: lift) }
    let dark = palette.line
    switch features.mouth {
    case .smile:
      let deep = features.mouthOpen * 0.5
      fill(
        .stroke(
          [
            at(-w, -1.2), at(-w * 0.55, 0.1 + deep * 0.5), at(0, deep * 0.75),
            at(w * 0.55, 0.1 + deep * 0.5), at(w, -1.2),
          ], 0.7, 1.3, 1.5, 1.3, 0.7), dark)
      fill(
        .stroke([at(-w * 0.38, 3.2), at(0, 3.9), at(w * 0.38, 3.2)], 0.3, 1, 0.3),
        palette.skinShade.shaded(0.02))
    case .lips:
      paintLips(w * 0.82, curve: features.mouthOpen * 0.22)
    case .laugh:
      let deep = features.mouthOpen + 1
      let shape = Path.joined(
        Path.spline(
          [at(-w, -0.9), at(-w * 0.5, -0.1), at(0, 0.2), at(w * 0.5, -0.1), at(w, -0.9)],
          closed: false),
        Path.spline(
          [
            at(w, -0.9), at(w * 0.72, deep * 0.66), at(0, deep), at(-w * 0.72, deep * 0.66),
            at(-w, -0.9),
          ], closed: false))
      paintOpenMouth(shape, teeth: 0.36 * deep, tongue: deep * 0.62, lips: features.lipFullness)
    case .grin:
      let deep = features.mouthOpen * 0.72 + 0.5
      let shape = Path.joined(
        Path.spline(
          [at(-w, -1.2), at(-w * 0.5, -0.5), at(0, -0.2), at(w * 0.5, -0.5), at(w, -1.2)],
          closed: false),
        Path.spline(
          [
            at(w, -1.2), at(w * 0.66, deep * 0.62), at(0, deep), at(-w * 0.66, deep * 0.62),
            at(-w, -1.2),
          ], closed: false))
      paintOpenMouth(shape, teeth: deep * 1.5, tongue: nil, lips: features.lipFullness)
    case .smirk:
      let side = -shade
      fill(
        .stroke(
          [at(-side * w * 0.7, 0.9), at(0, 1.2), at(side * w * 0.6, 0.1), at(side * w, -1.9)], 0.6,
          1.4, 1.4, 0.6), dark)
      fill(
        .stroke(
          [at(side * (w + 0.9), -3), at(side * (w + 1.5), -1.8), at(side * (w + 1), -0.6)], 0.2,
          0.8, 0.2), palette.skinShade.shaded(0.03))
    case .calm:
      fill(.stroke([at(-w * 0.72, 0.2), at(0, 0.6), at(w * 0.72, 0.2)], 0.6, 1.4, 0.6), dark)
      fill(
        .stroke([at(-w * 0.36, 2.9), at(0, 3.4), at(w * 0.36, 2.9)], 0.3, 1, 0.3),
        palette.skinShade.shaded(0.02))
    case .surprised:
      let middle = at(0, 1.4)
      let (rx, ry) = (2.2 + w * 0.1, 1.6 + features.mouthOpen * 0.42)
      fill(
        .ellipse(middle, rx + 0.8 * features.lipFullness, ry + 0.8 * features.lipFullness),
        palette.lips)
      let shape = Path.ellipse(middle, rx, ry)
      let mask = canvas.mask(shape)
      fill(shape, Colour(0x4a1c20))
      fill(
        .ellipse(middle + Point(0, ry * 0.95), rx * 0.8, ry * 0.6), Colour(0xd96a6a), within: mask)
    }
  }

  private mutating func paintLips(_ w: Float, curve: Float) {
    let features = avatar.features
    let (y, full) = (features.mouthHeight, features.lipFullness)
    func at(_ x: Float, _ dy: Float) -> Point { pose.on(x, y + dy, lift: 2) }
    let upper = Path.joined(
      Path.spline(
        [at(-w, -curve), at(-w * 0.62, -1.3 * full), at(-w * 0.2, -2 * full), at(0, -1.5 * full)],
        closed: false),
      Path.spline(
        [at(0, -1.5 * full), at(w * 0.2, -2 * full), at(w * 0.62, -1.3 * full), at(w, -curve)],
        closed: false),
      Path.spline(
        [at(w, -curve), at(w * 0.4, 0.5), at(0, 0.8), at(-w * 0.4, 0.5), at(-w, -curve)],
        closed: false))
    let lower = Path.joined(
      Path.spline(
        [at(-w, -curve), at(-w * 0.4, 0.3), at(0, 0.6), at(w * 0.4, 0.3), at(w, -curve)],
        closed: false),
      Path.spline(
        [
          at(w, -curve), at(w * 0.55, 2.2 * full), at(0, 3.1 * full), at(-w * 0.55, 2.2 * full),
          at(-w, -curve),
        ], closed: false))
    fill(lower, palette.lips.lighter(0.045))
    fill(upper, palette.lips)
    fill(
      .stroke(
        [at(-w, -curve), at(-w * 0.4, 0.4), at(0, 0.7), at(w * 0.4, 0.4), at(w, -curve)], 0.4, 0.9,
        0.4), palette.lips.shaded(0.17))
    fill(
      .ellipse(at(-shade * w * 0.22, 1.7 * full), w * 0.2, 0.5), palette.lips.lighter(0.15),
      alpha: 0.8)
  }

  /// - Parameters:
  ///   - shape: The opening between the lips.
  ///   - teeth: How far the upper teeth reach down.
  ///   - tongue: Where the tongue begins; nil for none.
  ///   - lips: How full they are, 1 as most.
  private mutating func paintOpenMouth(_ shape: Path, teeth: Float, tongue: Float?, lips: Float) {
    let features = avatar.features
    let (y, w) = (features.mouthHeight, features.mouthWidth)
    if avatar.beard.style == .none || avatar.beard.style == .stubble {
      fill(
        .ring(
          shape.contours[0].enumerated().filter { $0.offset % 3 == 0 }.map { $0.element },
          width: 1.5 * lips), palette.lips)
    }
    let mask = canvas.mask(shape)
    fill(shape, Colour(0x571f24))
    if let tongue {
      fill(
        .ellipse(pose.on(0, y + tongue + 2, lift: 2), w * 0.62, 2.6), Colour(0xdc6f6c), within: mask
      )
    }
    let rows: [Point] = [
      pose.on(-w * 1.1, y - 4, lift: 2), pose.on(w * 1.1, y - 4, lift: 2),
      pose.on(w * 1.02, y + teeth * 0.1, lift: 2),
      pose.on(w * 0.5, y + teeth * 0.9, lift: 2), pose.on(0, y + teeth, lift: 2),
      pose.on(-w * 0.5, y + teeth * 0.9, lift: 2),
      pose.on(-w * 1.02, y + teeth * 0.1, lift: 2),
    ]
    fill(Path([rows]), Colour(0xfaf6ee), within: mask)
  }
}
