/// The colours of a picture, chosen to go together and to stand out from each other.
package struct Palette {
  package let skin, skinShade, skinLight, blush, lips, line: Colour
  package let hair, hairShade, hairLight, hairEnds, brow: Colour
  package let iris: Colour
  package let back, backSecond, backThird: Colour
  package let cloth, clothShade, clothSecond, clothThird: Colour
  package let hat, hatShade, hatSecond: Colour
  package let frame: Colour
  package let metal: Colour

  init(_ numbers: inout Decisions, _ person: Person) {
    numbers.begin(stream: 12)
    let skin = Self.skin(person.skin, &numbers)
    self.skin = skin
    skinShade = skin.shaded(0.075 + 0.02 * skin.lightness)
    skinLight = skin.lighter(0.012 + 0.06 * (1 - skin.lightness))
    blush = skin.mixed(Colour(lightness: skin.lightness * 0.84, chroma: 0.17, hue: 0.055), 0.75)
    lips = skin.mixed(
      Colour(
        lightness: skin.lightness * numbers.even(0.62, 0.78), chroma: 0.16,
        hue: numbers.even(0.01, 0.07)),
      numbers.even(0.5, 0.95))
    line = skin.mixed(Colour(lightness: 0.2, chroma: 0.05, hue: 0.09), 0.72)

    let hair = Self.hair(person, skin, &numbers)
    self.hair = hair
    hairShade = hair.shaded(0.05 + 0.07 * hair.lightness)
    hairLight = hair.lighter(0.05 + 0.06 * hair.lightness)
    hairEnds = Colour(
      lightness: min(0.85, hair.lightness + 0.25), chroma: 0.13, hue: numbers.turn())
    brow =
      hair.lightness > 0.6
      ? hair.shaded(0.2) : hair.mixed(Colour(lightness: 0.22, chroma: 0.02, hue: 0.1), 0.35)
    let dark: Float = 2 + 6 * person.skin
    let irises: [(UInt32, Float)] = [
      (0x3d2616, dark), (0x6b4423, 2), (0x7d7a3a, 1.2), (0x4a7a52, 1),
      (0x3f78a8, 2 - 2 * person.skin),
      (0x6c8796, 0.8),
    ]
    iris = Colour(numbers.pick(irises)).lighter(numbers.bell(-0.04, 0.04))

    // One hue for the backdrop; clothes take a neighbour, the opposite or a third of the circle.
    let hue = numbers.turn()
    let steps: [(Float, Float)] = [
      (0.08, 1.4), (-0.08, 1.4), (0.5, 1.6), (0.36, 1), (-0.36, 1), (0, 0.6),
    ]
    // Lightness and chroma.
    let moods: [((Float, Float), Float)] = [
      ((0.88, 0.06), 4), ((0.76, 0.1), 3), ((0.62, 0.11), 1.5), ((0.4, 0.07), 1.3),
    ]
    let mood = numbers.pick(moods)
    let near = hue + numbers.bell(-0.1, 0.1)
    let chosen = Colour(
      lightness: Self.clean(mood.0 + numbers.bell(-0.06, 0.06), near),
      chroma: mood.1 * numbers.even(0.6, 1.2), hue: near)
    let back = chosen.lighter(numbers.tell(chosen.stepAside(from: [(skin, 0.16), (hair, 0.16)])))
    self.back = back
    let sinks = numbers.chance(0.5)
    let lift: Float = back.lightness > 0.8 || sinks ? -0.07 : 0.07
    backSecond = Colour(lightness: back.lightness + lift, a: back.a * 1.25, b: back.b * 1.25)
    backThird = back.lighter(0.06)

    let choice = numbers.pick(steps)
    let piece = Self.cloth(hue + choice, &numbers)
    let cloth = piece.lighter(numbers.tell(piece.stepAside(from: [(back, 0.2), (skin, 0.14)])))
    self.cloth = cloth
    clothShade = cloth.shaded(0.07)
    let second = Self.cloth(hue + numbers.pick(steps), &numbers)
    let isFar = abs(second.lightness - cloth.lightness) > 0.2
    clothSecond = second.lighter(numbers.tell(isFar ? 0 : cloth.lightness > 0.55 ? -0.3 : 0.4))
    clothThird =
      numbers.chance(0.5)
      ? Colour(lightness: 0.95, chroma: 0.015, hue: hue)
      : cloth.lighter(cloth.lightness > 0.6 ? -0.22 : 0.22)

    let matches = numbers.chance(0.45)
    let own = Self.cloth(numbers.turn(), &numbers)
    let worn = matches ? clothSecond : own
    let hat = worn.lighter(
      numbers.tell(worn.stepAside(from: [(hair, 0.18), (back, 0.15), (skin, 0.12)])))
    self.hat = hat
    hatShade = hat.shaded(0.07)
    hatSecond = numbers.chance(0.5) ? cloth : hat.lighter(hat.lightness > 0.6 ? -0.25 : 0.25)
    let bright = Colour(lightness: 0.5, chroma: 0.15, hue: numbers.turn())
    let frames: [(Colour, Float)] = [
      (Colour(0x22222a), 4), (Colour(0x5a3420), 2), (Colour(0xb08d3c), 1.4), (Colour(0x8a8f98), 1),
      (bright, 1.6),
    ]
    frame = numbers.pick(frames)
    metal = numbers.chance(0.6) ? Colour(0xe0b84c) : Colour(0xd4d8de)
  }

  private static let tones: [Colour] = [
    0xf9d8c4, 0xf4c9ac, 0xecba94, 0xdba27a, 0xc2855c, 0xa0683f, 0x7c4d2e, 0x5a3621,
  ].map { Colour($0) }

  /// Yellows have to be light: dark ones look like mud.
  private static func clean(_ lightness: Float, _ hue: Float) -> Float {
    let turn = hue - hue.rounded(.down)
    let yellow = max(0, 1 - abs(turn - 0.29) / 0.1)
    return lightness + max(0, 0.84 - lightness) * min(1, yellow * 1.6)
  }

  private static func skin(_ depth: Float, _ numbers: inout Decisions) -> Colour {
    let at = depth * Float(tones.count - 1)
    let index = min(Int(at), tones.count - 2)
    var colour = tones[index].mixed(tones[index + 1], at - Float(index))
    // Rosy or olive.
    let tint = numbers.bell(-1, 1)
    colour.a += 0.012 * tint
    colour.b -= 0.012 * tint
    return colour
  }

  private static func hair(
    _ person: Person, _ skin: Colour, _ numbers: inout Decisions
  ) -> Colour {
    let fair = max(0, 1 - person.skin * 1.6)
    let black: Float = 2.4 + 5 * person.skin
    let grown: [(UInt32, Float)] = [
      (0x1d1816, black), (0x3a251a, 2.4), (0x5e3b24, 1.9), (0x7a3b20, 0.9), (0xb5592a, 1.1 * fair),
      (0xc99a55, 1.7 * fair), (0xe6cb91, 1.2 * fair), (0x8c6a48, 1.4 * fair),
    ]
    let dyes: [(Float, Float)] = [(0.97, 1), (0.55, 1), (0.85, 1), (0.7, 0.8), (0.42, 0.4)]
    let dye = Colour(lightness: 0.62, chroma: 0.15, hue: numbers.pick(dyes))
    var colour = Colour(numbers.pick(grown))
    if numbers.chance(0.07) { colour = dye }
    colour = colour.lighter(numbers.bell(-0.04, 0.05))
    let gray = numbers.even(0.2, 1) * max(0, min(1, (person.age - 0.62) * 5))
    colour = colour.mixed(Colour(0xd3d3d6), gray)
    // Bald heads and fringes still need an edge.
    guard colour.distance(skin) < 0.09 else { return colour }
    let (dark, light) = (colour.lighter(-0.12), colour.lighter(0.12))
    return dark.distance(skin) > light.distance(skin) ? dark : light
  }

  private static func cloth(_ hue: Float, _ numbers: inout Decisions) -> Colour {
    // Full, light, dark, white, gray: from and to in lightness, from and to in chroma.
    let kinds: [(SIMD4<Float>, Float)] = [
      (SIMD4(0.45, 0.62, 0.09, 0.16), 4), (SIMD4(0.68, 0.82, 0.08, 0.14), 2.2),
      (SIMD4(0.26, 0.36, 0.02, 0.08), 2), (SIMD4(0.9, 0.96, 0.005, 0.03), 1.3),
      (SIMD4(0.5, 0.6, 0.01, 0.03), 0.6),
    ]
    let kind = numbers.pick(kinds)
    let lightness = numbers.even(kind.x, kind.y)
    let chroma = numbers.even(kind.z, kind.w)
    return Colour(
      lightness: chroma > 0.08 ? Self.clean(lightness, hue) : lightness, chroma: chroma, hue: hue)
  }
}
