import Core

/// Portable graymaps and pixmaps (P5, P6): a line of text, then the samples as they are.
public enum PPM {
  /// Makes a P5 file of one channel, or a P6 file of three.
  /// - Throws: `request` for an image with alpha; `resources`.
  public static func encode(_ pixels: Pixels) throws(ObverseError) -> [UInt8] {
    guard pixels.channels == 1 || pixels.channels == 3 else {
      throw .request("PPM holds no alpha, the image has \(pixels.channels) channels", hint: nil)
    }
    let kind = pixels.channels == 1 ? "P5" : "P6"
    try Memory.expectRoom(for: pixels.bytes.count)
    return Array("\(kind)\n\(pixels.width) \(pixels.height)\n255\n".utf8) + pixels.bytes
  }
}
