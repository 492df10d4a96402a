import Core
import ImageFile
import Networks
import Torch

/// A contact sheet of what a generator draws from fixed seeds.
enum Sheet {
  /// The z of seeds `0..<count` by NumPy's rule, as `obverse generate` draws them.
  static func latents(_ count: Int, zDim: Int, on device: Device) -> Tensor {
    var values: [Float] = []
    for seed in 0..<count {
      var random = RandomState(seed: UInt32(seed))
      values += random.normals(zDim)
    }
    return .values(values, [count, zDim], on: device)
  }

  /// Images `[N, 3, S, S]` of -1 to 1 as bytes, `columns` side by side.
  static func pixels(_ images: Tensor, columns: Int) -> Pixels {
    let shape = images.shape
    let (count, size) = (shape[0], shape[2])
    let rows = (count + columns - 1) / columns
    let values = images.floats
    var bytes = [UInt8](repeating: 0, count: rows * columns * size * size * 3)
    for i in 0..<count {
      let (left, top) = (i % columns * size, i / columns * size)
      for c in 0..<3 {
        for y in 0..<size {
          let source = ((i * 3 + c) * size + y) * size
          for x in 0..<size {
            // Truncated, not rounded, as NVlabs' code and ours do; a NaN is drawn black.
            let value = values[source + x] * 127.5 + 128
            let byte = value > 0 ? UInt8(min(value, 255)) : 0
            bytes[((top + y) * columns * size + left + x) * 3 + c] = byte
          }
        }
      }
    }
    return Pixels(width: columns * size, height: rows * size, channels: 3, bytes: bytes)
  }

  /// Draws and writes a sheet of 16 to 64 images.
  static func write(_ generator: Generator, to path: String) throws(ObverseError) {
    let columns = generator.shape.resolution >= 256 ? 4 : 8
    let device = generator.registry.device
    let z = latents(columns * columns, zDim: generator.shape.zDim, on: device)
    // In rows, so that a sheet needs no more memory than a step.
    let rows = (0..<columns).map { row in
      Torch.withoutGradients {
        generator(z.slice(axis: 0, row * columns..<(row + 1) * columns))
      }
    }
    try write(pixels(.concatenated(rows, axis: 0), columns: columns), to: path)
  }

  /// JPEG's quality, of sheets that go into a repository.
  private static let quality = 90

  /// Pictures that no camera took, as a file says.
  static func encoded(_ pixels: Pixels, asJPEG isJPEG: Bool) throws(ObverseError) -> [UInt8] {
    isJPEG
      ? try JPEG.encode(pixels, quality: quality, xmp: XMP.synthetic)
      : try PNG.encode(pixels, xmp: XMP.synthetic)
  }

  /// Writes pictures: JPEG where the name ends so, else PNG.
  static func write(_ pixels: Pixels, to path: String) throws(ObverseError) {
    let name = path.lowercased()
    let isJPEG = name.hasSuffix(".jpg") || name.hasSuffix(".jpeg")
    let file = try encoded(pixels, asJPEG: isJPEG)
    try AtomicFile.write(file.span.bytes, to: path)
  }

  /// Planes of bytes, `[3, size, size]` each, `columns` side by side.
  static func pixels(_ planes: [[UInt8]], size: Int, columns: Int) -> Pixels {
    let rows = (planes.count + columns - 1) / columns
    var bytes = [UInt8](repeating: 0, count: rows * columns * size * size * 3)
    for (i, picture) in planes.enumerated() {
      let (left, top) = (i % columns * size, i / columns * size)
      for (at, value) in picture.enumerated() {
        let (c, y, x) = (at / (size * size), at / size % size, at % size)
        bytes[((top + y) * columns * size + left + x) * 3 + c] = value
      }
    }
    return Pixels(width: columns * size, height: rows * size, channels: 3, bytes: bytes)
  }
}
