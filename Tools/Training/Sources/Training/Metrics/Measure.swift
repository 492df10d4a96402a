/// One number about a generator, with all that its name needs.
public struct Measure: Codable, Equatable, Sendable {
  /// Whether the generator was trained to please what measures it.
  public enum Mark: String, Codable, Sendable {
    case trainedAgainst = "trained against"
    case unseen
    /// The checkpoint does not say.
    case unknown
  }

  /// Such as `frechet`, `kid x1000`, `precision k=3`.
  public var measure: String
  /// The network that looks, and SHA-256 of its file; `pixels` and nothing for patches.
  public var network: String
  public var networkFile: String?
  public var preparation: String
  public var real: Int
  public var drawn: Int
  public var value: Double
  public var mark: Mark

  /// One line for people.
  public var line: String {
    let digits = (value * 10_000).rounded() / 10_000
    return "\(measure), \(network), \(preparation), \(real) real, \(drawn) drawn: \(digits)"
      + " (\(mark.rawValue))"
  }
}
