extension Painter {
  mutating func paintGlasses() {
    let glasses = avatar.glasses
    guard glasses.style != .none else { return }
    let features = avatar.features
    let x = features.eyeDistance + 0.35
    let thick = glasses.thickness
    let frame = glasses.style == .aviator ? palette.metal : palette.frame
    for side in [-1, 1] as [Float] {
      let knots = lens(side, x)
      let path = Path.closed(knots)
      // The arm, as far as the ear.
      let rim = pose.on(side * (x + glasses.width * 0.98), -1.6, lift: 1.5)
      fill(.stroke([rim, pose.at(side * head.halfWidth * 0.955, -1.4)], thick * 1.1, thick), frame)
      if glasses.sun {
        canvas.fill(
          path,
          .line(
            Colour(0x23252e), palette.hatSecond.mixed(Colour(0x3a3d4a), 0.6), from: pose.on(0, -6),
            to: pose.on(0, 7), alphas: (0.96, 0.86)))
      } else {
        fill(path, Colour(0xffffff), alpha: 0.05)
      }
      let mask = canvas.mask(path)
      let middle = pose.on(side * x, 0)
      let gleam = glasses.sun ? Float(0.2) : 0.12
      fill(
        .polygon(
          middle + Point(-5, 7), middle + Point(0.5, -8), middle + Point(4, -8),
          middle + Point(-1.5, 7)), Colour(0xffffff), alpha: gleam, within: mask)
      switch glasses.style {
      case .half:
        let upper = Array(knots[4...8])
        fill(.stroke(upper, thick * 1.5), frame)
        fill(.ring(knots, width: 0.35), frame, alpha: 0.6)
      default: fill(.ring(knots, width: thick), frame)
      }
    }
    let (inner, y) = (x - glasses.width * 0.92, Float(-1.6))
    fill(
      .stroke(
        [
          pose.on(-inner, y, lift: 1.5), pose.on(0, y - 1.1, lift: 3.5),
          pose.on(inner, y, lift: 1.5),
        ], thick), frame)
    if glasses.style == .aviator {
      fill(
        .stroke(
          [pose.on(-inner - 1, y - 3, lift: 1.5), pose.on(inner + 1, y - 3, lift: 1.5)], thick * 0.9
        ), frame)
    }
  }

  /// Eight knots round a lens, and the first of them again where `half` cuts it.
  private func lens(_ side: Float, _ x: Float) -> [Point] {
    let glasses = avatar.glasses
    let (w, h) = (
      glasses.width * pose.width(at: side * x) / max(pose.yaw.cosine, 0.8) * 0.97, glasses.height
    )
    let middle = pose.on(side * x, 0.5)
    var knots: [Point] = []
    for i in 0..<12 {
      let turn = Rotation(turns: Float(i) / 12)
      var (dx, dy) = (turn.cosine, turn.sine)
      switch glasses.style {
      case .square, .half:
        // Towards a square with round corners.
        let grow = min(1 / max(abs(dx), abs(dy)), 1.22)
        dx *= grow
        dy *= grow * 0.88
      case .cat:
        let outwards = dx * side
        dy = dy * 0.86 - (outwards > 0.3 && dy < 0.3 ? outwards * 0.42 : 0)
        dx *= outwards > 0.3 && dy < -0.2 ? 1.12 : 1
      case .aviator:
        dx *= dy > 0 ? 1 - 0.16 * dy : 1.06
        dx += dy > 0 ? side * 0.1 * dy : 0
        dy = dy > 0 ? dy * 1.12 : dy * 0.86
      default: break
      }
      knots.append(middle + pose.roll(Point(dx * w, dy * h)) * pose.size)
    }
    // From the lower left, so that knots 4 to 8 are the upper edge.
    return Array(knots[2...] + knots[..<2])
  }
}
