import Obverse

/// A face on its way from a worker to where it belongs.
struct MadeFace: Sendable {
  /// What it was drawn from, `[wsCount * wDim]`.
  let ws: [Float]
  /// The pixels, a piece of a file or the whole of one, as the maker was asked.
  let bytes: [UInt8]
  let isBlank: Bool
  /// Nanoseconds that drawing and encoding took.
  let generate: UInt64
  let encode: UInt64
}

/// Draws and encodes faces, on whatever thread it is called.
struct FaceMaker: Sendable {
  /// What a face becomes.
  enum Shape: Sendable {
    /// Bytes of the image, for a sheet.
    case pixels
    /// One image among several in a file.
    case piece
    /// A file of its own.
    case file
  }

  private let look: Look
  private let encoding: Encoding
  private let model: Model
  private let shape: Shape

  init(_ look: Look, _ encoding: Encoding, _ model: Model, _ shape: Shape) {
    self.look = look
    self.encoding = encoding
    self.model = model
    self.shape = shape
  }

  /// Bytes of a face at most, or nearly.
  var bytes: Int {
    encoding.side * encoding.side * encoding.channels * (encoding.format.isFloat ? 4 : 1)
  }

  /// Makes some subjects, whose latents are mapped together, and gives them on in turn.
  func make(
    _ subjects: ArraySlice<Subject>, _ generator: Generator,
    _ made: (Int, MadeFace) throws(ObverseError) -> Void
  ) throws(ObverseError) {
    var start = Clock.now
    var image = try DrawnImage(model, isFloat: encoding.format.isFloat)
    let keys = try look.keys(subjects, generator)
    for (number, key) in zip(subjects.indices, keys) {
      if Interrupt.isRequested { throw .cancelled }
      let subject = subjects[number]
      let ws = try look.ws(key, of: subject, generator)
      try image.draw(ws, look.noiseMode(subject), generator)
      let ready = Clock.now
      let bytes: [UInt8]
      switch shape {
      case .pixels: bytes = image.bytes
      case .piece: bytes = try encoding.piece(image)
      case .file:
        bytes = try encoding.file(image, chunks: ImageRecord.chunks(model, subject, look))
      }
      let end = Clock.now
      try made(
        number,
        MadeFace(
          ws: ws, bytes: bytes, isBlank: image.isBlank, generate: ready - start,
          encode: end - ready))
      start = Clock.now
    }
  }
}
