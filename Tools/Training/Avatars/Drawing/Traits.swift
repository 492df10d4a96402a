/// What the face shows beside its outline.
package struct Features {
  package enum Eyes: CaseIterable { case almond, round, hooded, sleepy, smiling }
  package enum Nose: CaseIterable { case soft, button, straight, wedge, wide }
  package enum Mouth: CaseIterable { case smile, lips, laugh, grin, smirk, calm, surprised }

  package let eyes: Eyes
  package let eyeDistance, eyeWidth, eyeHeight, eyeTilt, lashes, iris: Float
  /// Where they look: right and down, -1 to 1.
  package let gaze: Point
  package let shadow: Bool
  package let browHeight, browThickness, browArch, browTilt, browLength: Float
  package let nose: Nose
  package let noseLength, noseWidth: Float
  package let mouth: Mouth
  package let mouthHeight, mouthWidth, mouthOpen, lipFullness: Float
  package let blush, freckles: Float
  package let mole: Point?
  package let wrinkles: Float
  package let earring: Float

  init(_ numbers: inout Decisions, _ person: Person) {
    numbers.begin(stream: 5)
    let soft = 1 - person.build
    eyes = numbers.pick([
      (.almond, 4), (.round, 3), (.hooded, 2), (.sleepy, 0.8), (.smiling, 0.7),
    ])
    eyeDistance = numbers.bell(8.2, 10.4)
    eyeWidth = numbers.bell(3.7, 4.9) + 0.3 * soft
    eyeHeight = numbers.bell(2.3, 3.3) + 0.35 * soft
    eyeTilt = numbers.bell(-0.7, 1.1)
    lashes = max(0, soft * 1.7 - 0.6) * numbers.even(0.6, 1)
    iris = numbers.bell(2.25, 2.8)
    gaze = Point(numbers.bell(-1, 1), numbers.bell(-0.6, 0.6))
    shadow = numbers.chance(soft > 0.55 ? 0.45 : 0.02)
    browHeight = numbers.bell(6.2, 8.4)
    browThickness = numbers.bell(0.9, 1.7) + 1.1 * person.build
    browArch = numbers.bell(0.2, 1.9) * (0.7 + 0.5 * soft)
    browTilt = numbers.bell(-1.1, 1.1)
    browLength = numbers.bell(4.8, 6)
    nose = numbers.pick([(.soft, 3), (.button, 2.2), (.straight, 2), (.wedge, 2), (.wide, 1.6)])
    noseLength = numbers.bell(8.4, 11.6)
    noseWidth = numbers.bell(2.5, 3.8) + 0.5 * person.build
    mouth = numbers.pick([
      (.smile, 3), (.lips, 1.2 + 2.6 * soft), (.laugh, 2), (.grin, 1.6), (.smirk, 1.2),
      (.calm, 1.2),
      (.surprised, 0.35),
    ])
    mouthHeight = numbers.bell(15.6, 17.6)
    mouthWidth = numbers.bell(5.4, 7.8)
    mouthOpen = numbers.bell(3, 5.4)
    lipFullness = numbers.bell(0.7, 1.5)
    blush = numbers.sometimes(0.6, 0.15, 0.5)
    freckles = numbers.sometimes(person.skin < 0.45 ? 0.16 : 0.04, 0.5, 1)
    let side: Float = numbers.chance(0.5) ? 1 : -1
    let spot = Point(side * numbers.even(5, 11), numbers.even(7, 15))
    mole = numbers.chance(0.07) ? spot : nil
    wrinkles = max(0, person.age - 0.55) * 2
    earring = numbers.sometimes(soft > 0.5 ? 0.45 : 0.08, 0.8, 1.7)
  }
}

/// A head of hair.
package struct Hair {
  package enum Style: CaseIterable {
    case bald, horseshoe, buzz, crop, parted, quiff, spiky, curls, afro, bowl, bob, straight, wavy,
      bun,
      ponytail, pigtails, locs, mohawk
  }

  package let style: Style
  /// How far it stands off the skull.
  package let volume: Float
  /// Where long hair ends, below the eyes.
  package let length: Float
  /// Where the forehead ends, above the eyes.
  package let line: Float
  /// Where it is parted: -1 the left temple, 1 the right.
  package let part: Float
  /// How deep a fringe or a swoop hangs, 0 to 1.
  package let fringe: Float
  /// How its waves go on, 0 to 1.
  package let phase: Float
  package let shine: Float
  /// Whether ends are of another colour.
  package let dyed: Bool

  init(_ numbers: inout Decisions, _ person: Person, under hat: Hat) {
    numbers.begin(stream: 6)
    let (hard, soft, old) = (person.build, 1 - person.build, max(0, person.age - 0.4))
    let deep = person.skin
    let chosen: Style = numbers.pick([
      (.bald, 0.9 * hard * (0.5 + old * 2)), (.horseshoe, 2 * hard * old), (.buzz, 0.9 * hard),
      (.crop, 1.7 * hard), (.parted, 2 * hard + 0.3), (.quiff, 1.6 * hard),
      (.spiky, 0.9 * hard + 0.1),
      (.curls, 0.9), (.afro, 0.15 + 0.7 * deep), (.bowl, 0.45), (.bob, 1.7 * soft),
      (.straight, 2 * soft), (.wavy, 2 * soft + 0.12), (.bun, 1.2 * soft + 0.1),
      (.ponytail, 1.2 * soft), (.pigtails, 0.7 * soft), (.locs, 0.1 + 0.5 * deep), (.mohawk, 0.12),
    ])
    let lies = hat.covers
    let hidden = hat.style == .headscarf || hat.style == .turban
    style =
      switch chosen {
      case _ where hidden: .buzz
      case .mohawk where hat.style == .headband || hat.style == .flower: .crop
      case .quiff, .spiky, .mohawk: lies ? .crop : chosen
      case .bun: lies ? .ponytail : chosen
      case .afro: lies ? .curls : chosen
      default: chosen
      }
    let free = numbers.bell(1.6, 4.4)
    volume = lies ? 1.4 : free
    length = numbers.even(26, 52)
    line = numbers.bell(14.2, 17.6) + old * 1.5 * hard
    part = numbers.chance(0.5) ? numbers.even(0.2, 0.62) : -numbers.even(0.2, 0.62)
    fringe = numbers.unit()
    phase = numbers.unit()
    shine = numbers.even(0.3, 1)
    dyed = numbers.chance(0.06)
  }
}

