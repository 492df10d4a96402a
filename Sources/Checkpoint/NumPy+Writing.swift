import Core

// Equal arrays give equal files: no time stamps, no padding but zeros and spaces.

extension NumPy {
  /// The bytes before the elements of a row-major array.
  ///
  /// Padded to a multiple of 64 bytes as NumPy pads it, so that a mapped array is aligned.
  /// `bfloat16` must not be asked for: NumPy has no word for it.
  public static func npyHeader(shape: [Int], type: ElementType = .float32) -> [UInt8] {
    let descr =
      switch type {
      case .float64: "<f8"
      case .float32: "<f4"
      case .float16: "<f2"
      case .int64: "<i8"
      case .int32: "<i4"
      case .int16: "<i2"
      case .int8: "|i1"
      case .uint8: "|u1"
      case .bool: "|b1"
      case .bfloat16: preconditionFailure("NumPy has no bfloat16")
      }
    // A tuple of one element keeps its comma.
    let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var text = Array(
      "{'descr': '\(descr)', 'fortran_order': False, 'shape': (\(sizes)), }".utf8)
    while (10 + text.count + 1) % 64 != 0 { text.append(UInt8(ascii: " ")) }
    text.append(UInt8(ascii: "\n"))
    precondition(text.count <= 0xffff)
    return [0x93] + Array("NUMPY".utf8)
      + [1, 0, UInt8(text.count & 0xff), UInt8(text.count >> 8)] + text
  }

  /// A whole `.npy` file of row-major `floats`.
  public static func npy(shape: [Int], floats: [Float]) -> [UInt8] {
    precondition(floats.count == shape.reduce(1, *))
    var file = npyHeader(shape: shape)
    file.reserveCapacity(file.count + 4 * floats.count)
    for value in floats {
      let bits = value.bitPattern
      file.append(UInt8(truncatingIfNeeded: bits))
      file.append(UInt8(truncatingIfNeeded: bits >> 8))
      file.append(UInt8(truncatingIfNeeded: bits >> 16))
      file.append(UInt8(truncatingIfNeeded: bits >> 24))
    }
    return file
  }

  /// A whole `.npz` file, as `numpy.savez` would write it: stored, not deflated.
  public static func npz(_ arrays: [(name: String, shape: [Int], floats: [Float])]) -> [UInt8] {
    ZipWriter.stored(
      arrays.map { ("\($0.name).npy", npy(shape: $0.shape, floats: $0.floats)) })
  }
}
