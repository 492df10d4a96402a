import Core

/// YUV4MPEG2, the plain stream of frames that ffmpeg and mpv read from a pipe.
///
/// Full colour resolution (C444); 8 bits; BT.601 with limited range (luma 16 to 235, chroma 16 to
/// 240), each value rounded to nearest.
package enum Y4M {
  /// What stands in front of all frames, of which there are so many in so many seconds.
  package static func header(
    width: Int, height: Int, frames: Int, inSeconds seconds: Int
  ) -> [UInt8] {
    Array(
      "YUV4MPEG2 W\(width) H\(height) F\(frames):\(seconds) Ip A1:1 C444 XCOLORRANGE=LIMITED\n"
        .utf8)
  }

  /// One frame: its marker, then the planes of Y, Cb and Cr.
  ///
  /// - Parameter pixels: One channel (grey) or three (RGB).
  /// - Returns: 6 bytes, then three of `width * height`.
  /// - Throws: `resources`.
  package static func frame(_ pixels: Pixels) throws(ObverseError) -> [UInt8] {
    precondition(pixels.channels == 1 || pixels.channels == 3)
    let marker = Array("FRAME\n".utf8)
    let count = pixels.width * pixels.height
    try Memory.expectRoom(for: marker.count + 3 * count)
    var frame = [UInt8](repeating: 128, count: marker.count + 3 * count)
    frame.replaceSubrange(0..<marker.count, with: marker)
    let (y, cb, cr) = (marker.count, marker.count + count, marker.count + 2 * count)
    let bytes = pixels.bytes
    guard pixels.channels == 3 else {
      for i in 0..<count { frame[y + i] = luma.byte(Int(bytes[i]), Int(bytes[i]), Int(bytes[i])) }
      return frame
    }
    for i in 0..<count {
      let (r, g, b) = (Int(bytes[3 * i]), Int(bytes[3 * i + 1]), Int(bytes[3 * i + 2]))
      frame[y + i] = luma.byte(r, g, b)
      frame[cb + i] = blue.byte(r, g, b)
      frame[cr + i] = red.byte(r, g, b)
    }
    return frame
  }

  // ITU-R BT.601: Y' = 0.299 R + 0.587 G + 0.114 B over 219 steps, the chroma differences over 224.
  private static let luma = Sum(219 * 0.299, 219 * 0.587, 219 * 0.114, offset: 16)
  private static let blue = Sum(
    224 * -0.299 / 1.772, 224 * -0.587 / 1.772, 224 * 0.886 / 1.772, offset: 128)
  private static let red = Sum(
    224 * 0.701 / 1.402, 224 * -0.587 / 1.402, 224 * -0.114 / 1.402, offset: 128)

  /// A weighted sum of R, G and B in fixed point, off by less than 2^-22 before it is rounded.
  private struct Sum {
    let r: Int
    let g: Int
    let b: Int
    let offset: Int

    init(_ r: Double, _ g: Double, _ b: Double, offset: Int) {
      func fixed(_ share: Double) -> Int { Int((share / 255 * 0x1p32).rounded()) }
      (self.r, self.g, self.b) = (fixed(r), fixed(g), fixed(b))
      self.offset = offset << 32 + 1 << 31
    }

    func byte(_ red: Int, _ green: Int, _ blue: Int) -> UInt8 {
      UInt8(truncatingIfNeeded: (r * red + g * green + b * blue + offset) >> 32)
    }
  }
}
