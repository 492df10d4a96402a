import Checkpoint
import ImageFile
import Obverse

/// An image as the engine leaves it: bytes, or planes of floats.
enum Drawing: Sendable {
  case bytes([UInt8])
  case planes([Float])
}

/// From drawings to the bytes of files.
struct Encoding: Sendable {
  let format: ImageFormat
  let quality: Int
  let hasMetadata: Bool
  let side: Int
  let channels: Int

  init(_ target: Target, _ model: Model) throws(ObverseError) {
    format = target.format
    quality = target.quality
    hasMetadata = target.hasMetadata
    side = model.resolution
    channels = model.imageChannels
    if format == .jpeg || format == .ppm, channels == 2 || channels == 4 {
      throw .request(
        "\(format.rawValue) holds no alpha, and this model draws \(channels) channels",
        hint: "--format png")
    }
  }

  /// The file of a single image.
  func file(
    _ drawing: Drawing, chunks: [(key: String, value: String)]
  ) throws(ObverseError) -> [UInt8] {
    switch drawing {
    case .bytes(let bytes):
      try file(
        Pixels(width: side, height: side, channels: channels, bytes: bytes), chunks: chunks)
    case .planes(let planes):
      (format == .npy ? header(count: 1) : []) + Self.littleEndian(planes)
    }
  }

  /// The file of pixels, single image or sheet.
  func file(
    _ pixels: Pixels, chunks: [(key: String, value: String)]
  ) throws(ObverseError) -> [UInt8] {
    let xmp = hasMetadata ? XMP.synthetic : nil
    return switch format {
    case .png: try PNG.encode(pixels, text: hasMetadata ? chunks : [], xmp: xmp)
    case .jpeg: try JPEG.encode(pixels, quality: quality, xmp: xmp)
    case .ppm: try PPM.encode(pixels)
    case .rgb, .f32, .npy: pixels.bytes
    }
  }

  /// What stands in front of `count` images in one file.
  func header(count: Int) -> [UInt8] {
    format == .npy ? NumPy.npyHeader(shape: [count, channels, side, side]) : []
  }

  /// One image among several in one file.
  func piece(_ drawing: Drawing) throws(ObverseError) -> [UInt8] {
    switch drawing {
    case .bytes: try file(drawing, chunks: [])
    case .planes(let planes): Self.littleEndian(planes)
    }
  }

  private static func littleEndian(_ floats: [Float]) -> [UInt8] {
    unsafe floats.withUnsafeBytes { unsafe Array($0) }
  }
}
