/// An image of 8-bit channels, interleaved, rows from the top.
public struct Image: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
  public let channels: Int
  /// `width * height * channels` bytes.
  public let pixels: [UInt8]
}
