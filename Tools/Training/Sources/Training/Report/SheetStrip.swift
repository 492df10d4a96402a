import Core
import ImageFile

extension RunFolder {
  /// The first sheet, the last one, and two between.
  var shownSheets: Numbered {
    let last = sheets.count - 1
    guard last >= 4 else { return sheets }
    return [0, last / 3, 2 * last / 3, last].map { sheets[$0] }
  }
}

/// The first rows of a sheet, small enough to be part of a page.
struct SheetStrip {
  /// Faces of some size as JPEG, a fifth of their PNG; tiny ones keep each pixel.
  let file: [UInt8]
  /// Which seeds are shown; nil where the size of a face is unknown.
  let seeds: String?
  /// Whether a viewer should show its pixels as they are.
  let isTiny: Bool
  var mediaType: String { isTiny ? "image/png" : "image/jpeg" }

  private static let rows = 2
  private static let widest = 1024
  private static let mostBytes = 64 << 20

  /// - Parameters:
  ///   - path: A sheet of a run.
  ///   - faceSize: Side of a face; the whole sheet is shown where nil or where it does not fit.
  /// - Throws: What reading and decoding say.
  init(_ path: String, faceSize: Int?) throws(ObverseError) {
    let bytes = try Bytes(mapping: path)
    guard bytes.count <= Self.mostBytes else {
      throw .tooLarge(
        what: "'\(path)'", found: UInt64(bytes.count), limit: UInt64(Self.mostBytes))
    }
    let sheet = try PNG.decode(bytes)
    var height = sheet.height
    var shown: String?
    if let size = faceSize, size > 0, sheet.width % size == 0, sheet.height % size == 0 {
      height = min(height, Self.rows * size)
      shown = "seeds 0 to \(sheet.width / size * (height / size) - 1)"
    }
    seeds = shown
    let step = max((sheet.width + Self.widest - 1) / Self.widest, 1)
    isTiny = sheet.width <= 256
    file = try Sheet.encoded(
      sheet.averaged(by: min(step, height), rows: height), asJPEG: !isTiny)
  }
}
