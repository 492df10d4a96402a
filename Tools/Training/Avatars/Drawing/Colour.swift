/// A colour by what the eye sees: OKLab's lightness, and green to red, and blue to yellow.
///
/// Mixtures of such colours keep their hue, so that shadows do not turn gray. Roots are found by
/// Newton's method in a fixed number of steps: `pow` differs from one C library to the next.
///
/// Source: Ottosson 2020, "A perceptual color space for image processing".
package struct Colour: Equatable {
  /// 0 black, 1 white.
  package var lightness: Float
  var a: Float
  var b: Float

  init(lightness: Float, a: Float, b: Float) {
    self.lightness = lightness
    self.a = a
    self.b = b
  }

  /// - Parameters:
  ///   - lightness: 0 to 1.
  ///   - chroma: 0 gray; what the screen cannot show is taken back when the colour is used.
  ///   - hue: In turns; 0.08 is red, 0.17 skin, 0.3 yellow, 0.4 green, 0.73 blue, 0.97 pink.
  init(lightness: Float, chroma: Float, hue: Float) {
    let direction = Rotation(turns: hue)
    self.init(
      lightness: lightness, a: chroma * direction.cosine, b: chroma * direction.sine)
  }

  /// sRGB as designers write it.
  package init(_ hex: UInt32) {
    let (red, green, blue) = (
      Self.linear(hex >> 16 & 255), Self.linear(hex >> 8 & 255), Self.linear(hex & 255)
    )
    let l = Self.cubeRoot(0.412_221_47 * red + 0.536_332_54 * green + 0.051_445_99 * blue)
    let m = Self.cubeRoot(0.211_903_5 * red + 0.680_699_55 * green + 0.107_396_96 * blue)
    let s = Self.cubeRoot(0.088_302_46 * red + 0.281_718_84 * green + 0.629_978_7 * blue)
    self.init(
      lightness: 0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_05 * s,
      a: 1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
      b: 0.025_904_04 * l + 0.782_771_77 * m - 0.808_675_77 * s)
  }

  func mixed(_ other: Colour, _ share: Float) -> Colour {
    Colour(
      lightness: lightness + (other.lightness - lightness) * share,
      a: a + (other.a - a) * share, b: b + (other.b - b) * share)
  }

  /// Lighter by a part of 1, darker where it is negative; at the ends the colour fades.
  func lighter(_ by: Float) -> Colour {
    let to = min(max(lightness + by, 0.05), 0.985)
    let fade = by > 0 ? min(1, (1 - to) / max(1 - lightness, 0.01) + 0.35) : 1
    return Colour(lightness: to, a: a * fade, b: b * fade)
  }

  /// As a shadow of coloured things looks: darker, fuller, and a little towards blue.
  func shaded(_ by: Float) -> Colour {
    Colour(
      lightness: max(lightness - by, 0.05), a: a * (1 + by) + 0.03 * by, b: b * (1 + by) - 0.12 * by
    )
  }

  /// How different two colours look, 0 to about 1.
  package func distance(_ other: Colour) -> Float {
    let (d, e, f) = (lightness - other.lightness, a - other.a, b - other.b)
    return (d * d + e * e + f * f).squareRoot()
  }

  /// How much lighter, or darker where it is negative, this has to be to be told from others.
  ///
  /// - Parameter others: Each with the distance that is asked for.
  /// - Returns: The least of steps of 0.02, 0 where it can be told; where none will do, the one that comes
  ///   nearest.
  func stepAside(from others: [(colour: Colour, least: Float)]) -> Float {
    var best: (lack: Float, by: Float) = (.infinity, 0)
    for step in 0...60 {
      // 0, 1, -1, 2, ...
      let by = 0.02 * Float(step % 2 == 1 ? (step + 1) / 2 : -step / 2)
      let moved = lighter(by)
      var lack: Float = 0
      for other in others { lack = max(lack, other.least - moved.distance(other.colour)) }
      if lack < best.lack { best = (lack, by) }
      if lack == 0 { break }
    }
    return best.by
  }

  /// Red, green and blue of sRGB, 0 to 1, and 1 for alpha.
  package var rgb: SIMD4<Float> {
    var share: Float = 1
    while true {
      let found = linear(share)
      // What no screen shows loses colour, not lightness.
      if share < 0.1 || found.min() >= -0.002 && found.max() <= 1.002 {
        return SIMD4(Self.encoded(found.x), Self.encoded(found.y), Self.encoded(found.z), 1)
      }
      share -= 0.125
    }
  }

  private func linear(_ chroma: Float) -> SIMD3<Float> {
    let (a, b) = (self.a * chroma, self.b * chroma)
    let l = lightness + 0.396_337_78 * a + 0.215_803_76 * b
    let m = lightness - 0.105_561_35 * a - 0.063_854_17 * b
    let s = lightness - 0.089_484_18 * a - 1.291_485_5 * b
    let (x, y, z) = (l * l * l, m * m * m, s * s * s)
    return SIMD3(
      4.076_741_7 * x - 3.307_711_6 * y + 0.230_969_93 * z,
      -1.268_438 * x + 2.609_757_4 * y - 0.341_319_4 * z,
      -0.004_196_09 * x - 0.703_418_6 * y + 1.707_614_7 * z)
  }

  private static func linear(_ byte: UInt32) -> Float {
    let value = Float(byte) / 255
    guard value > 0.04045 else { return value / 12.92 }
    let base = (value + 0.055) / 1.055
    let root = fifthRoot(base)
    return base * base * root * root  // to the power 2.4
  }

  private static func encoded(_ value: Float) -> Float {
    guard value > 0.003_130_8 else { return max(0, 12.92 * value) }
    let root = cubeRoot(value.squareRoot().squareRoot())
    return min(1, 1.055 * (root * root * root * root * root) - 0.055)  // to the power 5/12
  }

  private static func cubeRoot(_ value: Float) -> Float {
    guard value > 1e-6 else { return 0 }
    var root: Float = 1
    for _ in 0..<16 { root = (2 * root + value / (root * root)) / 3 }
    return root
  }

  private static func fifthRoot(_ value: Float) -> Float {
    var root: Float = 1
    for _ in 0..<16 { root = (4 * root + value / (root * root * root * root)) / 5 }
    return root
  }
}
