// Weights as signed bytes: a factor for each output channel, nothing else.

import Core

extension Weights {
  /// The largest magnitude of a stored byte; -128 is never written, so that the range is symmetric.
  private static let steps: Float = 127

  /// The same numbers as bytes: `scale = max|w| / 127` over each index of the first axis, each
  /// number rounded to the nearest multiple.
  ///
  /// - Parameter name: For the error.
  /// - Returns: An `int8` tensor with its scales.
  /// - Throws: `unsupported` for a number that is not finite.
  func quantized(name: String) throws(ObverseError) -> Weights {
    guard type != .int8 else { return self }
    try expectRoomForFloats()
    let values = floats
    let rows = shape[0]
    let width = values.count / rows
    var scales: [Float] = []
    let bytes = try unsafe Bytes(count: values.count) { (target) throws(ObverseError) in
      for row in 0..<rows {
        let range = row * width..<(row + 1) * width
        var largest: Float = 0
        for i in range { largest = max(largest, values[i].magnitude) }
        if let bad = values[range].first(where: { !$0.isFinite }) {
          throw .unsupported(
            what: "tensor \(name)", why: "its value \(bad) is beyond i8",
            hint: "keep this model in f32")
        }
        // A row of zeros takes any scale; one whose scale would vanish is one.
        let scale = largest / Self.steps
        scales.append(scale.isNormal ? scale : 1)
        for i in range {
          let step = Int8((values[i] / scales[row]).rounded())
          unsafe target.storeBytes(of: step, toByteOffset: i, as: Int8.self)
        }
      }
    }
    return Weights(
      type: .int8, shape: shape, bytes: bytes,
      scaleBytes: Bytes(scales.flatMap { littleEndian($0.bitPattern) }))
  }

  /// Scales that there are.
  package var scaleCount: Int { (scaleBytes?.count ?? 0) / MemoryLayout<Float>.size }

  /// What multiplies the bytes of index `row` of the first axis.
  package func scale(_ row: Int) -> Float {
    guard let bits = scaleBytes?.load(UInt32.self, at: 4 * row) else {
      preconditionFailure("\(row) is not in \(scaleCount)")
    }
    return Float(bitPattern: bits)
  }

  /// Checks the scales of a tensor whose shape and type are right.
  func checkScales(_ name: String) throws(ObverseError) {
    let wanted = type == .int8 ? shape[0] : 0
    guard scaleCount == wanted else {
      throw .malformed(
        what: "tensor \(name)",
        why: "it has \(scaleCount) scales, \(shape.brackets) of \(type.rawValue) takes \(wanted)")
    }
    for row in 0..<wanted where !(scale(row) > 0 && scale(row).isFinite) {
      throw .malformed(
        what: "tensor \(name)", why: "its scale \(scale(row)) is not a finite number above 0")
    }
  }
}
