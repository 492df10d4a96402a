/// An image as 8-bit samples, row after row from the top, the samples of a pixel side by side.
public struct Pixels: Equatable, Sendable {
  public let width: Int
  public let height: Int
  /// 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.
  public let channels: Int
  /// `[height, width, channels]`.
  public let bytes: [UInt8]

  /// The longest side that is read or written.
  public static let longestSide = 16384

  /// - Parameters:
  ///   - width: 1 to `longestSide`.
  ///   - height: 1 to `longestSide`.
  ///   - channels: 1 to 4.
  ///   - bytes: `width * height * channels` samples.
  public init(width: Int, height: Int, channels: Int, bytes: [UInt8]) {
    precondition((1...Self.longestSide).contains(width), "width \(width)")
    precondition((1...Self.longestSide).contains(height), "height \(height)")
    precondition((1...4).contains(channels), "\(channels) channels")
    precondition(bytes.count == width * height * channels, "\(bytes.count) samples")
    self.width = width
    self.height = height
    self.channels = channels
    self.bytes = bytes
  }
}
