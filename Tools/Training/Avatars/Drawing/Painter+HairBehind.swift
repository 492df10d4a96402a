// What hangs or stands behind the head, and what falls before the shoulders.

extension Painter {
  private var ends: Colour { avatar.hair.dyed ? palette.hairEnds : palette.hairShade }

  mutating func paintHairBehind() {
    let hair = avatar.hair
    let w = head.halfWidth
    let dark = palette.hairShade.shaded(0.03)
    switch hair.style {
    case .afro:
      let grow = 6 + hair.volume * 1.7
      var path = Path.ellipse(pose.at(0, -9), w + grow * 0.9, head.crown - 6 + grow * 0.9)
      for i in 0..<18 {
        let turn = Rotation(turns: Float(i) / 18 + hair.phase)
        let at = pose.at(turn.cosine * (w + grow - 2.6), -9 + turn.sine * (head.crown - 8.6 + grow))
        path = path + .ellipse(at, 4.4, 4.4)
      }
      canvas.fill(
        path,
        .circle(
          palette.hair.lighter(0.03), palette.hairShade, about: pose.at(-shade * 14, -24),
          radius: 46))
      let mask = canvas.mask(path)
      for i in 0..<14 {
        let turn = Rotation(turns: 0.52 + 0.46 * Float(i) / 13)
        let at = pose.at(
          turn.cosine * (w + grow * 0.5), -9 + turn.sine * (head.crown - 6 + grow * 0.4))
        fill(
          .stroke([at + Point(-1.6, 0.4), at + Point(0, -1), at + Point(1.6, 0.4)], 0.3, 0.9, 0.3),
          palette.hairLight, alpha: 0.6, within: mask)
      }
    case .bob:
      let low = 19 + hair.fringe * 5
      let wide = w + 3.4 + hair.volume * 0.5
      fill(
        .closed([
          pose.at(0, -head.crown - 1), pose.at(w * 0.9, -15), pose.at(wide - 0.6, 2),
          pose.at(wide + 0.8, low - 6), pose.at(w * 0.86, low + 1.5),
          pose.at(w * 0.3, low), pose.at(-w * 0.3, low), pose.at(-w * 0.86, low + 1.5),
          pose.at(-wide - 0.8, low - 6), pose.at(-wide + 0.6, 2), pose.at(-w * 0.9, -15),
        ]), dark)
    case .straight, .wavy:
      let wide = w + 2.6 + hair.volume * 0.6
      fill(
        .closed([
          pose.at(0, -head.crown - 1), pose.at(w * 0.9, -15), pose.at(wide, 2),
          pose.at(wide + 1, hair.length * 0.6), pose.at(w, hair.length),
          pose.at(-w, hair.length), pose.at(-wide - 1, hair.length * 0.6), pose.at(-wide, 2),
          pose.at(-w * 0.9, -15),
        ]), dark)
    case .locs:
      for i in 0...12 {
        let x = -1.12 + 2.24 * Float(i) / 12
        let end = hair.length * 0.8 - abs(x) * 4 + (i % 3 == 0 ? 3 : 0)
        fill(
          .stroke(
            [
              pose.at(x * w * 0.8, -10), pose.at(x * w * 1.08, 8), pose.at(x * w * 1.16, end * 0.7),
              pose.at(x * w * 1.14, end),
            ], 3.6, 3.8, 3.5, 2.6),
          i % 2 == 0 ? dark : palette.hairShade)
      }
    case .bun:
      let radius = 6.4 + hair.volume * 0.7
      let at = pose.at(-pose.yaw.sine * 16 + hair.part * 3, -head.crown - radius * 0.62)
      canvas.fill(
        .ellipse(at, radius * 1.08, radius),
        .circle(
          palette.hair.lighter(0.02), palette.hairShade, about: at + Point(-shade * 2, -2),
          radius: radius * 1.5))
      fill(
        .stroke(
          [
            at + Point(-radius * 0.7, 1.5), at + Point(0, -radius * 0.35),
            at + Point(radius * 0.72, 1),
          ], 0.3, 0.9, 0.3), palette.hairShade.shaded(0.05))
      fill(
        .stroke(
          [
            at + Point(-radius * 0.5, -radius * 0.45), at + Point(0, -radius * 0.72),
            at + Point(radius * 0.5, -radius * 0.45),
          ], 0.3, 1.1, 0.3), palette.hairLight, alpha: 0.6 * hair.shine)
    case .ponytail:
      let side: Float = hair.part > 0 ? 1 : -1
      let long = 20 + hair.fringe * 16
      fill(
        .closed([
          pose.at(side * w * 0.4, -head.crown + 3), pose.at(side * (w + 4), -head.crown + 4),
          pose.at(side * (w + 9), -8), pose.at(side * (w + 9.6), long * 0.5),
          pose.at(side * (w + 4), long), pose.at(side * (w + 3.4), long * 0.4),
          pose.at(side * w * 0.9, -6),
        ]), palette.hairShade)
      fill(
        .stroke(
          [
            pose.at(side * (w + 3), -head.crown + 7), pose.at(side * (w + 6.6), -6),
            pose.at(side * (w + 6.8), long * 0.45),
          ], 0.3, 1.4, 0.3), palette.hairLight, alpha: 0.5 * hair.shine)
    default: break
    }
  }

