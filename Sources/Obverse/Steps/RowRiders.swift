import Kernels

/// What is done to rows of a block's last map while they are in cache: a resnet block's skip is added,
/// and toRGB makes rows of the image.
struct RowRiders: Sendable {
  /// A skip that lies in the arena at half the size.
  struct Residual: Sendable {
    let skip: FastSkip
    let place: Int
  }

  /// toRGB, and what it adds to.
  struct ImagePart: Sendable {
    let layer: String
    let toRGB: any ImageLayer
    /// Side of the image.
    let size: Int
    let modulated: Int
    /// The image of half the size, or nil.
    let previous: Int?
    let image: Int
    /// Turns rows of the last image into bytes; nil for the images before.
    let bytes: ByteRows?
  }

  var residual: Residual?
  var image: ImagePart?

  /// The layers, to follow the convolution that they ride on.
  var parts: [StepPart] {
    image.map {
      [StepPart(layer: $0.layer, role: .toImage(addsPrevious: $0.previous != nil))]
    } ?? []
  }

  /// Does rows of the map that begins at `map`, or would if it were whole.
  func run(_ face: Face, map: Int, rows: Range<Int>, scratch: Int) {
    if let residual {
      residual.skip.add(face.arena, skip: residual.place, to: map, rows: rows)
    }
    image?.run(face, map: map, rows: rows, scratch: scratch)
  }

  /// Adds what the riders touch to the access of a convolution with rows of `outputRow` floats.
  func claim(_ access: inout Access, outputRow: Int) {
    if let residual {
      access.read(residual.place, residual.skip.count)
      access.join("output rows", has: outputRow, needs: residual.skip.addedRow)
    }
    if let image {
      access.join("output rows", has: outputRow, needs: image.toRGB.mapRow)
      access.add(image.access)
    }
  }
}

extension RowRiders.ImagePart {
  /// What toRGB adds to the image, and the bytes of the last one.
  ///
  /// Where bytes are asked for, the last image itself is never whole: a row at a time becomes bytes.
  func run(_ face: Face, map: Int, rows: Range<Int>, scratch: Int) {
    guard let bytes, unsafe face.bytes != nil else {
      toRGB.run(
        face.arena, map: map, modulated: modulated, previous: previous, image: image,
        plane: size * size, rows: rows, scratch: scratch)
      return
    }
    let line = scratch + toRGB.scratchCount
    for y in rows {
      toRGB.run(
        face.arena, map: map, modulated: modulated, previous: previous, image: line - y * size,
        plane: size, rows: y..<(y + 1), scratch: scratch)
      bytes.write(face, image: line - y * size, plane: size, rows: y..<(y + 1))
    }
  }

  fileprivate var access: Access {
    var access = toRGB.access(size: size, modulated: modulated, previous: previous, image: image)
    // A line of the last image, to become bytes.
    if bytes != nil { access.scratch += size * toRGB.imageChannels }
    return access
  }
}

/// Turns rows of the finished image into bytes.
struct ByteRows: Sendable {
  let fast: Fast
  let channels: Int
  /// Side of the image.
  let size: Int

  /// Writes rows of the image that begins at `image`, channels `plane` floats apart, where bytes are
  /// asked for.
  func write(_ face: Face, image: Int, plane: Int, rows: Range<Int>) {
    guard let bytes = unsafe face.bytes else { return }
    unsafe fast.kernels.byteRows(
      face.arena.base + image, plane: plane, channels: channels, size: size,
      first: rows.lowerBound, last: rows.upperBound, into: bytes)
  }
}
