import Core
import Networks
import Torch

extension Fidelity {
  /// Pictures of a strip.
  private static let stripLength = 8

  /// Draws the w behind pictures, and compares what comes with them.
  ///
  /// - Parameters:
  ///   - painter: The generator.
  ///   - data: Pictures with their w, of the generator's size.
  ///   - count: The most pictures to compare, from the first on.
  ///   - recognizer: Also says whether faces are the same person.
  ///   - strip: A picture to write, of the first eight: above those of the data, below the drawn ones.
  ///   - mark: What the generator says about what it was trained to please.
  ///   - progress: Receives what is being done, and pictures done of pictures to do.
  /// - Returns: L1, PSNR and sharpness, then what the recogniser says.
  /// - Throws: `request` where pictures have no w or do not fit; what reading says.
  static func measure(
    _ painter: Painter, data: ImageData, count: Int, recognizer: Recognizer?,
    strip: String? = nil, mark: (String) -> Measure.Mark,
    progress: (String, Int, Int) -> Void = { _, _, _ in }
  ) throws(ObverseError) -> [Measure] {
    let total = min(count, data.count)
    if let wDim = data.wDim, wDim != painter.wDim {
      throw .request(
        "the generator takes w of \(painter.wDim) numbers, and the pictures have w of \(wDim)",
        hint: nil)
    }
    let scratch = try recognizer.map { _ throws(ObverseError) in try ScratchFolder() }
    let files = ["source", "drawn"].map { name in
      (pictures: "\(scratch?.path ?? "")/\(name).u8", numbers: "\(scratch?.path ?? "")/\(name).npy")
    }
    var sums = Sums()
    var (theirs, mine): ([UInt8], [UInt8]) = ([], [])
    var (above, below): ([[UInt8]], [[UInt8]]) = ([], [])
    for i in 0..<total {
      guard let w = data.latent(i) else {
        throw .request(
          "these pictures come without w: nothing says which face is whose",
          hint: "obverse-train help pictures")
      }
      let (source, drawn) = (try data.bytes([i], mirrored: [false]), try painter.draw(w))
      sums.add(source[...], drawn[...], size: data.size)
      if strip != nil, i < stripLength {
        above.append(source)
        below.append(drawn)
      }
      if scratch != nil {
        theirs += source
        mine += drawn
      }
      progress("the same w", i + 1, total)
    }
    if let strip {
      try Sheet.write(
        Sheet.pixels(above + below, size: data.size, columns: above.count), to: strip)
    }
    func measure(_ name: String, _ value: Double, _ mark: Measure.Mark) -> Measure {
      Measure(
        measure: name, network: "pixels", preparation: "the same w, in bytes", real: total,
        drawn: total, value: value, mark: mark)
    }
    let measures = [
      measure("L1 of 2", sums.meanDistance, mark("pixels")),
      measure("PSNR in dB", sums.meanRatio, mark("pixels")),
      // A loss on pixels makes it less, not more.
      measure("sharpness ratio", sums.sharpness, .unseen),
    ]
    guard let recognizer else { return measures }
    try AtomicFile.write(theirs.span.bytes, to: files[0].pictures)
    try AtomicFile.write(mine.span.bytes, to: files[1].pictures)
    progress("the recogniser", 0, 2 * total)
    let described = try recognizer.describe(files, size: data.size)
    return measures + identity(described[0], described[1])
  }

  private static func identity(_ source: [[Float]?], _ drawn: [[Float]?]) -> [Measure] {
    let numbers = Identity.compare(source, drawn)
    let (theirs, mine) = (source.compactMap(\.self), drawn.compactMap(\.self))
    func measure(_ name: String, _ value: Double, _ real: Int, _ drawn: Int) -> Measure {
      Measure(
        measure: name, network: Recognizer.network, networkFile: Recognizer.fileHash,
        preparation: Recognizer.preparation, real: real, drawn: drawn, value: value, mark: .unseen)
    }
    var measures = [measure("face found", numbers.found, source.count, drawn.count)]
    guard numbers.pairs > 0 else { return measures }
    measures.append(measure("identity distance", numbers.distance, numbers.pairs, numbers.pairs))
    measures.append(measure("own source nearest", numbers.own, theirs.count, numbers.pairs))
    guard min(theirs.count, mine.count) > 1 else { return measures }
    func tensor(_ rows: [[Float]]) -> Tensor {
      .values(rows.flatMap(\.self), [rows.count, Recognizer.width])
    }
    measures.append(
      measure(
        "frechet", FeatureDistance.frechet(tensor(theirs), tensor(mine)), theirs.count, mine.count))
    return measures
  }
}
