import CObverse
import Obverse

/// Where a caller wants the pixels, and in which format.
@safe
struct PixelTarget: @unchecked Sendable {
  private var pixels: UnsafeMutableRawPointer
  private let stride: Int
  private let format: Int
  private let width: Int
  private let pixelBytes: Int
  /// Channels of the network's image.
  private let channels: Int

  init(
    _ model: Model, _ pixels: UnsafeMutableRawPointer?, _ stride: Int, _ format: UInt32
  ) throws(Failure) {
    guard let pixels = unsafe pixels else { throw .argument("pixels is NULL") }
    unsafe self.pixels = unsafe pixels
    self.stride = stride
    self.format = Int(format)
    width = model.resolution
    channels = model.imageChannels
    let size: Int
    switch self.format {
    case OBV_RGB8: size = 3
    case OBV_RGBA8, OBV_BGRA8: size = 4
    case OBV_RGBF32: size = 12
    default: throw .argument("format \(format) is none of OBV_RGB8 to OBV_RGBF32")
    }
    pixelBytes = size
    guard stride >= width * size else {
      // A size_t above Int's range arrives as a negative number.
      throw stride < 0
        ? .argument("stride is more than memory can hold")
        : .argument("stride is \(stride), less than the \(width * size) bytes of a row")
    }
    if self.format == OBV_RGBF32 {
      guard stride % 4 == 0, UInt(bitPattern: pixels) % 4 == 0 else {
        throw .argument("pixels and stride must be multiples of 4 for OBV_RGBF32")
      }
    }
  }

  /// Whether the network's own bytes are what the caller wants.
  private var isDirect: Bool {
    format == OBV_RGB8 && channels == 3 && stride == 3 * width
  }

  /// Bytes from the first pixel to the end of the last.
  var byteCount: Int { (width - 1) * stride + width * pixelBytes }

  /// The same for a picture that lies so many bytes further on.
  func moved(by bytes: Int) -> PixelTarget {
    var moved = self
    unsafe moved.pixels = unsafe pixels + bytes
    return moved
  }

  /// Whether an image in the network's own channels is needed in between.
  var needsImage: Bool { !isDirect && format != OBV_RGBF32 }

  /// Where to draw bytes to; nil for floats.
  ///
  /// `image` has room where one is needed.
  @unsafe
  func bytes(_ image: UnsafeMutablePointer<UInt8>?) -> UnsafeMutablePointer<UInt8>? {
    if format == OBV_RGBF32 { return nil }
    return unsafe isDirect ? pixels.assumingMemoryBound(to: UInt8.self) : image
  }

  /// Brings what `generator` drew, or `image`, into the caller's format.
  @unsafe
  func finish(_ generator: Generator, _ image: UnsafeMutablePointer<UInt8>?) {
    guard !isDirect else { return }
    if let image = unsafe image, format != OBV_RGBF32 { return unsafe copyBytes(image) }
    generator.withPlanes { planes in
      let plane = width * width
      for y in 0..<width {
        let row = unsafe (pixels + y * stride).assumingMemoryBound(to: Float.self)
        for x in 0..<width {
          for c in 0..<3 {
            unsafe row[3 * x + c] = planes[(channels < 3 ? 0 : c) * plane + y * width + x]
          }
        }
      }
    }
  }

  @unsafe
  private func copyBytes(_ image: UnsafeMutablePointer<UInt8>) {
    var source = unsafe UnsafePointer(image)
    let size = format == OBV_RGB8 ? 3 : 4
    let (red, blue) = format == OBV_BGRA8 ? (2, 0) : (0, 2)
    // Grey is all three colours; an alpha comes last.
    let (green, third) = channels < 3 ? (0, 0) : (1, 2)
    for y in 0..<width {
      var target = unsafe (pixels + y * stride).assumingMemoryBound(to: UInt8.self)
      for _ in 0..<width {
        unsafe target[red] = source[0]
        unsafe target[1] = source[green]
        unsafe target[blue] = source[third]
        if size == 4 { unsafe target[3] = channels % 2 == 0 ? source[channels - 1] : 255 }
        unsafe source += channels
        unsafe target += size
      }
    }
  }
}
