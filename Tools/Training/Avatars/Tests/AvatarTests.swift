import Avatars
import Core
import ImageFile
import Testing

struct AvatarTests {
  /// Of all pixels.
  ///
  /// Where it changes, every picture changed: say so in the changelog.
  private func hash(_ seeds: Range<UInt64>, size: Int) -> String {
    var hash = SHA256()
    for seed in seeds {
      let bytes = Avatar(seed: seed).picture(size: size).bytes
      let span = bytes.span
      hash.update(span.bytes)
    }
    return hash.finish()
  }

  @Test func drawsTheSameBytesEverywhere() {
    #expect(
      hash(0..<256, size: 64) == "8c549e00e887e0d121a81b8553e0302ede3d6e6d098473ddbd336df64cc39c91")
    #expect(
      hash(0..<64, size: 128) == "ab9fe7ae95e8bcd49b580b27da0b78e7ab8b2813072804524add0738b673a19f")
  }

  @Test(arguments: [16, 33, 1024])
  func drawsAnySize(size: Int) {
    let picture = Avatar(seed: 5).picture(size: size)
    #expect(picture.width == size && picture.height == size && picture.channels == 3)
    // Nothing is left unpainted, up to the corners.
    for (x, y) in [
      (0, 0), (size - 1, 0), (0, size - 1), (size - 1, size - 1), (size / 2, size - 1),
    ] {
      let pixel = picture.bytes[((y * size) + x) * 3..<((y * size) + x) * 3 + 3]
      #expect(pixel.contains { $0 > 0 }, "\(x), \(y)")
    }
  }

  /// Large and small pictures of a number are the same drawing.
  @Test func isOneDrawingAtEverySize() {
    for seed in 0..<40 as Range<UInt64> {
      let small = Avatar(seed: seed).picture(size: 64).bytes
      let averaged = Avatar(seed: seed).picture(size: 256).averaged(by: 4).bytes
      let difference = zip(small, averaged).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
      // What two edges share of a pixel differs a little with the size.
      #expect(Double(difference) / Double(small.count) < 2, "seed \(seed)")
    }
  }

  @Test func drawsNoTwoAlike() {
    // In 16 px and 32 levels: pictures that differ by noise alone would fall together.
    var seen: [[UInt8]: UInt64] = [:]
    for seed in 0..<10_000 as Range<UInt64> {
      let coarse = Avatar(seed: seed).picture(size: 16).bytes.map { $0 >> 3 }
      let twin = seen.updateValue(seed, forKey: coarse)
      #expect(twin == nil, "seeds \(seed) and \(twin ?? 0)")
    }
  }

  private func kinds(_ avatar: Avatar) -> [String] {
    [
      "eyes \(avatar.features.eyes)", "nose \(avatar.features.nose)",
      "mouth \(avatar.features.mouth)", "hair \(avatar.hair.style)",
      "beard \(avatar.beard.style)", "hat \(avatar.hat.style)",
      "glasses \(avatar.glasses.style)", "clothes \(avatar.clothes.style)",
      "backdrop \(avatar.backdrop.style)",
    ]
  }

  /// Shares of every kind among pictures of these numbers.
  private func shares(_ count: UInt64, _ avatar: (UInt64) -> Avatar) -> [String: Double] {
    var found: [String: Double] = [:]
    for seed in 0..<count {
      for kind in kinds(avatar(seed)) { found[kind, default: 0] += 1 / Double(count) }
    }
    return found
  }

  /// Every kind of everything turns up, and none is all there is; latents draw them as often.
  @Test func usesAllKinds() {
    let all =
      Features.Eyes.allCases.map { "eyes \($0)" } + Features.Nose.allCases.map { "nose \($0)" }
      + Features.Mouth.allCases.map { "mouth \($0)" } + Hair.Style.allCases.map { "hair \($0)" }
      + Beard.Style.allCases.map { "beard \($0)" } + Hat.Style.allCases.map { "hat \($0)" }
      + Glasses.Style.allCases.map { "glasses \($0)" }
      + Clothes.Style.allCases.map { "clothes \($0)" }
      + Backdrop.Style.allCases.map { "backdrop \($0)" }
    let found = shares(10_000, Avatar.init(seed:))
    let latent = shares(10_000) { Latent(seed: $0).decide().avatar }
    for kind in all {
      let share = found[kind] ?? 0
      #expect(share >= 0.004 && share <= 0.85, "\(kind): \(share)")
      let spread = (2 * share * (1 - share) / 10_000).squareRoot()
      #expect(abs((latent[kind] ?? 0) - share) < 5 * spread, "\(kind) of latents")
    }
    #expect(found.count == all.count && latent.count == all.count)
  }

  /// A place among decisions, or in w, always means the same, and the length of z says nothing.
  @Test func decidesTheSameThings() {
    let wCount = Latent(seed: 0).decide().w.count
    for seed in 1..<200 as Range<UInt64> {
      let latent = Latent(seed: seed)
      let (avatar, w) = latent.decide()
      #expect(latent.z.count == Latent.count && w.count == wCount)
      let longer = Latent(z: latent.z.map { $0 * 4 }).decide()
      #expect(longer.w == w)
      #expect(longer.avatar.picture(size: 16) == avatar.picture(size: 16))
    }
  }

  /// The numbers of w are about 0 and of about one size, as styles want them.
  @Test func saysDecisionsEvenly() {
    let ws = (0..<4000).map { Latent(seed: $0).decide().w }
    for i in ws[0].indices {
      let mean = ws.reduce(0) { $0 + $1[i] } / Float(ws.count)
      let square = ws.reduce(0) { $0 + $1[i] * $1[i] } / Float(ws.count)
      #expect(abs(mean) <= 1.1 && square > 0 && square < 3.2, "\(i): \(mean), \(square)")
    }
  }

  /// Parts stay inside of what carries them.
  @Test func staysInProportion() {
    for seed in 0..<10_000 as Range<UInt64> {
      let avatar = Avatar(seed: seed)
      let (head, face, pose) = (avatar.head, avatar.features, avatar.pose)
      #expect(pose.center.y - head.crown * pose.size > 8, "crown of \(seed)")
      #expect(pose.center.y + head.chin * pose.size < 86, "chin of \(seed)")
      #expect(abs(pose.center.x - 50) + head.halfWidth * pose.size < 32, "side of \(seed)")
      #expect(face.eyeDistance - face.eyeWidth > 2, "between the eyes of \(seed)")
      #expect(face.eyeDistance + face.eyeWidth < head.halfWidth - 2, "eyes of \(seed)")
      #expect(face.browHeight > face.eyeHeight + 1.5, "brows of \(seed)")
      #expect(face.browHeight + 2 < avatar.hair.line, "forehead of \(seed)")
      #expect(face.noseLength + 2 < face.mouthHeight, "nose of \(seed)")
      #expect(face.mouthHeight + 3 < head.chin, "mouth of \(seed)")
      #expect(face.mouthWidth < head.halfWidth * 0.55, "mouth of \(seed)")
    }
  }

  /// What lies side by side can be told apart.
  @Test func keepsColoursApart() {
    var least = (
      back: Float.infinity, cloth: Float.infinity, hair: Float.infinity, hat: Float.infinity
    )
    for seed in 0..<10_000 as Range<UInt64> {
      let palette = Avatar(seed: seed).palette
      least.back = min(least.back, palette.back.distance(palette.skin))
      least.cloth = min(least.cloth, palette.back.distance(palette.cloth))
      least.hair = min(least.hair, palette.hair.distance(palette.skin))
      least.hat = min(least.hat, palette.hat.distance(palette.hair))
    }
    #expect(least.back >= 0.16, "\(least.back)")
    #expect(least.cloth >= 0.2, "\(least.cloth)")
    #expect(least.hair > 0.06, "\(least.hair)")
    #expect(least.hat >= 0.16, "\(least.hat)")
  }
}
