import ImageFile

/// A flat portrait of somebody who does not exist, all of it decided by a number: equal numbers are equal
/// pictures, to the byte.
public struct Avatar: Sendable {
  package let pose: Pose
  package let head: HeadShape
  package let features: Features
  package let hair: Hair
  package let beard: Beard
  package let hat: Hat
  package let glasses: Glasses
  package let clothes: Clothes
  package let backdrop: Backdrop
  package let palette: Palette
  /// Where the light comes from: -1 from the left, 1 from the right.
  package let light: Float

  /// Decides everything about the picture of this number.
  public init(seed: UInt64) {
    var decisions = Decisions(seed: seed)
    self.init(&decisions)
  }

  init(_ numbers: inout Decisions) {
    numbers.begin(stream: 1)
    let isRight = numbers.chance(0.5)
    let strength = numbers.even(0.5, 1)
    light = isRight ? strength : -strength
    let person = Person(&numbers)
    head = HeadShape(&numbers, person)
    pose = Pose(&numbers, head)
    features = Features(&numbers, person)
    hat = Hat(&numbers, person)
    hair = Hair(&numbers, person, under: hat)
    beard = Beard(&numbers, person)
    glasses = Glasses(&numbers, person)
    clothes = Clothes(&numbers, person)
    backdrop = Backdrop(&numbers)
    palette = Palette(&numbers, person)
  }

  /// Sides that can be drawn, in pixels; the lines are meant for 64 and 128.
  public static let sizes = 16...1024

  /// Draws it.
  /// - Parameter size: Pixels of a side, one of `sizes`.
  /// - Returns: RGB.
  public func picture(size: Int) -> Pixels {
    precondition(Self.sizes.contains(size), "size \(size)")
    var painter = Painter(self, size: size)
    painter.paint()
    return painter.canvas.picture
  }
}

/// What several parts of a portrait have to agree on.
package struct Person {
  /// 0 soft, 1 angular: brows, jaw, lashes, beard and the choice of hair lean on it.
  package let build: Float
  /// 0 young, 1 old.
  package let age: Float
  /// 0 light, 1 deep.
  package let skin: Float

  init(_ numbers: inout Decisions) {
    numbers.begin(stream: 2)
    // Two hills: most people are rather one or rather the other, some in between.
    let hill: (Float, Float) = numbers.chance(0.5) ? (0, 0.62) : (0.38, 1)
    build = numbers.bell(hill.0, hill.1)
    let years = numbers.unit()
    age = years * years * 0.6 + years * 0.4
    skin = numbers.unit()
  }
}