/// Hair of the face.
package struct Beard {
  package enum Style: CaseIterable {
    case none, stubble, full, short, goatee, moustache, handlebar, chinstrap
  }

  package let style: Style
  package let length: Float
  package let height: Float

  init(_ numbers: inout Decisions, _ person: Person) {
    numbers.begin(stream: 7)
    let grows = max(0, person.build - 0.55) * 2.2
    let chosen: Style = numbers.pick([
      (.stubble, 1), (.full, 1.3), (.short, 1.3), (.goatee, 0.8), (.moustache, 0.7),
      (.handlebar, 0.35), (.chinstrap, 0.35),
    ])
    style = numbers.chance(grows) ? chosen : .none
    length = numbers.bell(1, 7)
    height = numbers.bell(6, 10)
  }
}

/// What is worn on the head.
package struct Hat {
  package enum Style: CaseIterable {
    case none, beanie, cap, fedora, beret, headband, headphones, headscarf, turban, flower, sunhat
  }

  package let style: Style
  package let height: Float
  package let tilt: Float
  /// 0 plain, 1 with stripes or a patch.
  package let pattern: Int
  package let side: Float

  /// Whether hair has to lie flat below it.
  package var covers: Bool {
    switch style {
    case .none, .headband, .headphones, .flower: false
    default: true
    }
  }

  init(_ numbers: inout Decisions, _ person: Person) {
    numbers.begin(stream: 8)
    let soft = 1 - person.build
    let chosen: Style = numbers.pick([
      (.beanie, 2), (.cap, 2), (.fedora, 1.2), (.beret, 0.3 + soft), (.headband, 0.9 * soft + 0.1),
      (.headphones, 1.2), (.headscarf, 1.5 * soft), (.turban, 0.5 * person.build + 0.1),
      (.flower, 1 * soft), (.sunhat, 1 * soft),
    ])
    style = numbers.chance(0.27) ? chosen : .none
    height = numbers.bell(0, 1)
    tilt = numbers.bell(-1, 1)
    pattern = numbers.chance(0.5) ? 1 : 0
    side = numbers.chance(0.5) ? 1 : -1
  }
}

/// What is worn before the eyes.
package struct Glasses {
  package enum Style: CaseIterable { case none, round, square, cat, aviator, half }

  package let style: Style
  package let width: Float
  package let height: Float
  package let thickness: Float
  /// Dark lenses.
  package let sun: Bool

  init(_ numbers: inout Decisions, _ person: Person) {
    numbers.begin(stream: 9)
    let chosen: Style = numbers.pick([
      (.round, 2), (.square, 2), (.cat, 1.4 * (1 - person.build)), (.aviator, 0.9), (.half, 0.8),
    ])
    style = numbers.chance(0.24 + 0.2 * person.age) ? chosen : .none
    width = numbers.bell(6.3, 7.6)
    height = numbers.bell(5, 6.4)
    thickness = numbers.bell(0.7, 1.5)
    sun = numbers.chance(style == .aviator ? 0.6 : 0.12)
  }
}

/// What is worn below the neck.
package struct Clothes {
  package enum Style: CaseIterable {
    case tee, striped, vneck, shirt, hoodie, turtleneck, blazer, straps, sweater, scarf
  }

  package let style: Style
  package let shoulders: Float
  package let slope: Float
  package let neckline: Float
  package let lean: Float
  package let detail: Float
  package let accessory: Bool

  init(_ numbers: inout Decisions, _ person: Person) {
    numbers.begin(stream: 10)
    style = numbers.pick([
      (.tee, 2), (.striped, 1.3), (.vneck, 1.3), (.shirt, 1.6), (.hoodie, 1.6), (.turtleneck, 1.2),
      (.blazer, 1.6), (.straps, 0.9 * (1 - person.build) + 0.2), (.sweater, 1.3), (.scarf, 0.7),
    ])
    shoulders = numbers.bell(28, 34) + 4.5 * person.build
    slope = numbers.bell(5, 9)
    neckline = numbers.bell(2, 6)
    lean = numbers.bell(-2, 2)
    detail = numbers.unit()
    accessory = numbers.chance(0.5)
  }
}

/// What is behind.
package struct Backdrop {
  package enum Style: CaseIterable { case plain, disc, halves, hills, bokeh, stripes, rays, window }

  package let style: Style
  package let first, second, third: Float

  init(_ numbers: inout Decisions) {
    numbers.begin(stream: 11)
    style = numbers.pick([
      (.plain, 2.4), (.disc, 2), (.halves, 1), (.hills, 1.1), (.bokeh, 1), (.stripes, 0.8),
      (.rays, 0.7),
      (.window, 0.8),
    ])
    (first, second, third) = (numbers.unit(), numbers.unit(), numbers.unit())
  }
}
