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
    return Weights(type: .int8, shape: shape, bytes: bytes, scales: scales)
  }

  /// The elements of an `int8` tensor as Float.
  var dequantized: [Float] {
    let width = count / max(scales.count, 1)
    return unsafe bytes.withUnsafeBytes { source in
      (0..<count).map { i in
        unsafe Float(source.loadUnaligned(fromByteOffset: i, as: Int8.self)) * scales[i / width]
      }
    }
  }

  /// Checks the scales of a tensor whose shape and type are right.
  func checkScales(_ name: String) throws(ObverseError) {
    let wanted = type == .int8 ? shape[0] : 0
    guard scales.count == wanted else {
      throw .malformed(
        what: "tensor \(name)",
        why: "it has \(scales.count) scales, \(shape.brackets) of \(type.rawValue) takes \(wanted)")
    }
    if let bad = scales.first(where: { !($0 > 0 && $0.isFinite) }) {
      throw .malformed(
        what: "tensor \(name)", why: "its scale \(bad) is not a finite number above 0")
    }
  }
}
