/// The type of one tensor element as a file stores it.
public enum ElementType: String, Sendable, CaseIterable {
  case float64 = "f64"
  case float32 = "f32"
  case float16 = "f16"
  case bfloat16 = "bf16"
  case int64 = "i64"
  case int32 = "i32"
  case int16 = "i16"
  case int8 = "i8"
  case uint8 = "u8"
  case bool = "bool"

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .float16, .bfloat16, .int16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  /// Whether the elements are floating-point numbers.
  public var isFloat: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16: true
    default: false
    }
  }
}

// Float16 and bfloat16 as bit patterns: Swift's own Float16 calls a library function for each
// conversion on x86 processors without F16C.

/// Conversions between `Float` and the 16-bit formats of checkpoints.
public enum Half {
  /// Widens an IEEE binary16 bit pattern.
  ///
  /// Exact, subnormals, infinities and NaN included.
  public static func float(fromFloat16 bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let magnitude = UInt32(bits & 0x7fff)
    if magnitude >= 0x7c00 {  // infinity or NaN
      return Float(bitPattern: sign | 0x7f80_0000 | (magnitude & 0x3ff) << 13)
    }
    // Moving the 15 bits into a Float's place leaves the exponent 112 too small; the product
    // with 2^112 mends it, and normalizes subnormals on the way.
    let scaled = Float(bitPattern: magnitude << 13) * 0x1p112
    return Float(bitPattern: sign | scaled.bitPattern)
  }

  /// Widens a bfloat16 bit pattern, exactly.
  public static func float(fromBFloat16 bits: UInt16) -> Float {
    Float(bitPattern: UInt32(bits) << 16)
  }

  /// Rounds to the nearest binary16, ties to even; beyond 65,504 gives infinity.
  public static func float16(from value: Float) -> UInt16 {
    let bits = value.bitPattern
    let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
    let magnitude = bits & 0x7fff_ffff
    if magnitude > 0x7f80_0000 { return sign | 0x7e00 }  // NaN
    if magnitude >= 0x477f_f000 { return sign | 0x7c00 }  // rounds past 65,504
    if magnitude < 0x3880_0000 {  // below 2^-14: subnormal or zero
      // Adding 0.5 leaves the wanted bits, rounded by the hardware, at the end of the sum.
      let sum = Float(bitPattern: magnitude) + 0.5
      return sign | UInt16(truncatingIfNeeded: sum.bitPattern &- Float(0.5).bitPattern)
    }
    let odd = (magnitude >> 13) & 1
    let rounded = magnitude &+ 0xfff &+ odd &- 0x3800_0000
    return sign | UInt16(truncatingIfNeeded: rounded >> 13)
  }
}
