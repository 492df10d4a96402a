import ImageFile
import Obverse
import Page

/// A few faces of a model, small enough to be part of the page.
struct Pictures {
  /// Seed and PNG.
  let faces: [(seed: UInt32, png: [UInt8])]
  /// What they are truncated by.
  let psi: Float

  private static let count: UInt32 = 6
  /// Longest side, in pixels.
  private static let side = 256

  /// Draws the faces of the first seeds, truncated where the model can be.
  init(path: String) throws(ObverseError) {
    let model = try Model(path: path)
    let generator = try Generator(model)
    Interrupt.stops(generator)
    psi = model.hasWAverage ? 0.7 : 1
    var faces: [(UInt32, [UInt8])] = []
    for seed in 0..<Self.count {
      if Interrupt.isRequested { throw .cancelled }
      let image = try generator.face(
        seed: seed, psi: psi, label: model.classes > 0 ? 0 : nil)
      faces.append((seed, try PNG.encode(Self.small(image))))
    }
    self.faces = faces
  }

  var html: String {
    let figures = faces.map { seed, png in
      Markup.element(
        "figure", [],
        "<img alt=\"face of seed \(seed)\" src=\"data:image/png;base64,\(Markup.base64(png))\">"
          + Markup.element("figcaption", [], "seed \(seed)"))
    }
    return Markup.element("div", [("class", "faces")], figures.joined(separator: "\n"))
  }

  /// The image at most `side` pixels wide, each the mean of a square.
  private static func small(_ image: Image) -> Pixels {
    let step = max(image.width / side, 1)
    let (width, height) = (image.width / step, image.height / step)
    let channels = image.channels
    var bytes: [UInt8] = []
    bytes.reserveCapacity(width * height * channels)
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<channels {
          var sum = 0
          for row in (y * step)..<((y + 1) * step) {
            for column in (x * step)..<((x + 1) * step) {
              sum += Int(image.pixels[(row * image.width + column) * channels + channel])
            }
          }
          bytes.append(UInt8((sum + step * step / 2) / (step * step)))
        }
      }
    }
    return Pixels(width: width, height: height, channels: channels, bytes: bytes)
  }
}
