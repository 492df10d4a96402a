/// The upper half of a float: its range, and 8 bits of its precision.
package enum BFloat16 {
  /// The bits of the nearest one, of two the even one; a NaN stays a NaN.
  package static func bits(of value: Float) -> UInt16 {
    let bits = value.bitPattern
    guard !value.isNaN else { return UInt16(bits >> 16) | 0x40 }
    return UInt16((bits + 0x7fff + (bits >> 16 & 1)) >> 16)
  }

  /// `value` rounded to the nearest one.
  package static func rounded(_ value: Float) -> Float {
    Float(bitPattern: UInt32(bits(of: value)) << 16)
  }
}
