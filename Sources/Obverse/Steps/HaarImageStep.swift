import Kernels

/// MobileStyleGAN's last layer: bands of the image, and their inverse Haar transform.
final class HaarImageStep: Step {
  private let kernel: FastToHaarImage
  private let map: Int
  private let style: Int
  private let image: Int
  private let bytes: ByteRows
  let parts: [StepPart]
  /// Rows of the map; the image has twice as many.
  let rows: Int

  init(
    _ kernel: FastToHaarImage, map: Int, style: Int, image: Int, name: String, rows: Int,
    bytes: ByteRows
  ) {
    self.kernel = kernel
    self.map = map
    self.style = style
    self.image = image
    parts = [StepPart(layer: name, role: .toImage(addsPrevious: false))]
    self.rows = rows
    self.bytes = bytes
  }

  var access: Access { kernel.access(map: map, style: style, image: image) }

  func run(_ face: Face, rows: Range<Int>, scratch: Int) {
    kernel.run(face.arena, map: map, style: style, image: image, rows: rows, scratch: scratch)
    bytes.write(
      face, image: image, plane: bytes.size * bytes.size,
      rows: (2 * rows.lowerBound)..<(2 * rows.upperBound))
  }
}
