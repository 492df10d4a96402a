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
