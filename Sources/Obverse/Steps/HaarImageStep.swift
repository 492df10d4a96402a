import Kernels

/// MobileStyleGAN's last layer: bands of the image, their inverse Haar transform, and bytes.
struct HaarImagePart: Sendable {
  let kernel: FastToHaarImage
  /// Side of the map; the image has twice that.
  let size: Int
  let modulated: Int
  let image: Int
  let bytes: ByteRows

  var part: StepPart { StepPart(layer: "toimage", role: .toImage(addsPrevious: false)) }

  /// What rows of the map touch, apart from the map.
  func access(rows: Range<Int>) -> Access {
    var access = kernel.access(modulated: modulated, image: image, rows: rows)
    access.scratch += lines
    return access
  }

  /// Floats of two lines of the image, to become bytes.
  private var lines: Int { 4 * size * kernel.imageChannels }

  /// Does row `y` of the map, which lies at `source`.
  ///
  /// Where bytes are asked for, the image itself is never whole: two lines at a time become bytes.
  func run(_ face: Face, source: Int, y: Int, scratch: Int) {
    let side = 2 * size
    var (target, plane) = (image, side * side)
    let writesBytes = unsafe face.bytes != nil
    if writesBytes {
      plane = 2 * side
      target = scratch + kernel.scratchCount - y * plane
    }
    kernel.run(
      face.arena, source: source, y: y, modulated: modulated, image: target, plane: plane,
      scratch: scratch)
    if writesBytes {
      bytes.write(face, image: target, plane: plane, rows: (2 * y)..<(2 * y + 2))
    }
  }
}

/// The image of a whole map.
final class HaarImageStep: Step {
  private let image: HaarImagePart
  private let map: Int

  init(_ image: HaarImagePart, map: Int) {
    self.image = image
    self.map = map
  }

  var parts: [StepPart] { [image.part] }
  /// Rows of the map.
  var rows: Int { image.size }

  func access(rows: Range<Int>) -> Access {
    var access = Access("")
    access.read(map, image.size * image.kernel.mapRow)
    access.add(image.access(rows: rows))
    return access
  }

  func run(_ face: Face, rows: Range<Int>, scratch: Int) {
    for y in rows {
      image.run(face, source: map + y * image.kernel.mapRow, y: y, scratch: scratch)
    }
  }
}
