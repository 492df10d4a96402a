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
      let pixels = Pixels(
        width: image.width, height: image.height, channels: image.channels, bytes: image.pixels)
      let small = pixels.averaged(by: max(image.width / Self.side, 1))
      faces.append((seed, try PNG.encode(small)))
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
}
