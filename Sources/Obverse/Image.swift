/// An image of 8-bit channels, interleaved, rows from the top.
public struct Image: Sendable, Equatable {
  public let width: Int
  public let height: Int
  public let channels: Int
  public let pixels: [UInt8]
}
