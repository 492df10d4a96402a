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

extension Pixels {
  /// The image made smaller: each pixel the mean of a square of `step`; what is left over is left out.
  ///
  /// - Parameters:
  ///   - step: 1 to the shorter side.
  ///   - rows: How many rows to take, from the top; nil for all.
  /// - Returns: `width / step` by `rows / step` pixels.
  public func averaged(by step: Int, rows: Int? = nil) -> Pixels {
    let (width, height) = (self.width / step, (rows ?? self.height) / step)
    var means: [UInt8] = []
    means.reserveCapacity(width * height * channels)
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<channels {
          var sum = 0
          for row in y * step..<(y + 1) * step {
            for column in x * step..<(x + 1) * step {
              sum += Int(bytes[(row * self.width + column) * channels + channel])
            }
          }
          means.append(UInt8((sum + step * step / 2) / (step * step)))
        }
      }
    }
    return Pixels(width: width, height: height, channels: channels, bytes: means)
  }
}