  /// Between the shoulders and the face.
  mutating func paintLocks() {
    let hair = avatar.hair
    let w = head.halfWidth
    switch hair.style {
    case .straight, .wavy:
      let wide = w + 1.8 + hair.volume * 0.45
      let (low, wave) = (hair.length, hair.style == .wavy ? Float(2.2) : 0.3)
      for side in [-1, 1] as [Float] {
        var outer: [Point] = []
        var inner: [Point] = []
        for i in 0...6 {
          let t = Float(i) / 6
          let y = -4 + (low + 4) * t
          let swing = (i % 2 == 0 ? wave : -wave) * t
          outer.append(pose.at(side * (wide + 1.6 * t + swing - 4 * max(0, t - 0.7)), y))
          inner.append(
            pose.at(
              side * (w * (0.62 + 0.1 * t) + swing * 0.7 + (i == 6 ? 1.4 : 0)),
              y - (i == 6 ? 2.4 : 0)))
        }
        let lock = Path.joined(
          Path.spline(outer, closed: false), Path.spline(inner.reversed(), closed: false))
        canvas.fill(
          lock,
          .line(
            side == shade ? palette.hairShade : palette.hair, hair.dyed ? ends : palette.hairShade,
            from: pose.at(0, 8), to: pose.at(0, low)))
        let mask = canvas.mask(lock)
        for (share, colour) in [(0.3, palette.hairLight), (0.62, palette.hairShade.shaded(0.045))]
          as [(Float, Colour)]
        {
          let strand = zip(outer, inner).map { $0 + ($1 - $0) * share }
          fill(.stroke(strand, 0.3, 1, 1, 0.3), colour, alpha: 0.55, within: mask)
        }
      }
    case .pigtails:
      for side in [-1, 1] as [Float] {
        let low = 20 + 16 * hair.fringe
        if hair.phase < 0.5 {
          // A braid.
          let count = Int(low / 5) + 1
          for i in 0..<count {
            let y = 9 + Float(i) * 5
            let radius = 4 - 0.16 * Float(i)
            let at = pose.at(side * (w + 0.6 + 0.3 * Float(i)), y)
            fill(.ellipse(at, radius, 3.3), i % 2 == 0 ? palette.hair : palette.hairShade)
            fill(
              .stroke(
                [at + Point(-radius * 0.7, -1), at + Point(0, 1.4), at + Point(radius * 0.7, -1)],
                0.3, 0.8, 0.3), palette.hairShade.shaded(0.07))
          }
          let last = pose.at(side * (w + 0.6 + 0.3 * Float(count)), 9 + Float(count) * 5)
          fill(
            .closed([
              last + Point(-2.4, 0), last + Point(2.4, 0), last + Point(1.6, 5),
              last + Point(-1.6, 5),
            ]), ends)
          fill(.stroke([last + Point(-2, -0.8), last + Point(2, -0.8)], 1.6), palette.hatSecond)
        } else {
          let tie = pose.at(side * (w + 1.5), 2)
          canvas.fill(
            .closed([
              tie + Point(-side * 1.6, 0), tie + Point(side * 4, -3), tie + Point(side * 9, 4),
              tie + Point(side * 8, low * 0.7), tie + Point(side * 3.4, low),
              tie + Point(side * 0.6, low * 0.6),
            ]),
            .line(palette.hair, ends, from: tie, to: tie + Point(0, low)))
          fill(
            .stroke(
              [
                tie + Point(side * 3, 1), tie + Point(side * 5.6, 8),
                tie + Point(side * 4.6, low * 0.7),
              ], 0.3, 1.3, 0.3), palette.hairLight, alpha: 0.6)
          fill(.ellipse(tie, 1.9, 2.3), palette.hatSecond)
        }
      }
    default: break
    }
  }
}
