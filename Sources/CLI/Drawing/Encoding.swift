import Checkpoint
import ImageFile
import Obverse

/// An image as the engine leaves it: bytes, or planes of floats, in memory that is used again.
struct DrawnImage: Sendable {
  private let isFloat: Bool
  /// Channels interleaved, rows from the top; empty where planes are drawn.
  private(set) var bytes: [UInt8] = []
  /// A plane for each channel, of -1 to 1; empty where bytes are drawn.
  private(set) var planes: [Float] = []

  /// - Throws: `resources`.
  init(_ model: Model, isFloat: Bool) throws(ObverseError) {
    self.isFloat = isFloat
    let samples = model.resolution * model.resolution * model.imageChannels
    try Memory.expectRoom(for: samples * (isFloat ? 4 : 1))
    if isFloat {
      planes = Array(repeating: 0, count: samples)
    } else {
      bytes = Array(repeating: 0, count: samples)
    }
  }

  /// Whether all bytes are equal, or no number is finite.
  var isBlank: Bool {
    isFloat ? !planes.contains(where: \.isFinite) : bytes.allSatisfy { $0 == bytes[0] }
  }

  mutating func draw(
    _ ws: [Float], _ noise: NoiseMode, _ generator: Generator
  ) throws(ObverseError) {
    if isFloat {
      try generator.synthesize(ws: ws, noise: noise, into: &planes)
    } else {
      try generator.synthesize(ws: ws, noise: noise, into: &bytes)
    }
  }

  /// The planes as they lie in files, behind what stands in front of them.
  fileprivate func littleEndian(behind header: [UInt8] = []) throws(ObverseError) -> [UInt8] {
    try Memory.expectRoom(for: header.count + 4 * planes.count)
    var file = header
    file.reserveCapacity(header.count + 4 * planes.count)
    unsafe planes.withUnsafeBytes { unsafe file.append(contentsOf: $0) }
    return file
  }
}

/// From drawn images to the bytes of files.
struct Encoding: Sendable {
  let format: ImageFormat
  let quality: Int
  let hasMetadata: Bool
  let side: Int
  let channels: Int

  init(_ output: ImageOutput, _ model: Model) throws(ObverseError) {
    format = output.format
    quality = output.quality
    hasMetadata = output.hasMetadata
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
    _ image: DrawnImage, chunks: [(key: String, value: String)]
  ) throws(ObverseError) -> [UInt8] {
    format.isFloat
      ? try image.littleEndian(behind: header(count: 1))
      : try file(
        Pixels(width: side, height: side, channels: channels, bytes: image.bytes), chunks: chunks)
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
  func piece(_ image: DrawnImage) throws(ObverseError) -> [UInt8] {
    format.isFloat ? try image.littleEndian() : try file(image, chunks: [])
  }
}
