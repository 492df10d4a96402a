import Glibc

/// The numbers behind a picture as a generator takes them, and as it would like to have them.
///
/// What a seed draws is not learned from: a generator has to know which picture it is asked for.
public struct Latent: Sendable {
  /// Normal numbers, `Latent.count` of them: what a generator draws from.
  ///
  /// Their length is of no account.
  public let z: [Float]

  /// Numbers of z: one for each decision about a picture.
  public static let count: Int = {
    // More than are taken.
    var decisions = Decisions(given: [Float](repeating: 0.5, count: 1000))
    _ = Avatar(&decisions)
    return decisions.count
  }()

  package init(z: [Float]) {
    precondition(z.count == Self.count, "\(z.count) numbers")
    self.z = z
  }

  /// Draws z of a seed.
  public init(seed: UInt64) {
    var decisions = Decisions(seed: seed)
    decisions.begin(stream: 21)
    // Box and Muller 1958.
    z = (0..<Self.count).map { _ in
      let radius = (-2 * log(1 - decisions.unit())).squareRoot()
      return radius * cos(2 * .pi * decisions.unit())
    }
  }

  /// What these numbers decide: the picture, and the decisions one by one in words that a network reads
  /// easily, which can stand for w.
  ///
  /// As a generator scales z to a mean square of 1, so is it here. A number's share of the normal
  /// distribution is the one that decides.
  public func decide() -> (avatar: Avatar, w: [Float]) {
    let scale = 1 / (z.reduce(0) { $0 + $1 * $1 } / Float(z.count)).squareRoot()
    let numbers = z.map { min(0.5 * erfc(-$0 * scale * Float(0.5).squareRoot()), 1 - 0x1p-24) }
    // More than are taken.
    var decisions = Decisions(given: numbers)
    let avatar = Avatar(&decisions)
    return (avatar, decisions.code)
  }
}
